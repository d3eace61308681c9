// What a program would do without a vault: call the native library with the key at hand. The key lies in shared
// WebAssembly memory, as in the vault's arena; each call gives a signature of its own, allocated in the fastest way.
import type { Scheme } from 'strongroom';
import type { Slot } from '../../dist/src/wire/types.js';
import { createBip340 } from '../../dist/workers/providers/native/bip340.js';
import { loadBlst, loadSecp256k1, loadSodium } from '../../dist/workers/providers/native/load.js';
import { freshAuxRand } from '../../dist/workers/signer/aux-rand.js';
import type { Keep } from '../check.js';
import { DEFAULT_SCHEME, type SignedType } from '../keys.js';
import { bareLoop } from '../load.js';

/** The part of the standard WebAssembly interface that is used here; node's own types leave it to the DOM's. */
declare const WebAssembly: {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

export type BareSign = (message: Uint8Array) => Uint8Array;

const SIGNATURE_BYTES = 64;
/** Offsets in the shared memory; the key is at its start. */
const EXPANDED_AT = 64;
const PUBLIC_KEY_AT = 128;
const SCRATCH_AT = 256;
const SCRATCH_BYTES = 1024;

/** The name of the package, where it is not available. */
export const missingLibrary = (type: SignedType): string | undefined => {
  switch (type) {
    case 'ed25519':
      return loadSodium() === undefined ? 'sodium-native' : undefined;
    case 'secp256k1':
      return loadSecp256k1() === undefined ? 'secp256k1' : undefined;
    case 'bls12-381':
      return loadBlst() === undefined ? '@chainsafe/blst' : undefined;
  }
};

/** Our composition of BIP-340, called directly: neither package has the scheme. */
const createBareSchnorr = (buffer: SharedArrayBuffer, key: Uint8Array): BareSign => {
  const secp256k1 = loadSecp256k1()!;
  const publicKey = secp256k1.publicKeyCreate(key, true, new Uint8Array(buffer, PUBLIC_KEY_AT, 33));
  const view = { slot: 0 as Slot, secret: key, expanded: new Uint8Array(buffer, EXPANDED_AT, 64), publicKey };
  const scratch = new Uint8Array(buffer, SCRATCH_AT, SCRATCH_BYTES);
  const bip340 = createBip340(secp256k1, loadSodium()!);
  return (message) => {
    const signature = Buffer.allocUnsafe(SIGNATURE_BYTES);
    bip340.sign(view, message, signature, scratch, freshAuxRand());
    return signature;
  };
};

/** The bare signature of a type whose library is there; schnorr takes sodium-native as well. */
export const createBareSign = (
  type: SignedType,
  secret: Uint8Array,
  scheme: Scheme = DEFAULT_SCHEME[type],
): BareSign => {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const key = new Uint8Array(buffer, 0, 32);
  key.set(secret);
  switch (scheme) {
    case 'ed25519': {
      const sodium = loadSodium()!;
      const expanded = new Uint8Array(buffer, EXPANDED_AT, 64);
      sodium.crypto_sign_seed_keypair(new Uint8Array(buffer, PUBLIC_KEY_AT, 32), expanded, key);
      return (message) => {
        const signature = Buffer.allocUnsafe(SIGNATURE_BYTES);
        sodium.crypto_sign_detached(signature, message, expanded);
        return signature;
      };
    }
    case 'ecdsa': {
      const secp256k1 = loadSecp256k1()!;
      return (digest) => secp256k1.ecdsaSign(digest, key, {}, Buffer.allocUnsafe(SIGNATURE_BYTES)).signature;
    }
    case 'ecdsa-recoverable': {
      const secp256k1 = loadSecp256k1()!;
      return (digest) => {
        const signature = Buffer.allocUnsafe(SIGNATURE_BYTES + 1);
        const { recid } = secp256k1.ecdsaSign(digest, key, {}, signature.subarray(0, SIGNATURE_BYTES));
        signature[SIGNATURE_BYTES] = recid;
        return signature;
      };
    }
    case 'schnorr':
      return createBareSchnorr(buffer, key);
    case 'bls12-381': {
      // The library signs only with an object of its own; a program that signs much keeps it.
      const object = loadBlst()!.SecretKey.fromBytes(key);
      return (message) => object.sign(message).toBytes();
    }
  }
};

/** Signatures per second of one bare loop in this thread. */
export const runBareLoop = (seconds: number, keep: Keep, sign: BareSign, messages: readonly Uint8Array[]): number =>
  bareLoop(seconds, keep, (i) => sign(messages[i % messages.length]!));
