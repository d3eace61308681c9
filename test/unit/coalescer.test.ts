// The coalescer: which calls share a frame, when frames leave, how replies find their callers, and what counts as pending.

import { type Coalescer, createCoalescer, type OperationKey } from '../../dist/src/coalescer.js';
import { VaultError } from '../../dist/src/errors.js';
import { REPLY_HEADER_BYTES, SIGNATURE_BYTES_BY_CODE, schemeCode, statusOf } from '../../dist/src/wire/frame.js';
import type { Slot } from '../../dist/src/wire/types.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('the coalescer');
const LIMITS = { threads: 3, maxPending: 5000, maxPendingBytes: 1 << 24 };
const ED25519 = { scheme: schemeCode('ed25519'), hash: 0, auxRand: undefined };
const BLS = { scheme: schemeCode('bls12-381'), hash: 0, auxRand: undefined };
const RECOVERABLE = { scheme: schemeCode('ecdsa-recoverable'), hash: 0, auxRand: undefined };
const key = (id: string): OperationKey => ({ info: { id }, handle: { slot: 0 as Slot, generation: 0 } });

interface Sent {
  readonly count: number;
  readonly bytes: number;
  answer(replies: readonly ArrayBuffer[]): void;
  fail(error: unknown): void;
}

const rig = (limits = LIMITS) => {
  const sent: Sent[] = [];
  const coalescer = createCoalescer(
    (frame) =>
      new Promise((answer, fail) => {
        sent.push({ count: new Uint32Array(frame)[1]!, bytes: frame.byteLength, answer, fail });
      }),
    limits,
  );
  return { sent, coalescer };
};

const add = (coalescer: Coalescer, request = ED25519, message = new Uint8Array(8), id = 'key'): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    coalescer.assertRoom(1, message.length);
    coalescer.add(key(id), request, message, resolve, reject);
  });

/** A reply of these operations: a status, or 0 and a signature filled with a number. */
const reply = (...operations: readonly (readonly [scheme: number, status: number, fill: number])[]): ArrayBuffer => {
  const signatures = operations.flatMap(([scheme, status, fill]) =>
    status === 0 ? new Array<number>(SIGNATURE_BYTES_BY_CODE[scheme]!).fill(fill) : [],
  );
  const bytes = Uint8Array.from([0, 0, 0, 0, ...operations.map(([, status]) => status), ...signatures]);
  new Uint32Array(bytes.buffer, 0, 1)[0] = operations.length;
  return bytes.buffer as ArrayBuffer;
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the calls of one turn share a frame, also those made in its promise callbacks', async () => {
  const { sent, coalescer } = rig();
  for (let i = 0; i < 10; i++) void add(coalescer);
  void Promise.resolve().then(() => add(coalescer));
  void (async () => {
    for (let i = 0; i < 20; i++) await undefined;
    void add(coalescer);
  })();
  assert.is(sent.length, 0, 'nothing leaves before the turn ends');
  await turn();
  assert.equal(
    sent.map(({ count }) => count),
    [12],
  );
  void add(coalescer);
  await turn();
  assert.equal(
    sent.map(({ count }) => count),
    [12, 1],
  );
});

/** The sizes of the frames that have left. */
const sizesOf = (sent: readonly Sent[]): number[] => sent.map(({ count }) => count);

test('while a frame is out for each signer, calls are gathered until one is back', async () => {
  const { sent, coalescer } = rig();
  for (let i = 0; i < 3; i++) {
    void add(coalescer);
    await turn();
  }
  assert.equal(sizesOf(sent), [1, 1, 1]);
  const ED = [ED25519.scheme, 0, 1] as const;
  for (let i = 0; i < 4; i++) {
    void add(coalescer);
    await Promise.resolve();
  }
  sent[0]!.answer([reply(ED)]);
  await turn();
  assert.equal(sizesOf(sent), [1, 1, 1, 4]);
});

test('calls that are gathered leave after a moment, though no frame comes back', async () => {
  const { sent, coalescer } = rig();
  for (let i = 0; i < 3; i++) {
    void add(coalescer);
    await turn();
  }
  void add(coalescer);
  void add(coalescer);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(sizesOf(sent), [1, 1, 1, 2]);
});

test('a full frame leaves though others are out, and flush() takes what was gathered', async () => {
  const { sent, coalescer } = rig();
  for (let i = 0; i < 3; i++) {
    void add(coalescer);
    await turn();
  }
  for (let i = 0; i < 513; i++) void add(coalescer);
  coalescer.flush();
  assert.equal(sizesOf(sent), [1, 1, 1, 512, 1]);
});

test('calls are gathered for no longer than a moment after a turn whose calls all left before its end', async () => {
  for (const leaveEarly of [512, 1]) {
    const { sent, coalescer } = rig();
    for (let frame = 0; frame < 4; frame++) {
      for (let i = 0; i < leaveEarly; i++) void add(coalescer);
      coalescer.flush(); // nothing is left to send after the 512th
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    void add(coalescer);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(sizesOf(sent), [leaveEarly, leaveEarly, leaveEarly, leaveEarly, 1]);
  }
});

test('a frame of 512 operations leaves at once, and so does one of 1 MiB', () => {
  const { sent, coalescer } = rig();
  for (let i = 0; i < 1100; i++) void add(coalescer);
  assert.equal(
    sent.map(({ count }) => count),
    [512, 512],
  );
  const large = rig();
  for (let i = 0; i < 3; i++) void add(large.coalescer, ED25519, new Uint8Array(600_000));
  assert.equal(
    large.sent.map(({ count }) => count),
    [2],
  );
});

test('flush() sends what is queued, and nothing when nothing is', async () => {
  const { sent, coalescer } = rig();
  coalescer.flush();
  void add(coalescer);
  coalescer.flush();
  coalescer.flush();
  assert.equal(
    sent.map(({ count }) => count),
    [1],
  );
  await turn();
  assert.is(sent.length, 1, 'the end of the turn sends nothing twice');
});

test('signatures of every length find their callers, over several replies and beside failures', async () => {
  const { sent, coalescer } = rig();
  const fault = statusOf('ERR_SIGNATURE_FAULT');
  const calls = [
    add(coalescer, ED25519, undefined, 'a'),
    add(coalescer, BLS, undefined, 'b'),
    add(coalescer, RECOVERABLE, undefined, 'c'),
    add(coalescer, ED25519, undefined, 'd'),
    add(coalescer, BLS, undefined, 'e'),
  ];
  coalescer.flush();
  sent[0]!.answer([
    reply([ED25519.scheme, 0, 1], [BLS.scheme, fault, 0], [RECOVERABLE.scheme, 0, 3]),
    reply([ED25519.scheme, 0, 4]),
    reply([BLS.scheme, 0, 5]),
  ]);
  const error = await rejects(calls[1]!, 'ERR_SIGNATURE_FAULT', /withheld \(key "b"\)/);
  assert.is(error.keyId, 'b');
  for (const [i, length, fill] of [
    [0, 64, 1],
    [2, 65, 3],
    [3, 64, 4],
    [4, 96, 5],
  ] as const) {
    const signature = await calls[i]!;
    assert.equal([signature.length, signature.buffer.byteLength], [length, length]);
    assert.ok(signature.every((byte) => byte === fill));
  }
});

test('a frame that fails, fails each of its calls with the code and the key of each; other errors keep their text', async () => {
  const { sent, coalescer } = rig();
  const calls = ['a', 'b'].map((id) => add(coalescer, ED25519, undefined, id));
  coalescer.flush();
  sent[0]!.fail(new VaultError('ERR_VAULT_CRASHED'));
  for (const [i, id] of ['a', 'b'].entries()) assert.is((await rejects(calls[i]!, 'ERR_VAULT_CRASHED')).keyId, id);
  const other = add(coalescer);
  coalescer.flush();
  sent[1]!.fail(new Error('a value'));
  assert.not.match((await rejects(other, 'ERR_INTERNAL')).message, /a value/);
});

test('room is taken when a call is added, and given back when it is answered or has failed', async () => {
  const { sent, coalescer } = rig({ threads: 1, maxPending: 3, maxPendingBytes: 100 });
  const full = (operations: number, bytes: number): void =>
    assert.throws(
      () => coalescer.assertRoom(operations, bytes),
      (error: VaultError) => error.code === 'ERR_VAULT_BUSY',
    );
  coalescer.assertRoom(3, 100);
  full(4, 0);
  full(1, 101);
  const calls = [add(coalescer, ED25519, new Uint8Array(60)), add(coalescer, ED25519, new Uint8Array(40))];
  coalescer.assertRoom(1, 0);
  full(1, 1);
  full(2, 0);
  coalescer.flush();
  full(1, 1); // sent is not answered
  sent[0]!.answer([reply([ED25519.scheme, 0, 1], [ED25519.scheme, statusOf('ERR_KEY_NOT_FOUND'), 0])]);
  await Promise.allSettled(calls);
  coalescer.assertRoom(3, 100);
  const failed = add(coalescer, ED25519, new Uint8Array(100));
  coalescer.flush();
  sent[1]!.fail(new VaultError('ERR_VAULT_BUSY'));
  await rejects(failed, 'ERR_VAULT_BUSY');
  coalescer.assertRoom(3, 100);
});

test('the caller of an answered call may call again at once', async () => {
  const { sent, coalescer } = rig({ threads: 1, maxPending: 1, maxPendingBytes: 100 });
  const again = add(coalescer).then(() => add(coalescer));
  coalescer.flush();
  sent[0]!.answer([reply([ED25519.scheme, 0, 1])]);
  await turn();
  sent[1]!.answer([reply([ED25519.scheme, 0, 2])]);
  assert.is((await again)[0], 2);
  assert.is(REPLY_HEADER_BYTES, 4);
});

test.run();
