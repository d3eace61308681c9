// What a program would do without a vault: call the native library with the key at hand. The key lies in shared
// WebAssembly memory, as in the vault's arena; each call gives a signature of its own, allocated in the fastest way.
import { loadBlst, loadSecp256k1, loadSodium } from '../../dist/workers/providers/native/load.js';
import type { Keep } from '../check.js';
import type { SignedType } from '../keys.js';
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

/** The bare signature of a type whose library is there. */
export const createBareSign = (type: SignedType, secret: Uint8Array): BareSign => {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const key = new Uint8Array(buffer, 0, 32);
  key.set(secret);
  switch (type) {
    case 'ed25519': {
      const sodium = loadSodium()!;
      const expanded = new Uint8Array(buffer, 64, 64);
      sodium.crypto_sign_seed_keypair(new Uint8Array(buffer, 128, 32), expanded, key);
      return (message) => {
        const signature = Buffer.allocUnsafe(SIGNATURE_BYTES);
        sodium.crypto_sign_detached(signature, message, expanded);
        return signature;
      };
    }
    case 'secp256k1': {
      const secp256k1 = loadSecp256k1()!;
      return (digest) => secp256k1.ecdsaSign(digest, key, {}, Buffer.allocUnsafe(SIGNATURE_BYTES)).signature;
    }
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
