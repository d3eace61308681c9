// Derivation over arena memory: seeds and texts are staged there, and each call must leave its scratch zeroed.

import { type KeyPath, parsePath } from '../../dist/src/wire/path.js';
import type { KeyType } from '../../dist/src/wire/types.js';
import { PAGE_BYTES, SCRATCH_BYTES } from '../../dist/workers/arena/layout.js';
import { DERIVE_SCRATCH, deriveSecret } from '../../dist/workers/derive/derive.js';
import { type DeriveTools, loadDeriveTools } from '../../dist/workers/derive/tools.js';
import { loadNativeModules } from '../../dist/workers/providers/native/load.js';
import { assert } from '../support/assert.js';
import type { TestSuite } from '../support/suite.js';

/** The part of the standard interface that is used here; node's own types leave it to the DOM's. */
declare const WebAssembly: {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const PAGES = 2;
const { buffer } = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
const view = (from: number, length: number): Uint8Array => new Uint8Array(buffer, from, length);

/** As much as a thread has. */
export const scratch: Uint8Array = view(128, SCRATCH_BYTES);
export const room: Uint8Array = view(8192, 32_768);
export const out32: Uint8Array = view(4096, 32);
export const out64: Uint8Array = view(4160, 64);
const STAGED_AT = PAGE_BYTES;

/** A copy of bytes in the arena; valid until the next call for the same place. */
export const staged = (bytes: Uint8Array, at = 0): Uint8Array => {
  const copy = view(STAGED_AT + at, bytes.length);
  copy.set(bytes);
  return copy;
};

export const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

const UNTOUCHED = 0xa5;

/**
 * Run a call that takes `used` bytes of scratch. Each must be zero afterwards, or as it was before the call; those
 * behind them must be as they were.
 */
export const wiping = <T>(used: number, call: () => T): T => {
  scratch.fill(UNTOUCHED);
  try {
    return call();
  } finally {
    const isClean = scratch.every((byte, i) => byte === UNTOUCHED || (byte === 0 && i < used));
    scratch.fill(0);
    assert.ok(isClean, 'the scratch is wiped');
  }
};

/** Bytes of the scratch that are in use, inside {@link wiping}. */
export const inUse = (): number => scratch.filter((byte) => byte !== UNTOUCHED && byte !== 0).length;

export const noble: DeriveTools = await loadDeriveTools('noble');
const { sodium, secp256k1 } = loadNativeModules();
const NO_NATIVE = 'sodium-native or secp256k1 is missing';
/** Undefined where a native package is missing. */
export const native: DeriveTools | undefined =
  sodium === undefined || secp256k1 === undefined ? undefined : await loadDeriveTools('native');

export const testNative = (
  test: TestSuite,
  name: string,
  body: (native: DeriveTools) => void | Promise<void>,
): void => {
  const tools = native;
  if (tools === undefined) test.skip(name, NO_NATIVE);
  else test(name, () => body(tools));
};

/** A test for the native tools, skipped where they are missing, and one for noble's. */
export const testBoth = (test: TestSuite, name: string, body: (tools: DeriveTools) => void | Promise<void>): void => {
  test(`${name} (noble)`, () => body(noble));
  testNative(test, `${name} (native)`, body);
};

/** A path that must be one. */
export const pathOf = (type: KeyType, text: string): KeyPath => {
  const path = parsePath(type, text);
  if (typeof path === 'string') throw new Error(`${text}: ${path}`);
  return path;
};

/** Derive into the arena; the copy is for comparison. The seeds of these tests are published or drawn for them. */
export const derived = (type: KeyType, seed: Uint8Array, path: string, tools: DeriveTools): Uint8Array => {
  const steps = pathOf(type, path);
  wiping(DERIVE_SCRATCH, () => deriveSecret(type, staged(seed), steps, out32, scratch, tools));
  return Uint8Array.from(out32);
};
