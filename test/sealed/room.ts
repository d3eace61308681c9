// The arena memory that tests of the sealed file work in, and the AEAD that they work with. Apart from the rig, because
// the programs that tests kill load nothing else.
import type { KeyId, Operation } from '../../dist/src/wire/types.js';
import { PAGE_BYTES, STAGING_BYTES } from '../../dist/workers/arena/layout.js';
import type { Aead } from '../../dist/workers/providers/aead.js';
import { createNativeAead } from '../../dist/workers/providers/native/aead.js';
import { loadSodium } from '../../dist/workers/providers/native/load.js';
import type { NewRecord, WriterTools } from '../../dist/workers/sealed/change.js';

/** Not in node's own types. */
declare const WebAssembly: {
  readonly Memory: new (of: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const pages = Math.ceil((2 * STAGING_BYTES + 4096) / PAGE_BYTES);
const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
export const staging: Uint8Array = new Uint8Array(buffer, 0, STAGING_BYTES);
export const decoded: Uint8Array = new Uint8Array(buffer, STAGING_BYTES, STAGING_BYTES);
let keysAt = 2 * STAGING_BYTES;

/** A copy of bytes in arena memory, for good. */
export const inArena = (bytes: Uint8Array): Uint8Array => {
  const view = new Uint8Array(buffer, keysAt, bytes.length);
  keysAt += bytes.length;
  view.set(bytes);
  return view;
};

const NOTHING = Buffer.alloc(2 * STAGING_BYTES);
export const isWiped = (): boolean => NOTHING.equals(new Uint8Array(buffer, 0, 2 * STAGING_BYTES));

const sodium = loadSodium();
export const NO_SODIUM = 'sodium-native is missing on this machine';
export const nativeAead: Aead | undefined = sodium && createNativeAead(sodium);
/** What the tests of the file run on: the fast one, where it is there. */
export const aead: Aead = nativeAead ?? (await import('../../dist/workers/providers/noble/aead.js')).nobleAead;
export const tools: WriterTools = { aead, reading: staging, writing: decoded };

export interface TestRecord {
  readonly id: string;
  readonly type: string;
  readonly allow?: readonly Operation[];
  readonly created: number;
  readonly secret: Uint8Array;
}

export const asNew = ({ id, type, allow, created, secret }: TestRecord): NewRecord => ({
  id: id as KeyId,
  type,
  policy: allow === undefined ? {} : { allow },
  created,
  secretBytes: secret.length,
  copySecretTo: (view) => view.set(secret),
});
