// From a source to a slot: reads the source into staging, decodes it, checks its range, lets the provider put it into
// its slot, and wipes every area it used. Bytes to bytes, in the arena; nothing of a secret leaves this call.
import { VaultError } from '../../src/errors.js';
import type { WireKeySpec } from '../../src/wire/specs.js';
import type { KeyHandle, KeyType, Slot } from '../../src/wire/types.js';
import type { Arena } from '../arena/arena.js';
import type { KeyStore } from '../arena/key-store.js';
import { decodeKey } from '../codec/decode.js';
import type { Providers } from '../providers/provider.js';
import { publicKeyOf } from '../providers/public-key.js';
import { isInRange } from '../providers/range.js';
import { readKeyFile } from '../sources/file.js';
import { generateSecret } from '../sources/generate.js';
import { wipeStack } from '../wipe-stack.js';
import type { HeldValues } from './held-values.js';

export interface LoadedKey {
  readonly handle: KeyHandle;
  /** A copy. */
  readonly publicKey: Uint8Array;
}

export interface KeyLoader {
  /**
   * Load a key and enter it where it can be found. If that throws, the key is wiped and its slot is free.
   *
   * @throws {VaultError} a code of the source, the encoding, the key or the arena; and what `enter` throws.
   */
  load<T>(spec: WireKeySpec, enter: (loaded: LoadedKey) => T): T;
}

export const createKeyLoader = (
  arena: Arena,
  store: KeyStore,
  held: HeldValues,
  providers: Providers,
  scratch: Uint8Array,
): KeyLoader => {
  /** Bring the source's secret into `arena.decoded`; returns its length. */
  const fetchSecret = ({ source, type }: WireKeySpec): number => {
    const { staging, decoded } = arena;
    switch (source.kind) {
      case 'generate':
        return generateSecret(type, decoded);
      case 'file': {
        const length = readKeyFile(source.path, { allowSharedFile: source.allowSharedFile }, staging);
        return decodeKey(staging.subarray(0, length), source.encoding, type, decoded, `file ${source.path}`);
      }
      case 'env': {
        const place = `environment variable ${source.name}`;
        const value =
          source.handoff === undefined
            ? stageView(staging, held.variable(source.name), place)
            : stageHandoff(staging, held.handoff(source.handoff, place), place);
        return decodeKey(value, source.encoding, type, decoded, place);
      }
      case 'bytes': {
        const value = stageHandoff(staging, held.handoff(source.handoff, 'bytes'), 'bytes');
        return decodeKey(value, source.encoding, type, decoded, 'bytes');
      }
    }
  };

  /** Fill a slot, and wipe every other area. */
  const fillSlot = (spec: WireKeySpec, onTaken: (slot: Slot) => void): LoadedKey => {
    try {
      const length = fetchSecret(spec);
      const secret = arena.decoded.subarray(0, length);
      if (!isInRange(spec.type, secret)) throw outOfRange(spec.type);
      const handle = store.add((view) => providers[spec.type].load(secret, view, scratch));
      onTaken(handle.slot);
      return { handle, publicKey: publicKeyOf(store.view(handle.slot), spec.type).slice() };
    } finally {
      // The only copies outside the slot. `fill` on shared memory is not optimised away.
      arena.staging.fill(0);
      arena.decoded.fill(0);
      scratch.fill(0);
      wipeStack();
    }
  };

  return {
    load(spec, enter) {
      let taken: Slot | undefined;
      try {
        const loaded = fillSlot(spec, (slot) => {
          taken = slot;
        });
        return enter(loaded);
      } catch (error) {
        // A key that no entry names could never be released.
        if (taken !== undefined) {
          store.wipe(taken);
          providers[spec.type].forget(taken);
          store.free(taken);
        }
        throw error;
      }
    },
  };
};

const outOfRange = (type: KeyType): VaultError =>
  new VaultError(
    'ERR_KEY_RANGE',
    type === 'secp256k1' || type === 'bls12-381'
      ? `a ${type} key is a number from 1 to below the order of the group; this one is not`
      : `an ${type} key of zeros only`,
  );

const stageView = (staging: Uint8Array, value: Uint8Array | undefined, place: string): Uint8Array => {
  if (value === undefined) throw new VaultError('ERR_SOURCE_NOT_FOUND', `${place}: not set`);
  staging.set(value);
  return staging.subarray(0, value.length);
};

const stageHandoff = (staging: Uint8Array, value: Uint8Array | undefined, place: string): Uint8Array => {
  if (value === undefined) throw new VaultError('ERR_SOURCE_NOT_FOUND', `${place}: nothing was handed off`);
  try {
    staging.set(value);
    return staging.subarray(0, value.length);
  } finally {
    value.fill(0);
  }
};
