// Opens keystores from end to end as the loader does, with noble for what the providers compute, on a small arena.
import { bls12_381 as bls } from '@noble/curves/bls12-381.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { VaultError } from '../../dist/src/errors.js';
import { NFKD_GROWTH } from '../../dist/workers/codec/nfkd.js';
import { checkCost, DEFAULT_KDF_LIMITS } from '../../dist/workers/kdf/cost.js';
import { createKdfs, type Kdfs } from '../../dist/workers/kdf/derive.js';
import { matchesPublicKey } from '../../dist/workers/keystore/address.js';
import {
  DERIVED_KEY_BYTES,
  type Keystore,
  type KeystoreKind,
  SECRET_BYTES,
} from '../../dist/workers/keystore/keystore.js';
import { openKeystore } from '../../dist/workers/keystore/open.js';
import { parseKeystore } from '../../dist/workers/keystore/parse.js';
import { processPassword } from '../../dist/workers/keystore/password.js';
import { loadSodium } from '../../dist/workers/providers/native/load.js';
import { toHex } from '../support/hex.js';

/** The part of the standard interface that is used here; node's own types leave it to the DOM's. */
declare const WebAssembly: {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const { buffer } = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
/** Arena; every view that is given out starts as zeros. */
export const arena: Uint8Array = new Uint8Array(buffer);
let used = 0;

/** Run with views of these lengths; they, and all of the arena, are zeroed afterwards. */
export const withArena = <T>(lengths: readonly number[], body: (...views: Uint8Array[]) => T): T => {
  const start = used;
  const views = lengths.map((length) => {
    const view = arena.subarray(used, used + length);
    used += length;
    return view;
  });
  try {
    return body(...views);
  } finally {
    arena.fill(0, start, used);
    used = start;
  }
};

export const kdfs: Kdfs = await createKdfs(loadSodium());
export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));

/** The public key of a secret in range, as a provider would compute it; undefined out of range. */
export const publicKeyOf = (kind: KeystoreKind, secret: Uint8Array): Uint8Array | undefined => {
  const scalar = BigInt(`0x${toHex(secret)}`);
  const order = kind === 'eip2335' ? bls.fields.Fr.ORDER : secp256k1.Point.Fn.ORDER;
  if (scalar === 0n || scalar >= order) return undefined;
  return kind === 'eip2335'
    ? bls.G1.Point.BASE.multiply(scalar).toBytes(true)
    : secp256k1.Point.BASE.multiply(scalar).toBytes(true);
};

/** What the password makes of a parsed keystore, as a copy. */
export const unlock = (keystore: Keystore, password: Uint8Array): Uint8Array =>
  withArena(
    [password.length, NFKD_GROWTH * password.length, DERIVED_KEY_BYTES, SECRET_BYTES],
    (given, processed, derivedKey, out) => {
      given.set(password);
      const length = processPassword(keystore.kind, given, processed, 'the password');
      kdfs.deriveFromPassword(keystore.kdf, processed.subarray(0, length), derivedKey);
      const secretBytes = openKeystore(keystore, derivedKey, out, 'a.json');
      return out.slice(0, secretBytes);
    },
  );

/** Every step that a loader takes, in its order. @throws {VaultError} as it would. */
export const openWhole = (json: Uint8Array | string, password: Uint8Array): Uint8Array => {
  const keystore = parseKeystore(json, 'a.json');
  checkCost(keystore.kdf, DEFAULT_KDF_LIMITS, 'a.json');
  const secret = unlock(keystore, password);
  const publicKey = publicKeyOf(keystore.kind, secret);
  if (publicKey === undefined) throw new VaultError('ERR_KEY_RANGE');
  if (!matchesPublicKey(keystore, publicKey)) throw new VaultError('ERR_PASSWORD');
  return secret;
};

export interface Outcome {
  /** Hex of the secret, when it opened. */
  readonly secret?: string;
  readonly code?: string;
  readonly message?: string;
}

/** What comes of a file: the secret, or the code of a VaultError. Any other error is thrown on. */
export const outcomeOf = (json: Uint8Array | string, password: Uint8Array): Outcome => {
  try {
    return { secret: toHex(openWhole(json, password)) };
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return { code: error.code, message: error.message };
  }
};
