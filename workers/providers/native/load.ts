// Loads the native libraries, which are optional dependencies, once per thread. The interfaces name the functions that
// this package calls and nothing else: what is not here is not used.
import '../../no-report.js';
import { createRequire } from 'node:module';

/** sodium-native. What signs, loads or hashes works on views over shared memory; `crypto_sign_verify_detached` does not. */
export interface Sodium {
  sodium_mlock(bytes: Uint8Array): void;
  sodium_munlock(bytes: Uint8Array): void;
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  /** Over shared memory it answers undefined, whatever the signature: give it copies. */
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  /** Canonical, not of small order, and in the subgroup of prime order. */
  crypto_core_ed25519_is_valid_point(point: Uint8Array): boolean;
  crypto_scalarmult_base(publicKey: Uint8Array, secret: Uint8Array): void;
  /** Throws for a point of low order. */
  crypto_scalarmult(shared: Uint8Array, secret: Uint8Array, publicKey: Uint8Array): void;
  crypto_box_seal(sealed: Uint8Array, message: Uint8Array, publicKey: Uint8Array): void;
  /**
   * Takes a secret key in shared memory, unlike `crypto_box_seal_open`, which then opens nothing and answers undefined.
   * The message is not touched where the answer is false.
   */
  crypto_box_open_easy(
    message: Uint8Array,
    sealed: Uint8Array,
    nonce: Uint8Array,
    publicKey: Uint8Array,
    secret: Uint8Array,
  ): boolean;
  /** BLAKE2b. Over shared memory it writes nothing. */
  crypto_generichash(digest: Uint8Array, message: Uint8Array): void;
  crypto_hash_sha256(digest: Uint8Array, message: Uint8Array): void;
  readonly crypto_hash_sha256_STATEBYTES: number;
  crypto_hash_sha256_init(state: Uint8Array): void;
  crypto_hash_sha256_update(state: Uint8Array, message: Uint8Array): void;
  crypto_hash_sha256_final(state: Uint8Array, digest: Uint8Array): void;
  readonly crypto_pwhash_ALG_ARGON2ID13: number;
  /** Throws where the memory is not to be had. `memory` is in bytes. */
  crypto_pwhash(
    out: Uint8Array,
    password: Uint8Array,
    salt: Uint8Array,
    passes: number,
    memory: number,
    algorithm: number,
  ): void;
  crypto_hash_sha512(digest: Uint8Array, message: Uint8Array): void;
  readonly crypto_hash_sha512_STATEBYTES: number;
  crypto_hash_sha512_init(state: Uint8Array): void;
  crypto_hash_sha512_update(state: Uint8Array, message: Uint8Array): void;
  crypto_hash_sha512_final(state: Uint8Array, digest: Uint8Array): void;
  /** Takes views over shared memory. `nonceSecret` is unused and null. */
  crypto_aead_xchacha20poly1305_ietf_encrypt(
    sealed: Uint8Array,
    plaintext: Uint8Array,
    associated: Uint8Array,
    nonceSecret: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  /** Throws when the tag is wrong. */
  crypto_aead_xchacha20poly1305_ietf_decrypt(
    plaintext: Uint8Array,
    nonceSecret: null,
    sealed: Uint8Array,
    associated: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
}

/** The native binding of the package secp256k1. The private key functions change their first argument in place. */
export interface Secp256k1 {
  contextRandomize(seed: Uint8Array): void;
  privateKeyNegate(secret: Uint8Array): Uint8Array;
  privateKeyTweakAdd(secret: Uint8Array, tweak: Uint8Array): Uint8Array;
  privateKeyTweakMul(secret: Uint8Array, tweak: Uint8Array): Uint8Array;
  publicKeyCreate(secret: Uint8Array, compressed: true, output: Uint8Array): Uint8Array;
  /**
   * The product, in constant time: its coordinates are written into `xbuf` and `ybuf`, 32 bytes each. What `hashfn`
   * answers must be as long as `output`; it passes through memory that the binding frees without zeroing it.
   */
  ecdh(
    publicKey: Uint8Array,
    secret: Uint8Array,
    options: { readonly hashfn: () => Uint8Array; readonly xbuf: Uint8Array; readonly ybuf: Uint8Array },
    output: Uint8Array,
  ): Uint8Array;
  publicKeyTweakAdd(publicKey: Uint8Array, tweak: Uint8Array, compressed: true, output: Uint8Array): Uint8Array;
  publicKeyTweakMul(publicKey: Uint8Array, tweak: Uint8Array, compressed: true, output: Uint8Array): Uint8Array;
  ecdsaSign(
    digest: Uint8Array,
    secret: Uint8Array,
    options: object,
    output: Uint8Array,
  ): { readonly signature: Uint8Array; readonly recid: number };
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean;
  ecdsaRecover(
    signature: Uint8Array,
    recoveryId: number,
    digest: Uint8Array,
    compressed: true,
    output: Uint8Array,
  ): Uint8Array;
}

export interface BlstPublicKey {
  toBytes(): Uint8Array;
}
export interface BlstSignature {
  toBytes(): Uint8Array;
}
export interface BlstSecretKey {
  toPublicKey(): BlstPublicKey;
  sign(message: Uint8Array): BlstSignature;
}

/** @chainsafe/blst. It signs under BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_, fixed in the library. */
export interface Blst {
  readonly SecretKey: { fromBytes(bytes: Uint8Array): BlstSecretKey };
  readonly PublicKey: { fromBytes(bytes: Uint8Array, validate: boolean): BlstPublicKey };
  readonly Signature: { fromBytes(bytes: Uint8Array, groupCheck: boolean, infinityCheck: boolean): BlstSignature };
  verify(message: Uint8Array, publicKey: BlstPublicKey, signature: BlstSignature): boolean;
  aggregateSerializedSignatures(signatures: readonly Uint8Array[], groupCheck: boolean): BlstSignature;
}

export interface NativeModules {
  readonly sodium: Sodium | undefined;
  readonly secp256k1: Secp256k1 | undefined;
  readonly blst: Blst | undefined;
}

const require = createRequire(import.meta.url);

/** A loader that tries once: a module that is absent, or has no binary for this machine, stays undefined. */
const once = <T>(load: () => unknown): (() => T | undefined) => {
  let tried = false;
  let loaded: T | undefined;
  return () => {
    if (!tried) {
      tried = true;
      try {
        loaded = load() as T;
      } catch {
        loaded = undefined;
      }
    }
    return loaded;
  };
};

export const loadSodium: () => Sodium | undefined = once(() => require('sodium-native'));

/** The native binding only. The package's index.js would fall back to JavaScript on elliptic, which has advisories. */
export const loadSecp256k1: () => Secp256k1 | undefined = once(() =>
  createRequire(require.resolve('secp256k1/package.json'))('./bindings.js'),
);

export const loadBlst: () => Blst | undefined = once(() => require('@chainsafe/blst'));

export const loadNativeModules = (): NativeModules => ({
  sodium: loadSodium(),
  secp256k1: loadSecp256k1(),
  blst: loadBlst(),
});
