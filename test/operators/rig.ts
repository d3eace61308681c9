// Operators on keys in a real arena (../providers/rig.ts), of both families; and boxes that the tests make by themselves.
import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import type { VaultErrorCode } from '../../dist/src/errors.js';
import { answerBytes, operatorCode, packInput } from '../../dist/src/wire/operators.js';
import type { FrameOperator, KeyType } from '../../dist/src/wire/types.js';
import { loadOperatorTools, OPERATOR_SCRATCH, runOperator } from '../../dist/workers/operators/operators.js';
import type { OperatorTools } from '../../dist/workers/operators/tools.js';
import {
  isWiped,
  loadKey,
  NO_NATIVE,
  native as nativeProviders,
  noble as nobleProviders,
  scratch,
} from '../providers/rig.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import type { TestSuite } from '../support/suite.js';

export { NO_NATIVE };
export const noble: OperatorTools = await loadOperatorTools('noble');
/** Undefined when a native package is missing on this machine. */
export const native: OperatorTools | undefined =
  nativeProviders === undefined ? undefined : await loadOperatorTools('native');

/** A test for each family; the native one is skipped, with the reason, where it is missing. */
export const testBoth = (test: TestSuite, name: string, body: (tools: OperatorTools) => void): void => {
  test(`${name} (noble)`, () => body(noble));
  testNative(test, `${name} (native)`, body);
};

export const testNative = (test: TestSuite, name: string, body: (native: OperatorTools) => void): void => {
  const tools = native;
  if (tools === undefined) test.skip(name, NO_NATIVE);
  else test(name, () => body(tools));
};

export interface TestKey {
  readonly type: KeyType;
  readonly secret: Uint8Array;
}

const random = seededRandom('operators/rig');
const MARK = 0xa5;

/** Run a packed input that is well-formed. It lies within other bytes, as in a frame, and so does its answer. */
export const runPacked = (
  tools: OperatorTools,
  { type, secret }: TestKey,
  name: FrameOperator,
  packed: Uint8Array,
): Uint8Array => {
  const length = answerBytes(operatorCode(name), packed, 0, packed.length);
  if (length === undefined) throw new Error('the input is malformed');
  const input = random.bytes(packed.length + 16).subarray(8, 8 + packed.length);
  input.set(packed);
  const around = new Uint8Array(length + 16).fill(MARK);
  const answer = around.subarray(8, 8 + length);
  const view = loadKey(nobleProviders[type], secret);
  const before = Uint8Array.from(view.expanded);
  scratch.fill(MARK);
  const isUntouched = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === MARK);
  try {
    runOperator(name, type, view, input, answer, scratch, tools);
    return Uint8Array.from(answer);
  } catch (error) {
    assert.ok(isWiped(answer), `${name} left something in the answer of a failure`);
    throw error;
  } finally {
    assert.ok(isWiped(scratch.subarray(0, OPERATOR_SCRATCH)), `${name} left something in the scratch`);
    assert.ok(isUntouched(scratch.subarray(OPERATOR_SCRATCH)), `${name} took more scratch than it says`);
    assert.ok(isUntouched(around.subarray(0, 8)) && isUntouched(around.subarray(-8)), `${name} wrote outside`);
    assert.equal(input, packed, `${name} changed its input`);
    assert.equal(Uint8Array.from(view.expanded), before, `${name} changed the key`);
    scratch.fill(0);
  }
};

/** Pack an input and run it. */
export const execute = (tools: OperatorTools, key: TestKey, name: FrameOperator, input: object): Uint8Array =>
  runPacked(tools, key, name, packInput(name, key.type, input));

/** The operator refuses, with this code; nothing is in the answer. */
export const refuses = (code: VaultErrorCode, run: () => unknown, what = 'the input'): void => {
  try {
    run();
  } catch (error) {
    if ((error as { code?: unknown }).code === code) return;
    throw error;
  }
  throw new Error(`${what}: expected ${code}, got an answer`);
};

const words = (bytes: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer);
const SIGMA = words(new TextEncoder().encode('expand 32-byte k'));

/** HSalsa20. */
export const hsalsaOf = (key: Uint8Array, input: Uint8Array): Uint8Array => {
  const out = new Uint32Array(8);
  hsalsa(SIGMA, words(key), words(input), out);
  return new Uint8Array(out.buffer);
};

export const boxNonce = (once: Uint8Array, reader: Uint8Array): Uint8Array =>
  blake2b(Buffer.concat([once, reader]), { dkLen: 24 });

/** A sealed box as libsodium documents it. */
export const sealTo = (reader: Uint8Array, message: Uint8Array, secret: Uint8Array): Uint8Array => {
  const once = x25519.getPublicKey(secret);
  const key = hsalsaOf(x25519.getSharedSecret(secret, reader), new Uint8Array(16));
  return Uint8Array.from(Buffer.concat([once, xsalsa20poly1305(key, boxNonce(once, reader)).encrypt(message)]));
};
