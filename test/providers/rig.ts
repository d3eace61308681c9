// A small real arena (shared WebAssembly memory with slots, scratch and staging) and the providers of this machine.

import { KEY_TYPE_FACTS, type Scheme, SIGNATURE_BYTES, type Slot } from '../../dist/src/wire/types.js';
import { layoutFor, PAGE_BYTES, SCRATCH_BYTES, SEAT_CONTROL_BYTES } from '../../dist/workers/arena/layout.js';
import { openSlots, type SlotView } from '../../dist/workers/arena/slots.js';
import { chooseProviders } from '../../dist/workers/providers/choose.js';
import { loadNativeModules } from '../../dist/workers/providers/native/load.js';
import type { KeyProvider, Providers } from '../../dist/workers/providers/provider.js';
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

const layout = layoutFor(8, 1, 0);
const pages = layout.byteLength / PAGE_BYTES;
const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const slots = openSlots(buffer, layout);
const staging = new Uint8Array(buffer, layout.stagingOffset, 4096);

export const scratch: Uint8Array = new Uint8Array(buffer, layout.seatsOffset + SEAT_CONTROL_BYTES, SCRATCH_BYTES);
export const slotView = (slot: number): SlotView => slots.view(slot as Slot);

/** A copy of bytes in the arena, as secrets lie before they are loaded; valid until the next call. */
export const staged = (bytes: Uint8Array, at = 0): Uint8Array => {
  const view = staging.subarray(at, at + bytes.length);
  view.set(bytes);
  return view;
};

export const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** Load a key into a zeroed slot. */
export const loadKey = (provider: KeyProvider, secret: Uint8Array, slot = 0): SlotView => {
  const view = slotView(slot);
  view.expanded.fill(0);
  view.publicKey.fill(0);
  provider.load(staged(secret), view, scratch);
  return view;
};

export const publicKeyIn = (view: SlotView, provider: KeyProvider): Uint8Array =>
  Uint8Array.from(view.publicKey.subarray(0, KEY_TYPE_FACTS[provider.keyType].publicKeyBytes));

let generation = 0;

/** Load a key and sign with it; the scratch must be wiped afterwards. */
export const loadAndSign = (
  provider: KeyProvider,
  secret: Uint8Array,
  scheme: Scheme,
  message: Uint8Array,
  auxRand?: Uint8Array,
): { readonly publicKey: Uint8Array; readonly signature: Uint8Array; readonly view: SlotView } => {
  const view = loadKey(provider, secret);
  const signature = new Uint8Array(SIGNATURE_BYTES[scheme]);
  provider.sign(view, ++generation, scheme, message, signature, scratch, auxRand);
  assert.ok(isWiped(scratch), `${provider.name} ${scheme} left something in the scratch`);
  return { publicKey: publicKeyIn(view, provider), signature, view };
};

export const noble: Providers = (await chooseProviders('noble')).providers;

const missing = Object.entries(loadNativeModules()).filter(([, module]) => module === undefined);
export const NO_NATIVE: string = `native libraries are missing: ${missing.map(([name]) => name).join(', ')}`;

/** Undefined when a native package is missing on this machine. */
export const native: Providers | undefined =
  missing.length > 0 ? undefined : (await chooseProviders('native')).providers;

/** A test for each family of providers; the native one is skipped, with the reason, where it is missing. */
export const testBoth = (test: TestSuite, name: string, body: (providers: Providers) => void): void => {
  test(`${name} (noble)`, () => body(noble));
  testNative(test, `${name} (native)`, body);
};

export const testNative = (test: TestSuite, name: string, body: (native: Providers) => void): void => {
  const providers = native;
  if (providers === undefined) test.skip(name, NO_NATIVE);
  else test(name, () => body(providers));
};

export const flipBit = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
};

/** A big-endian scalar of 32 bytes. */
export const scalar = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
