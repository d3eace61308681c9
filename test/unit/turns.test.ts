// Turns: the calls of ports that the vault thread answers by itself, one port after another, with the event loop between.
import { setImmediate as turn } from 'node:timers/promises';
import type { Session } from '../../dist/workers/vault/sessions.js';
import { createTurns } from '../../dist/workers/vault/turns.js';
import { assert, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { sessionOf } from './rig.js';

const test = suite('turns');
const random = seededRandom('unit/turns');
const MAX_WAITING = 4096;
const sessions = (count: number): Session[] => Array.from({ length: count }, (_, i) => sessionOf({ number: i + 1 }));

/** Work that holds the thread. */
const burn = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test('a call has its turn, and not before the event loop had one', async () => {
  const turns = createTurns();
  const [only] = sessions(1) as [Session];
  let done = false;
  const taken = turns.take(only).then(() => {
    done = true;
  });
  await Promise.resolve();
  assert.is(done, false);
  await taken;
  await turns.take(only);
});

test('the calls of one port keep their order', async () => {
  const turns = createTurns();
  const [only] = sessions(1) as [Session];
  const order: number[] = [];
  await Promise.all(Array.from({ length: 1000 }, (_, i) => turns.take(only).then(() => void order.push(i))));
  assert.equal(
    order,
    Array.from({ length: 1000 }, (_, i) => i),
  );
});

test('ports are served one after another, whoever asked most', async () => {
  const turns = createTurns();
  const [loud, quiet, third] = sessions(3) as [Session, Session, Session];
  const order: string[] = [];
  const ask = (name: string, session: Session, count: number): Promise<void>[] =>
    Array.from({ length: count }, () => turns.take(session).then(() => void order.push(name)));
  await Promise.all([...ask('loud', loud, 500), ...ask('quiet', quiet, 3), ...ask('third', third, 2)]);
  assert.equal(order.slice(0, 8), ['loud', 'quiet', 'third', 'loud', 'quiet', 'third', 'loud', 'quiet']);
  assert.equal([order.length, new Set(order.slice(8))], [505, new Set(['loud'])]);
});

test('whatever ports ask and whenever, nobody waits for more than one call of each of the others', async () => {
  const turns = createTurns();
  const all = sessions(5);
  const served: number[] = [];
  const asked: Promise<void>[] = [];
  const waits: { readonly who: number; readonly from: number; readonly place: number }[] = [];
  const waiting = new Array<number>(5).fill(0);
  for (let round = 0; round < 30; round++) {
    const who = random.int(5);
    for (let count = 1 + random.int(who === 0 ? 40 : 3); count > 0; count--) {
      waits.push({ who, from: served.length, place: ++waiting[who]! });
      asked.push(
        turns.take(all[who]!).then(() => {
          waiting[who]!--;
          served.push(who);
        }),
      );
    }
    if (random.int(2) === 0) await turn();
  }
  await Promise.all(asked);
  assert.is(served.length, waits.length, 'each call had exactly one turn');
  for (const { who, from, place } of waits) {
    const mine = served.map((each, at) => (each === who ? at : -1)).filter((at) => at >= from);
    const others = served.slice(from, mine[place - 1]!).filter((each) => each !== who);
    for (let other = 0; other < 5; other++) {
      const before = others.filter((each) => each === other).length;
      assert.ok(before <= place, `port ${other} had ${before} turns before turn ${place} of port ${who}`);
    }
  }
});

test('after a few milliseconds of work the event loop has its turn, and what came meanwhile takes part', async () => {
  const turns = createTurns();
  const [loud, quiet] = sessions(2) as [Session, Session];
  let servedLoud = 0;
  let loops = 0;
  let quietAfter = -1;
  const asked = Array.from({ length: 60 }, () =>
    turns.take(loud).then(() => {
      servedLoud++;
      burn(1);
    }),
  );
  const watch = async (): Promise<void> => {
    while (servedLoud < 60) {
      await turn();
      loops++;
      if (loops === 5) {
        const before = servedLoud;
        void turns.take(quiet).then(() => {
          quietAfter = servedLoud - before;
        });
      }
    }
  };
  await Promise.all([...asked, watch()]);
  assert.ok(loops >= 15, `the event loop had ${loops} turns during 60 ms of calls`);
  assert.ok(quietAfter >= 0 && quietAfter <= 4, `the other port was served after ${quietAfter} calls`);
});

test('a call that fails in its turn does not keep the next ones', async () => {
  const turns = createTurns();
  const [only] = sessions(1) as [Session];
  const first = turns.take(only).then(() => {
    throw new RangeError('of the call');
  });
  const second = turns.take(only);
  await rejects(first, RangeError);
  await second;
});

test('a port has 4,096 calls waiting at most: more are refused, others have room, and later there is room again', async () => {
  const turns = createTurns();
  const [loud, quiet] = sessions(2) as [Session, Session];
  const asked = Array.from({ length: MAX_WAITING }, () => turns.take(loud));
  await rejects(turns.take(loud), 'ERR_VAULT_BUSY', /4096 calls of the port are waiting/);
  await turns.take(quiet);
  await Promise.all(asked);
  await turns.take(loud);
});

test.run();
