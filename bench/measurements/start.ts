// From the start of a process to its first signature.
import { createPublicKey, verify } from 'node:crypto';
import { wrongSignature } from '../check.js';
import { runChild } from '../contestants/child.js';
import type { Context } from '../context.js';
import { type Contestant, type Measurement, median, of, type Row, ratios, type Samples, spreadOf } from '../measure.js';

/** A run is one process at least. */
const PACE = 0.3;
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex'); // RFC 8410 §4

const check = (name: string, line: string): void => {
  const [publicKey = '', signature = ''] = line.split(' ');
  const key = Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, 'hex')]);
  const object = createPublicKey({ key, format: 'der', type: 'spki' });
  if (!verify(null, Buffer.from('first'), object, Buffer.from(signature, 'hex'))) {
    throw wrongSignature(name, 'its own');
  }
};

export const start = ({ options }: Context): Measurement => {
  const started = (name: string, script: string, args: readonly string[], signs: boolean): Contestant => ({
    name,
    async run(seconds) {
      const begun = performance.now();
      const taken: number[] = [];
      do {
        const { line, milliseconds } = await runChild(script, args);
        if (signs) check(name, line);
        taken.push(milliseconds);
      } while (performance.now() - begun < seconds * 1000);
      return median(taken);
    },
  });
  const empty = started('node alone', 'start-empty.js', [], false);
  const noble = started('noble, no vault', 'start-noble.js', [], true);
  const vault = started('vault of one key', 'start-strongroom.js', [String(options.threads)], true);

  return {
    name: 'start',
    group: 'cost',
    title: 'From the start of a process to its first ed25519 signature: ms',
    unit: 'ms',
    better: 'less',
    pace: PACE,
    contestants: [empty, noble, vault],
    rows(samples: Samples): Row[] {
      const base = of(samples, empty.name);
      const row = ({ name }: Contestant, role: 'baseline' | 'peer' | 'strongroom'): Row => {
        const values = of(samples, name);
        return { label: name, role, sample: name, value: spreadOf(values), ratio: spreadOf(ratios(values, base)) };
      };
      return [row(empty, 'baseline'), row(noble, 'peer'), row(vault, 'strongroom')];
    },
  };
};
