// What shows that the bench can see, and that it sees nothing where nothing is: a comparison that leaves at the first
// difference, and one that does not, with secrets of one kind in both classes.
import { randomSecret, SECRET_BYTES, sink, type TimedPath } from './path.js';

const BATCH = 16;

const leavesEarly = (secret: Uint8Array, guess: Uint8Array): boolean => {
  for (let i = 0; i < SECRET_BYTES; i++) if (secret[i] !== guess[i]) return false;
  return true;
};

const looksAtAll = (secret: Uint8Array, guess: Uint8Array): boolean => {
  let different = 0;
  for (let i = 0; i < SECRET_BYTES; i++) different |= secret[i]! ^ guess[i]!;
  return different === 0;
};

const comparison = (
  { name, title, role }: Pick<TimedPath, 'name' | 'title' | 'role'>,
  isEqual: (secret: Uint8Array, guess: Uint8Array) => boolean,
  classes: TimedPath['experiments'][number]['classes'],
  experiment: string,
  guess: Uint8Array,
): TimedPath => {
  const secret = new Uint8Array(SECRET_BYTES);
  return {
    name,
    title,
    role,
    experiments: [{ name: experiment, classes }],
    batch: BATCH,
    prepare: (bytes) => secret.set(bytes),
    run() {
      for (let i = 0; i < BATCH; i++) if (isEqual(secret, guess)) sink.count++;
    },
  };
};

export const controls = (): TimedPath[] => {
  const guess = randomSecret();
  return [
    comparison(
      { name: 'control', title: 'comparison that leaves at the first difference', role: 'control' },
      leavesEarly,
      [() => Uint8Array.from(guess), randomSecret],
      'right guess, wrong guess',
      guess,
    ),
    comparison(
      { name: 'null', title: 'comparison of every byte, classes alike', role: 'null' },
      looksAtAll,
      [randomSecret, randomSecret],
      'random, random',
      guess,
    ),
  ];
};
