// Admission: a frame is refused whole when it is malformed, and each sound operation gets its key or a status.
import {
  createFrameWriter,
  FRAME_HEADER_BYTES,
  hashCode,
  MAX_FRAME_OPERATIONS,
  operationBytes,
  STATUS_CODES,
  schemeCode,
} from '../../dist/src/wire/frame.js';
import {
  HASHES,
  type KeyHandle,
  type KeyId,
  type KeyType,
  type Operation,
  SCHEMES,
  type Scheme,
  type Slot,
} from '../../dist/src/wire/types.js';
import { admitFrame } from '../../dist/workers/vault/admission.js';
import { createKeyTable, type KeyEntry } from '../../dist/workers/vault/key-table.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const random = seededRandom('unit/admission');
const test = suite('admission');
const table = createKeyTable();

const entryOf = (type: KeyType, slot: number, allow: readonly Operation[] = ['sign']): KeyEntry => {
  const entry: KeyEntry = {
    info: { id: type, type, publicKey: new Uint8Array(32), provider: 'native', source: 'generate', allow },
    handle: { slot: slot as Slot, generation: 3 },
    maySign: allow.includes('sign'),
    inFlight: 0,
    releasing: false,
    drained: undefined,
  };
  table.add(type as KeyId, entry);
  return entry;
};
const KEYS = {
  ed25519: entryOf('ed25519', 0),
  secp256k1: entryOf('secp256k1', 1),
  'bls12-381': entryOf('bls12-381', 2),
  x25519: entryOf('x25519', 3, []),
  seed: entryOf('seed', 4, ['derive']),
};
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
}

const frameOf = (...operations: readonly Asked[]): ArrayBuffer => {
  const writer = createFrameWriter(64);
  for (const { handle, scheme, hash, length = 32, auxRand } of operations) {
    const named = handle ?? KEYS[TYPE_OF[scheme]].handle;
    writer.add(named, schemeCode(scheme), hashCode(hash), random.bytes(length), auxRand ? random.bytes(32) : undefined);
  }
  return writer.finish();
};
const refuses = (frame: unknown, reason: RegExp): void =>
  assert.throws(
    () => admitFrame(frame, table),
    (error: { code?: string; message: string }) => error.code === 'ERR_REFUSED' && reason.test(error.message),
  );
const statusesOf = (frame: ArrayBuffer): string[] => {
  const { offsets, count } = admitFrame(frame, table);
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
  const admitted = admitFrame(frame, table);
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
  for (const scheme of [0, 6, 255])
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
  for (const flags of [1, 2, 255])
    refuses(
      changed(5, (packed) => packed | (flags << 24)),
      /unknown flags/,
    );
  refuses(
    changed(5, (packed) => packed | (3 << 24), { scheme: 'schnorr' }),
    /unknown flags/,
  );
  refuses(
    changed(5, (packed) => packed | (1 << 24), { scheme: 'schnorr' }),
    /do not fill it/,
  );
  for (const length of [256 * 1024 * 1024 + 1, 0xffff_ffff])
    refuses(
      changed(4, () => length),
      /too long/,
    );
  for (const length of [28, 36]) {
    refuses(
      changed(4, () => length),
      /do not fill it/,
    );
    refuses(frameOf({ scheme: 'ecdsa', length }), /digest is not 32 bytes/);
    refuses(frameOf({ scheme: 'ecdsa-recoverable', length }), /digest is not 32 bytes/);
  }
  refuses(
    changed(4, () => 256 * 1024 * 1024),
    /do not fill it|truncated/,
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
  const admitted = admitFrame(frame.slice(0), table);
  const [gone, type, scheme] = ['ERR_KEY_NOT_FOUND', 'ERR_OPERATION_UNSUPPORTED', 'ERR_SCHEME_UNSUPPORTED'];
  assert.equal(statusesOf(frame), ['OK', gone, gone, gone, type, scheme, scheme, 'OK']);
  assert.equal(
    admitted.entries.map((entry) => entry?.info.id),
    ['ed25519', ...new Array(6).fill(undefined), 'bls12-381'],
  );
});

test('an operation on a key whose policy does not allow signing gets a status, whatever its scheme', () => {
  const kept = entryOf('secp256k1', 5, ['export']);
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
  const { entries } = admitFrame(frameOf({ scheme: 'ecdsa', handle: kept.handle }), table);
  assert.equal(entries, [undefined], 'no entry goes on to be signed with');
});

test('a key that is being released is not found any more', async () => {
  const entry = entryOf('ed25519', 7);
  assert.equal(statusesOf(frameOf({ scheme: 'ed25519', handle: entry.handle })), ['OK']);
  table.begin(entry);
  void table.retire(entry);
  assert.equal(statusesOf(frameOf({ scheme: 'ed25519', handle: entry.handle })), ['ERR_KEY_NOT_FOUND']);
  table.end(entry);
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
      const { offsets, count, entries } = admitFrame(frame, table);
      assert.is(offsets[count], frame.byteLength);
      assert.is(entries.length, count);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_REFUSED') throw error;
    }
  }
});

test.run();
