// A signer's derivation in a lane: the key goes where it is asked for, and only while it is asked for.
import { scryptSync } from 'node:crypto';
import { createArena } from '../../dist/workers/arena/arena.js';
import { openLane, wipeLane } from '../../dist/workers/arena/lanes.js';
import { createKdfs } from '../../dist/workers/kdf/derive.js';
import type { KdfRequest } from '../../dist/workers/kdf/request.js';
import { deriveInLane } from '../../dist/workers/signer/derive-key.js';
import { assert, equalBytes } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('derivations in lanes');

const { buffer, layout } = createArena(1, 1, 2, 'off');
const scratch = new Uint8Array(buffer, layout.stagingOffset, 1024);
const kdfs = await createKdfs(undefined);
const password = Buffer.from('correct horse');
const salt = new Uint8Array(32).fill(3);
const request: KdfRequest = { kdf: 'scrypt', n: 1024, r: 8, p: 1, salt };
const task = { request, lane: 1, ticket: 7, passwordLength: password.length, keyLength: 32 };
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

test('a key is written to the lane that asked for it, and nothing stays in the scratch', () => {
  const lane = openLane(buffer, layout, 1);
  lane.password.set(password);
  lane.setTicket(7);
  assert.is(deriveInLane(task, buffer, layout, scratch, kdfs), undefined);
  equalBytes(lane.key.subarray(0, 32), scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 }));
  assert.ok(isZero(lane.key.subarray(32)) && isZero(scratch));
  wipeLane(lane);
  assert.ok(isZero(lane.password) && isZero(lane.key));
});

test('a thread that was given up writes nothing into a lane that serves another', () => {
  const lane = openLane(buffer, layout, 1);
  for (const ticket of [0, 8]) {
    lane.password.set(password);
    lane.setTicket(ticket);
    assert.is(deriveInLane(task, buffer, layout, scratch, kdfs), undefined);
    assert.ok(isZero(lane.key) && isZero(scratch), `ticket ${ticket}`);
  }
  wipeLane(lane);
  assert.ok(lane.hasTicket(0));
});

test('a derivation that fails tells its code, and writes nothing', () => {
  const lane = openLane(buffer, layout, 1);
  lane.setTicket(7);
  // More memory than there is address space for.
  const huge: KdfRequest = { kdf: 'scrypt', n: 2 ** 40, r: 8, p: 1, salt };
  const failure = deriveInLane({ ...task, request: huge }, buffer, layout, scratch, kdfs);
  assert.is(failure?.code, 'ERR_KDF_COST');
  assert.ok(isZero(lane.key) && isZero(scratch));
});

test.run();
