// Frames that no client builds, sent to the vault's real thread: each is refused whole or answered by statuses, and a
// sound frame is signed after each.
import { createFrameWriter, FRAME_MAGIC, REPLY_HEADER_BYTES, STATUS_CODES } from '../../dist/src/wire/frame.js';
import type { KeyHandle, Scheme, Slot } from '../../dist/src/wire/types.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import {
  assertWorks,
  codeOf,
  frameOf,
  openRawVault,
  type RawKeys,
  type RawVault,
  type Reply,
  startRawVault,
} from './raw-vault.js';

const test = suite('frames at the door');
let vault: RawVault;
let keys: RawKeys;

test.before(async () => {
  vault = await startRawVault();
  keys = await openRawVault(vault);
});
test.after(async () => {
  assert.is(await vault.close(), 0);
  assert.equal(vault.unexpected, []);
});

const words = (...values: number[]): ArrayBuffer => Uint32Array.from(values).buffer as ArrayBuffer;
/** A sound frame of one ed25519 operation, changed. */
const changed = (
  change: (frame: Uint32Array<ArrayBuffer>) => void,
  scheme: Scheme = 'ed25519',
  length = 32,
): ArrayBuffer => {
  const frame = new Uint32Array(frameOf(keys[scheme === 'ed25519' ? 'ed25519' : 'secp256k1'].handle, scheme, length));
  change(frame);
  return frame.buffer;
};

const FRAMES: Readonly<Record<string, () => unknown>> = {
  'no bytes': () => new ArrayBuffer(0),
  'half a header': () => words(FRAME_MAGIC),
  'an odd length': () => frameOf(keys.ed25519.handle, 'ed25519').slice(0, 33),
  'another magic': () =>
    changed((frame) => {
      frame[0]! += 1;
    }),
  'no operations': () => words(FRAME_MAGIC, 0),
  'a count of two': () =>
    changed((frame) => {
      frame[1] = 2;
    }),
  'a giant count': () =>
    changed((frame) => {
      frame[1] = 0xffff_ffff;
    }),
  'a count over the limit': () =>
    changed((frame) => {
      frame[1] = 65_537;
    }),
  'a message that is longer than the frame': () =>
    changed((frame) => {
      frame[4] = 36;
    }),
  'a message that is shorter than the frame': () =>
    changed((frame) => {
      frame[4] = 8;
    }),
  'a giant message': () =>
    changed((frame) => {
      frame[4] = 0xffff_fffc;
    }),
  'a message over 256 MiB': () =>
    changed((frame) => {
      frame[4] = 256 * 1024 * 1024 + 1;
    }),
  'scheme 0': () =>
    changed((frame) => {
      frame[5] = 0;
    }),
  'scheme 6': () =>
    changed((frame) => {
      frame[5] = 6;
    }),
  'scheme 255': () =>
    changed((frame) => {
      frame[5] = 255;
    }),
  'a hash for ed25519': () =>
    changed((frame) => {
      frame[5]! |= 1 << 8;
    }),
  'hash 4': () =>
    changed((frame) => {
      frame[5]! |= 4 << 8;
    }, 'ecdsa'),
  'a status': () =>
    changed((frame) => {
      frame[5]! |= 1 << 16;
    }),
  'a status of 255': () =>
    changed((frame) => {
      frame[5]! |= 255 << 16;
    }),
  'an unknown flag': () =>
    changed((frame) => {
      frame[5]! |= 2 << 24;
    }, 'schnorr'),
  'auxiliary randomness for ed25519': () =>
    changed((frame) => {
      frame[5]! |= 1 << 24;
    }),
  'auxiliary randomness that is not there': () =>
    changed((frame) => {
      frame[5]! |= 1 << 24;
    }, 'schnorr'),
  'a digest of 28 bytes': () => changed(() => undefined, 'ecdsa', 28),
  'more bytes after the operations': () => words(...new Uint32Array(frameOf(keys.ed25519.handle, 'ed25519')), 0),
  'shared memory': () => {
    const frame = new Uint8Array(frameOf(keys.ed25519.handle, 'ed25519'));
    const buffer = new SharedArrayBuffer(frame.length);
    new Uint8Array(buffer).set(frame);
    return buffer;
  },
  'a view': () => new Uint8Array(frameOf(keys.ed25519.handle, 'ed25519')),
};

for (const [name, make] of Object.entries(FRAMES)) {
  test(`a frame with ${name} is refused whole`, async () => {
    const reply = await vault.call('sign', [make()]);
    assert.is(codeOf({ type: 'RAW', value: reply }), 'ERR_REFUSED');
    assert.match((reply as Extract<Reply, { ok: false }>).error.message, /^the vault refused the frame: /);
    await assertWorks(vault, keys);
  });
}

test('a sound frame that names no key, or the wrong one, is answered by statuses', async () => {
  const { slot, generation } = keys.ed25519.handle;
  const cases: [KeyHandle, Scheme, string][] = [
    [{ slot: 15 as Slot, generation: 0 }, 'ed25519', 'ERR_KEY_NOT_FOUND'],
    [{ slot: 0xffff_ffff as Slot, generation: 0 }, 'ed25519', 'ERR_KEY_NOT_FOUND'],
    [{ slot, generation: generation + 1 }, 'ed25519', 'ERR_KEY_NOT_FOUND'],
    [{ slot, generation: generation - 1 }, 'ed25519', 'ERR_KEY_NOT_FOUND'],
    [{ slot, generation }, 'ecdsa', 'ERR_SCHEME_UNSUPPORTED'],
    [keys.secp256k1.handle, 'bls12-381', 'ERR_SCHEME_UNSUPPORTED'],
    [keys.x25519.handle, 'ed25519', 'ERR_OPERATION_UNSUPPORTED'],
  ];
  for (const [handle, scheme, code] of cases) {
    const reply = (await vault.call('sign', [frameOf(handle, scheme)])) as Extract<Reply, { ok: true }>;
    const [answer] = reply.value as ArrayBuffer[];
    assert.is(answer!.byteLength, REPLY_HEADER_BYTES + 1, 'no signature');
    assert.is(STATUS_CODES[new Uint8Array(answer!)[REPLY_HEADER_BYTES]!], code);
  }
});

test('more operations or bytes than may be pending are refused', async () => {
  const writer = createFrameWriter(64);
  for (let i = 0; i < 1001; i++) writer.add(keys.ed25519.handle, 1, 0, new Uint8Array(1), undefined);
  assert.is(codeOf({ type: 'RAW', value: await vault.call('sign', [writer.finish()]) }), 'ERR_VAULT_BUSY');
  const large = frameOf(keys.ed25519.handle, 'ed25519', 17 * 1024 * 1024);
  assert.is(codeOf({ type: 'RAW', value: await vault.call('sign', [large]) }), 'ERR_VAULT_BUSY');
  await assertWorks(vault, keys);
});

test.run();
