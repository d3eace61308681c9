// Frames of a granted port pass without a turn as long as they are few; what more there are wait like other calls.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Session } from '../../dist/workers/vault/sessions.js';
import { createTurns } from '../../dist/workers/vault/turns.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { sessionOf } from '../unit/rig.js';

const test = suite('turns of frames');
const makeSession = (number: number): Session => sessionOf({ number });

test('some frames of a client pass in one turn of the event loop, a flood does not, and the next turn is another', async () => {
  const turns = createTurns();
  const [one, other] = [makeSession(1), makeSession(2)];
  let passed = 0;
  while (turns.mayPass(one, 512)) passed++;
  assert.ok(passed >= 4 && passed <= 16, `${passed} frames of 512 operations`);
  assert.ok(turns.mayPass(other, 512), 'each port for itself');
  await nextTurn();
  await nextTurn();
  assert.ok(turns.mayPass(one, 512));
});

test('a frame of any size passes first, and nothing after it; frames of one operation are bounded too', async () => {
  const turns = createTurns();
  const [one, other] = [makeSession(1), makeSession(2)];
  assert.ok(turns.mayPass(one, 65_536));
  assert.not(turns.mayPass(one, 1));
  let lone = 0;
  while (turns.mayPass(other, 1)) lone++;
  assert.ok(lone >= 64 && lone <= 256, `${lone} frames of one operation`);
});

test('a frame does not overtake what waits', async () => {
  const turns = createTurns();
  const one = makeSession(1);
  const waiting = turns.take(one);
  assert.not(turns.mayPass(one, 1));
  await waiting;
  await nextTurn();
  assert.ok(turns.mayPass(one, 1));
});

test.run();
