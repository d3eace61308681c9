// Admission: a frame is refused whole when it is malformed, and each sound operation gets its key or a status.
import {
  createFrameWriter,
  FLAG_TOGETHER,
  FRAME_HEADER_BYTES,
  hashCode,
  MAX_FRAME_OPERATIONS,
  operationBytes,
  STATUS_CODES,
  schemeCode,
  statusOf,
} from '../../dist/src/wire/frame.js';
import { matches, type WireGrant } from '../../dist/src/wire/grants.js';
import { operatorCode, packInput } from '../../dist/src/wire/operators.js';
import type { KeyPolicy } from '../../dist/src/wire/policy.js';
import {
  type FrameOperator,
  HASHES,
  KEY_TYPES,
  type KeyHandle,
  type KeyId,
  type KeyType,
  SCHEMES,
  type Scheme,
  type Slot,
} from '../../dist/src/wire/types.js';
import { admitFrame, refundFailed } from '../../dist/workers/vault/admission.js';
import { createKeyTable, type KeyEntry } from '../../dist/workers/vault/key-table.js';
import { CODES } from '../../dist/workers/vault/policy.js';
import { createQuota } from '../../dist/workers/vault/quota.js';
import type { Session } from '../../dist/workers/vault/sessions.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { type Made, entryOf as makeEntry, sessionOf } from './rig.js';

const random = seededRandom('unit/admission');
const test = suite('admission');
const table = createKeyTable();

const EXHAUSTED = statusOf('ERR_KEY_EXHAUSTED');
const GRANT_EXHAUSTED = statusOf('ERR_GRANT_EXHAUSTED');

const entryOf = (type: KeyType, slot: number, policy: KeyPolicy = {}, more: Made = {}): KeyEntry => {
  const entry = makeEntry(type, { slot, generation: 3, policy, ...more });
  table.add(type as KeyId, entry);
  return entry;
};
const KEYS = {
  ed25519: entryOf('ed25519', 0),
  secp256k1: entryOf('secp256k1', 1),
  'bls12-381': entryOf('bls12-381', 2),
  x25519: entryOf('x25519', 3),
  seed: entryOf('seed', 4),
};
const OWNER = sessionOf();
const handleOf = (slot: number): KeyHandle => ({ slot: slot as Slot, generation: 3 });
const TYPE_OF: Readonly<Record<Scheme, keyof typeof KEYS>> = {
  ed25519: 'ed25519',
  ecdsa: 'secp256k1',
  'ecdsa-recoverable': 'secp256k1',
  schnorr: 'secp256k1',
  'bls12-381': 'bls12-381',
};

interface Asked {
  readonly handle?: KeyHandle;
  readonly scheme: Scheme;
  readonly hash?: (typeof HASHES)[number] | undefined;
  readonly length?: number;
  readonly auxRand?: boolean;
  readonly together?: boolean;
}

const frameOf = (...operations: readonly Asked[]): ArrayBuffer => {
  const writer = createFrameWriter(64);
  for (const { handle, scheme, hash, length = 32, auxRand, together } of operations) {
    const named = handle ?? KEYS[TYPE_OF[scheme]].handle;
    const [message, aux] = [random.bytes(length), auxRand ? random.bytes(32) : undefined];
    writer.add(named, schemeCode(scheme), hashCode(hash), message, aux, length, together);
  }
  return writer.finish();
};
const refuses = (frame: unknown, reason: RegExp): void =>
  assert.throws(
    () => admitFrame(frame, table, OWNER),
    (error: { code?: string; message: string }) => error.code === 'ERR_REFUSED' && reason.test(error.message),
  );
const statusesOf = (frame: ArrayBuffer): string[] => {
  const { offsets, count } = admitFrame(frame, table, OWNER);
  return Array.from({ length: count }, (_, i) => STATUS_CODES[new Uint8Array(frame, offsets[i]! + 14, 1)[0]!]!);
};

test('every scheme and hash of a type is admitted, with and without auxiliary randomness', () => {
  const operations: Asked[] = SCHEMES.flatMap((scheme) => {
    const hashes = TYPE_OF[scheme] === 'secp256k1' ? [undefined, ...HASHES] : [undefined];
    return hashes.flatMap((hash): Asked[] => [
      { scheme, hash, length: hash === undefined && scheme.startsWith('ecdsa') ? 32 : random.int(50) },
      ...(scheme === 'schnorr' ? [{ scheme, hash, auxRand: true, length: 0 }] : []),
    ]);
  });
  const frame = frameOf(...operations);
  const admitted = admitFrame(frame, table, OWNER);
  assert.is(admitted.buffer, frame);
  assert.is(admitted.count, operations.length);
  assert.is(
    admitted.messageBytes,
    operations.reduce((sum, { length = 32 }) => sum + length, 0),
  );
  assert.is(admitted.offsets[0], FRAME_HEADER_BYTES);
  assert.is(admitted.offsets[admitted.count], frame.byteLength);
  operations.forEach(({ scheme, length = 32, auxRand }, i) => {
    assert.is(admitted.entries[i], KEYS[TYPE_OF[scheme]]);
    assert.is(admitted.offsets[i + 1]! - admitted.offsets[i]!, operationBytes(length, auxRand ? 1 : 0));
  });
});

test('what is no ArrayBuffer is refused', () => {
  const shared = new SharedArrayBuffer(56);
  new Uint8Array(shared).set(new Uint8Array(frameOf({ scheme: 'ed25519' })));
  for (const value of [undefined, null, 7, 'x', {}, [], new Uint8Array(frameOf({ scheme: 'ed25519' })), shared]) {
    refuses(value, /expected an ArrayBuffer/);
  }
});

const changed = (
  word: number,
  change: (value: number) => number,
  operation: Asked = { scheme: 'ed25519' },
): ArrayBuffer => {
  const frame = frameOf(operation);
  const words = new Uint32Array(frame);
  words[word] = change(words[word]!);
  return frame;
};

test('each kind of malformed frame is refused with its reason', () => {
  const ed25519 = { scheme: 'ed25519' } as const;
  refuses(new ArrayBuffer(0), /wrong length/);
  refuses(new ArrayBuffer(4), /wrong length/);
  refuses(frameOf(ed25519).slice(0, 55), /wrong length/);
  refuses(new ArrayBuffer(56), /not a frame/);
  refuses(
    changed(0, (magic) => magic ^ 1),
    /not a frame/,
  );
  for (const count of [0, MAX_FRAME_OPERATIONS + 1, 0xffff_ffff])
    refuses(
      changed(1, () => count),
      /expected 1 to 65536/,
    );
  refuses(
    changed(1, () => 5),
    /truncated/,
  );
  refuses(
    changed(1, () => 2),
    /truncated/,
  );
  refuses(frameOf(ed25519).slice(0, 20), /truncated/);
  for (const scheme of [0, 6, 63, 71, 127, 128, 255])
    refuses(
      changed(5, () => scheme),
      /unknown scheme/,
    );
  for (const hash of [1, 4, 255])
    refuses(
      changed(5, (packed) => packed | (hash << 8)),
      /unknown hash/,
    );
  refuses(
    changed(5, (packed) => packed | (4 << 8), { scheme: 'ecdsa' }),
    /unknown hash/,
  );
  refuses(
    changed(5, (packed) => packed | (1 << 8), { scheme: 'bls12-381' }),
    /unknown hash/,
  );
  for (const status of [1, 8, 255])
    refuses(
      changed(5, (packed) => packed | (status << 16)),
      /arrives with a status/,
    );
  refuses(frameOf({ scheme: 'ed25519', auxRand: true }), /unknown flags/);
  for (const flags of [4, 128, 252])
    refuses(
      changed(5, (packed) => packed | (flags << 24)),
      /unknown flags/,
    );
  refuses(
    changed(5, (packed) => packed | (4 << 24), { scheme: 'schnorr', auxRand: true }),
    /unknown flags/,
  );
  for (const scheme of ['ed25519', 'schnorr'] as const)
    refuses(
      changed(5, (packed) => packed | (1 << 24), { scheme }),
      /truncated/,
    );
  refuses(
    changed(5, (packed) => packed | (FLAG_TOGETHER << 24)),
    /not of one key/,
  );
  for (const length of [256 * 1024 * 1024 + 1, 0xffff_ffff])
    refuses(
      changed(4, () => length),
      /too long/,
    );
  for (const [length, reason] of [
    [28, /do not fill it/],
    [36, /truncated/],
  ] as const) {
    refuses(
      changed(4, () => length),
      reason,
    );
    refuses(frameOf({ scheme: 'ecdsa', length }), /digest is not 32 bytes/);
    refuses(frameOf({ scheme: 'ecdsa-recoverable', length }), /digest is not 32 bytes/);
  }
  refuses(
    changed(4, () => 256 * 1024 * 1024),
    /truncated/,
  );
});

test('a bad operation at the end refuses the frame of all', () => {
  const frame = frameOf(...new Array<Asked>(99).fill({ scheme: 'ed25519' }), { scheme: 'ecdsa', length: 31 });
  refuses(frame, /digest is not 32 bytes/);
});

test('operations that name no key, or ask what their key cannot do, get a status, and the others their key', () => {
  const { slot, generation } = KEYS.ed25519.handle;
  const frame = frameOf(
    { scheme: 'ed25519' },
    { scheme: 'ed25519', handle: { slot, generation: generation + 1 } },
    { scheme: 'ed25519', handle: { slot: 9 as Slot, generation } },
    { scheme: 'ed25519', handle: { slot: 0xffff_ffff as Slot, generation } },
    { scheme: 'ed25519', handle: KEYS.x25519.handle },
    { scheme: 'ed25519', handle: KEYS.secp256k1.handle },
    { scheme: 'schnorr', handle: KEYS.ed25519.handle },
    { scheme: 'bls12-381' },
  );
  const admitted = admitFrame(frame.slice(0), table, OWNER);
  const [gone, type, scheme] = ['ERR_KEY_NOT_FOUND', 'ERR_OPERATION_UNSUPPORTED', 'ERR_SCHEME_UNSUPPORTED'];
  assert.equal(statusesOf(frame), ['OK', gone, gone, gone, type, scheme, scheme, 'OK']);
  assert.equal(
    admitted.entries.map((entry) => entry?.info.id),
    ['ed25519', ...new Array(6).fill(undefined), 'bls12-381'],
  );
});

test('an operation on a key whose policy does not allow signing gets a status, whatever its scheme', () => {
  const kept = entryOf('secp256k1', 5, { allow: ['export'] });
  const statuses = statusesOf(
    frameOf(
      ...(['ecdsa', 'ecdsa-recoverable', 'schnorr', 'ed25519'] as const).map((scheme) => ({
        scheme,
        handle: kept.handle,
      })),
      { scheme: 'ed25519', handle: KEYS.seed.handle },
      { scheme: 'ecdsa' },
    ),
  );
  assert.equal(statuses, [...new Array(4).fill('ERR_NOT_ALLOWED'), 'ERR_OPERATION_UNSUPPORTED', 'OK']);
  const { entries } = admitFrame(frameOf({ scheme: 'ecdsa', handle: kept.handle }), table, OWNER);
  assert.equal(entries, [undefined], 'no entry goes on to be signed with');
});

test('a key that is being released is not found any more', async () => {
  const entry = entryOf('ed25519', 7);
  assert.equal(statusesOf(frameOf({ scheme: 'ed25519', handle: entry.handle })), ['OK']);
  table.begin(entry);
  void table.retire(entry, 'released');
  assert.equal(statusesOf(frameOf({ scheme: 'ed25519', handle: entry.handle })), ['ERR_KEY_NOT_FOUND']);
  table.end(entry);
});

const grantedPort = (grant: WireGrant, fields: Partial<Session> = {}): Session =>
  sessionOf({
    number: 1,
    grant,
    statuses: Uint8Array.from({ length: CODES }, (_, code) => {
      const scheme = SCHEMES[code - 1];
      return scheme !== undefined && (grant.schemes?.includes(scheme) ?? true) ? 0 : statusOf('ERR_NOT_GRANTED');
    }),
    sees: ({ info }) => matches(grant.keys, info.id),
    ...fields,
  });
const statusesAt = (session: Session, frame: ArrayBuffer): string[] => {
  const { offsets, count } = admitFrame(frame, table, session);
  return Array.from({ length: count }, (_, i) => STATUS_CODES[new Uint8Array(frame, offsets[i]! + 14, 1)[0]!]!);
};

test('what a policy does not allow has its own status: the operation, or the scheme', () => {
  const kept = entryOf('secp256k1', 6, { schemes: ['schnorr'] });
  const asked = SCHEMES.map((scheme) => ({ scheme, handle: kept.handle }));
  assert.equal(statusesOf(frameOf(...asked)), [
    'ERR_SCHEME_UNSUPPORTED',
    'ERR_SCHEME_NOT_ALLOWED',
    'ERR_SCHEME_NOT_ALLOWED',
    'OK',
    'ERR_SCHEME_UNSUPPORTED',
  ]);
});

test('a port finds the keys that it sees, and is refused what it was not granted, before what a policy says', () => {
  const kept = entryOf('secp256k1', 6, { allow: [] });
  const port = grantedPort({ keys: ['secp*', 'ed25519'], operations: ['sign'], schemes: ['ecdsa', 'ed25519'] });
  const asked: Asked[] = [
    { scheme: 'ed25519' },
    { scheme: 'ecdsa' },
    { scheme: 'schnorr' },
    { scheme: 'bls12-381' },
    { scheme: 'ecdsa', handle: KEYS.seed.handle },
    { scheme: 'schnorr', handle: kept.handle },
    { scheme: 'ecdsa', handle: kept.handle },
  ];
  const [unseen, refused] = ['ERR_KEY_NOT_FOUND', 'ERR_NOT_GRANTED'];
  assert.equal(statusesAt(port, frameOf(...asked)), ['OK', 'OK', refused, unseen, unseen, refused, 'ERR_NOT_ALLOWED']);
  assert.equal(statusesAt(OWNER, frameOf(...asked)).slice(2, 4), ['OK', 'OK'], 'positive control: the owner may');
});

test('a port whose time is over has no frame admitted, and takes nothing', () => {
  const quota = createQuota({ maxSignatures: 5 }, EXHAUSTED);
  entryOf('ed25519', 8, {}, { quota });
  const over = grantedPort({ keys: ['*'], operations: ['sign'] }, { isOver: () => true });
  const frame = frameOf({ scheme: 'ed25519', handle: handleOf(8) });
  assert.throws(
    () => admitFrame(frame.slice(0), table, over),
    (error: { code?: string }) => error.code === 'ERR_GRANT_REVOKED',
  );
  assert.is(quota.signaturesLeft, 5);
  assert.equal(statusesOf(frame), ['OK']);
  assert.is(quota.signaturesLeft, 4, 'positive control');
});

test('of mixed keys in one frame, each quota gives exactly what it has, and the others all', () => {
  const quota = createQuota({ maxSignatures: 7 }, EXHAUSTED);
  entryOf('ed25519', 8, {}, { quota });
  const asked = Array.from({ length: 40 }, (_, i): Asked => ({ scheme: 'ed25519', handle: handleOf(i % 2 ? 8 : 0) }));
  const frame = frameOf(...asked);
  const admitted = admitFrame(frame.slice(0), table, OWNER);
  assert.is(admitted.limited, true);
  assert.is(admitted.entries.filter((entry) => entry?.handle.slot === 8).length, 7);
  assert.is(admitted.entries.filter((entry) => entry?.handle.slot === 0).length, 20);
  assert.is(quota.signaturesLeft, 0);
  assert.equal(new Set(statusesOf(frame).filter((_, i) => i % 2)), new Set(['ERR_KEY_EXHAUSTED']));
  assert.is(admitFrame(frameOf({ scheme: 'ed25519', handle: handleOf(0) }), table, OWNER).limited, false);
});

test('operations of one call are taken all or not at all, and single ones between them each for itself', () => {
  const quota = createQuota({ maxSignatures: 6 }, EXHAUSTED);
  entryOf('ed25519', 8, {}, { quota });
  const call = (count: number): Asked[] =>
    Array.from({ length: count }, (_, i) => ({ scheme: 'ed25519', handle: handleOf(8), together: i < count - 1 }));
  const statuses = statusesOf(frameOf(...call(4), ...call(3), ...call(1), ...call(2), ...call(1)));
  const runs = [4, 3, 1, 2, 1].map((count, i, counts) => {
    const from = counts.slice(0, i).reduce((sum, each) => sum + each, 0);
    return [...new Set(statuses.slice(from, from + count))];
  });
  assert.equal(runs, [['OK'], ['ERR_KEY_EXHAUSTED'], ['OK'], ['ERR_KEY_EXHAUSTED'], ['OK']]);
  assert.is(quota.signaturesLeft, 0);
});

test('operations that say that they are of one call, and are not of one key and scheme, are refused', () => {
  const other = entryOf('ed25519', 9);
  for (const second of [
    { scheme: 'ed25519', handle: other.handle },
    { scheme: 'ed25519', handle: { ...KEYS.ed25519.handle, generation: 4 } },
    { scheme: 'schnorr', handle: KEYS.ed25519.handle },
  ] as const) {
    refuses(frameOf({ scheme: 'ed25519', together: true }, second), /not of one key/);
  }
  refuses(frameOf({ scheme: 'ed25519' }, { scheme: 'ed25519', together: true }), /not of one key/);
  assert.equal(statusesOf(frameOf({ scheme: 'ed25519', together: true }, { scheme: 'ed25519' })), ['OK', 'OK']);
});

test('the quotas of a port, of those that granted it and of the key give together, or take nothing', () => {
  const key = createQuota({ maxSignatures: 4 }, EXHAUSTED);
  const [outer, inner] = [9, 6].map((maxSignatures) => createQuota({ maxSignatures }, GRANT_EXHAUSTED));
  entryOf('ed25519', 8, {}, { quota: key });
  const port = grantedPort({ keys: ['*'], operations: ['sign'] }, { quotas: [outer!, inner!] });
  const left = (): unknown[] => [outer, inner, key].map((quota) => quota?.signaturesLeft);
  const asked = (count: number, slot: number): ArrayBuffer =>
    frameOf(...new Array<Asked>(count).fill({ scheme: 'ed25519', handle: handleOf(slot) }));
  assert.equal(statusesAt(port, asked(5, 8)), [...new Array(4).fill('OK'), 'ERR_KEY_EXHAUSTED']);
  assert.equal(left(), [5, 2, 0], 'what the key refused was given back to the ports');
  assert.equal(statusesAt(port, asked(3, 0)), ['OK', 'OK', 'ERR_GRANT_EXHAUSTED']);
  assert.equal(left(), [3, 0, 0], 'what the inner port refused was given back to the outer');
  assert.equal(statusesOf(asked(1, 0)), ['OK'], 'the owner has no such bounds');
});

test('a frame that is refused whole has taken nothing, whatever stands before its fault', () => {
  const quota = createQuota({ maxSignatures: 5 }, EXHAUSTED);
  entryOf('ed25519', 8, {}, { quota });
  const good = new Array<Asked>(3).fill({ scheme: 'ed25519', handle: handleOf(8) });
  refuses(frameOf(...good, { scheme: 'ecdsa', length: 31 }), /digest is not 32 bytes/);
  const torn = frameOf(...good);
  new Uint32Array(torn)[1] = 2;
  refuses(torn, /do not fill it/);
  assert.is(quota.signaturesLeft, 5);
});

test('a key whose time is over is refused by its reason, though no timer has come; use puts idleness off', () => {
  let over: 'expired' | 'idle' | undefined;
  let touched = 0;
  const lifetime = { expiresAt: undefined, touch: () => void touched++, end: () => over, stop: () => undefined };
  const quota = createQuota({ maxSignatures: 5 }, EXHAUSTED);
  const frame = (): ArrayBuffer => frameOf({ scheme: 'ed25519', handle: handleOf(8) });
  entryOf('ed25519', 8, {}, { lifetime, quota });
  assert.equal(statusesOf(frame()), ['OK']);
  assert.equal([touched, quota.signaturesLeft], [1, 4]);
  for (const end of ['expired', 'idle'] as const) {
    over = end;
    assert.equal(statusesOf(frame()), [end === 'idle' ? 'ERR_KEY_IDLE' : 'ERR_KEY_EXPIRED']);
  }
  over = undefined;
  assert.equal(statusesOf(frameOf(...new Array<Asked>(5).fill({ scheme: 'ed25519', handle: handleOf(8) }))), [
    ...new Array(4).fill('OK'),
    'ERR_KEY_EXHAUSTED',
  ]);
  assert.equal([touched, quota.signaturesLeft], [5, 0], 'what was refused is no use');
});

test('an operator has its input checked, its key told by type, and none of the signatures of a quota', () => {
  const quota = createQuota({ maxSignatures: 1 }, EXHAUSTED);
  const agreeing = entryOf('x25519', 10, { allow: ['agree'] }, { quota });
  const input = packInput('agree', 'x25519', { peer: random.bytes(32), info: random.bytes(5) });
  const ask = (operator: FrameOperator, handle: KeyHandle, packed: Uint8Array, hash = 0): ArrayBuffer => {
    const writer = createFrameWriter(64);
    writer.add(handle, operatorCode(operator), hash, packed, undefined);
    return writer.finish();
  };
  for (let i = 0; i < 3; i++) assert.equal(statusesOf(ask('agree', agreeing.handle, input)), ['OK']);
  assert.is(quota.signaturesLeft, 1);
  const frame = ask('agree', agreeing.handle, input);
  admitFrame(frame, table, OWNER);
  assert.is(KEY_TYPES[((new Uint32Array(frame)[5]! >>> 8) & 0xff) - 1], 'x25519');
  refuses(ask('agree', agreeing.handle, input.subarray(0, 35)), /input of an operator is malformed/);
  refuses(ask('agree', agreeing.handle, input, 1), /unknown hash/);
  assert.equal(statusesOf(ask('agree-raw', agreeing.handle, random.bytes(32))), ['ERR_NOT_ALLOWED']);
  assert.equal(statusesOf(ask('seal', agreeing.handle, random.bytes(9))), ['OK'], 'it takes the public key alone');
  assert.equal(statusesOf(ask('open', agreeing.handle, random.bytes(50))), ['ERR_NOT_ALLOWED']);
  assert.equal(statusesOf(ask('mac', agreeing.handle, random.bytes(3).fill(0, 0, 1))), ['ERR_OPERATION_UNSUPPORTED']);
  assert.equal(statusesOf(ask('agree', KEYS.seed.handle, input)), ['ERR_OPERATION_UNSUPPORTED']);
});

test('what failed is given back, operation by operation, to the key and to the ports', () => {
  const key = createQuota({ maxSignatures: 10 }, EXHAUSTED);
  const ofPort = createQuota({ maxSignatures: 10 }, GRANT_EXHAUSTED);
  entryOf('ed25519', 8, {}, { quota: key });
  const port = grantedPort({ keys: ['*'], operations: ['sign'] }, { quotas: [ofPort] });
  const frame = admitFrame(
    frameOf(...[8, 0, 8, 12, 8, 0].map((slot) => ({ scheme: 'ed25519', handle: handleOf(slot) }) as const)),
    table,
    port,
  );
  assert.equal([key.signaturesLeft, ofPort.signaturesLeft], [7, 5], 'slot 12 has no key, and takes nothing');
  const reply = (...statuses: number[]): ArrayBuffer => {
    const made = new ArrayBuffer(4 + statuses.length);
    new Uint32Array(made, 0, 1)[0] = statuses.length;
    new Uint8Array(made, 4).set(statuses);
    return made;
  };
  const failed = statusOf('ERR_SIGNER_FAILED');
  refundFailed(frame, [reply(0, failed, failed), reply(statusOf('ERR_KEY_NOT_FOUND'), 0, 0)]);
  assert.equal([key.signaturesLeft, ofPort.signaturesLeft], [8, 7]);
});

test('changed at random, a frame is refused or admitted, and never reads beyond itself', () => {
  for (let round = 0; round < 3000; round++) {
    const frame = frameOf(
      { scheme: 'ed25519', length: random.int(9) },
      { scheme: 'schnorr', auxRand: true },
      { scheme: 'ecdsa' },
    );
    const bytes = new Uint8Array(frame);
    for (let i = 0; i <= random.int(3); i++) bytes[random.int(bytes.length)] = random.int(256);
    try {
      const { offsets, count, entries } = admitFrame(frame, table, OWNER);
      assert.is(offsets[count], frame.byteLength);
      assert.is(entries.length, count);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_REFUSED') throw error;
    }
  }
});

test.run();
