// Packed frames: what the writer packs is what the layout says, at any size.
import { randomUUID } from 'node:crypto';
import { VAULT_ERROR_CODES, type VaultErrorCode } from '../../dist/src/errors.js';
import {
  createFrameWriter,
  FLAG_AUX_RAND,
  FRAME_MAGIC,
  hashCode,
  hashOf,
  operationBytes,
  SIGNATURE_BYTES_BY_CODE,
  STATUS_CODES,
  schemeCode,
  schemeOf,
  statusOf,
} from '../../dist/src/wire/frame.js';
import { HASHES, SCHEMES, SIGNATURE_BYTES, type Slot } from '../../dist/src/wire/types.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const random = seededRandom('unit/frame');
const test = suite('frames');
const handle = (slot: number, generation = 0) => ({ slot: slot as Slot, generation });

test('codes of schemes and hashes lead back to their names, and other numbers to none', () => {
  for (const scheme of SCHEMES) {
    assert.is(schemeOf(schemeCode(scheme)), scheme);
    assert.is(SIGNATURE_BYTES_BY_CODE[schemeCode(scheme)], SIGNATURE_BYTES[scheme]);
  }
  for (const hash of HASHES) assert.is(hashOf(hashCode(hash)), hash);
  assert.is(hashCode(undefined), 0);
  for (const code of [0, SCHEMES.length + 1, 255]) assert.is(schemeOf(code), undefined);
  for (const code of [0, HASHES.length + 1, 255]) assert.is(hashOf(code), undefined);
});

test('every status is a code of VaultError, 0 is none, and a code without a status is an internal error', () => {
  assert.is(STATUS_CODES[0], 'OK');
  assert.ok(STATUS_CODES.length <= 256, 'a status is one byte');
  for (const code of STATUS_CODES.slice(1)) {
    assert.ok(code in VAULT_ERROR_CODES, code);
    assert.is(STATUS_CODES[statusOf(code as VaultErrorCode)], code);
  }
  for (const code of Object.keys(VAULT_ERROR_CODES) as VaultErrorCode[]) assert.ok(statusOf(code) > 0, code);
  assert.is(STATUS_CODES[statusOf('ERR_SETTINGS')], 'ERR_INTERNAL');
});

test('a frame holds its operations one after another, each from a multiple of four', () => {
  for (const room of [0, 1, 100, 1 << 16]) {
    const writer = createFrameWriter(room);
    const written = Array.from({ length: 300 }, (_, i) => ({
      handle: handle(random.int(0xffff_ffff), random.int(0xffff_ffff)),
      scheme: 1 + random.int(SCHEMES.length),
      hash: random.int(HASHES.length + 1),
      message: random.bytes(i % 67 === 66 ? 5000 : random.int(70)),
      auxRand: random.int(3) === 0 ? random.bytes(32) : undefined,
    }));
    written.forEach(({ handle, scheme, hash, message, auxRand }, i) => {
      writer.add(handle, scheme, hash, message, auxRand);
      assert.is(writer.count, i + 1);
    });
    const { byteLength } = writer;
    const frame = writer.finish();
    assert.is(frame.byteLength, byteLength, 'no more than what was written leaves');
    const words = new Uint32Array(frame);
    assert.equal([words[0], words[1]], [FRAME_MAGIC, 300]);
    let at = 8;
    for (const { handle, scheme, hash, message, auxRand } of written) {
      assert.is(at % 4, 0);
      const header = Array.from(words.subarray(at / 4, at / 4 + 4));
      const flags = auxRand === undefined ? 0 : FLAG_AUX_RAND;
      const packed = scheme + hash * 0x100 + flags * 0x100_0000;
      assert.equal(header, [handle.slot, handle.generation, message.length, packed]);
      const start = at + 16 + (auxRand?.length ?? 0);
      if (auxRand !== undefined) equalBytes(new Uint8Array(frame, at + 16, 32), auxRand);
      equalBytes(new Uint8Array(frame, start, message.length), message);
      at += operationBytes(message.length, flags);
    }
    assert.is(at, frame.byteLength);
  }
});

test('padding is zeros: a frame carries nothing of other frames', () => {
  const writer = createFrameWriter(0);
  for (let i = 0; i < 40; i++) writer.add(handle(0), 1, 0, new Uint8Array(1 + (i % 3)).fill(0xff), undefined);
  const bytes = new Uint8Array(writer.finish());
  let at = 8;
  for (let i = 0; i < 40; i++) {
    const length = 1 + (i % 3);
    assert.ok(bytes.subarray(at + 16 + length, at + operationBytes(length, 0)).every((byte) => byte === 0));
    at += operationBytes(length, 0);
  }
});

test('a message is copied, whatever memory it lies in', () => {
  const text = new TextEncoder().encode(randomUUID());
  const shared = new Uint8Array(new SharedArrayBuffer(text.length));
  shared.set(text);
  const writer = createFrameWriter(0);
  writer.add(handle(0), 1, 0, shared, undefined);
  writer.add(handle(0), 1, 0, Buffer.from(text), undefined);
  shared.fill(0);
  const frame = writer.finish();
  equalBytes(new Uint8Array(frame, 8 + 16, text.length), text);
  equalBytes(new Uint8Array(frame, 8 + operationBytes(text.length, 0) + 16, text.length), text);
});

test('an empty message takes a header and nothing more', () => {
  const writer = createFrameWriter(0);
  writer.add(handle(7, 9), 1, 0, new Uint8Array(0), undefined);
  assert.is(writer.finish().byteLength, 8 + 16);
});

test.run();
