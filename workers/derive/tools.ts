// What derivation calls of the cryptographic libraries, of one provider: the hashes of secrets, and secp256k1's point.
import type { ProviderName } from '../../src/wire/types.js';
import { loadNativeModules, type NativeModules, type Secp256k1 } from '../providers/native/load.js';
import { createNativeSecretHashes } from '../providers/native/secret-hashes.js';
import type { SecretHashes } from '../providers/secret-hashes.js';

export interface DeriveTools {
  readonly hashes: SecretHashes;
  /** Writes the compressed secp256k1 public key, 33 bytes, of a 32-byte secret in 1..n-1. */
  publicKeyOf(secret: Uint8Array, publicKey: Uint8Array): void;
}

/** In place, in the arena. The library leaves scalars on this thread's stack (wipe-stack.ts). */
export const nativePublicKeyOf =
  (secp256k1: Secp256k1): DeriveTools['publicKeyOf'] =>
  (secret, publicKey) => {
    secp256k1.publicKeyCreate(secret, true, publicKey);
  };

/** noble takes long to load, and serves only where the native libraries are missing or not wanted. */
const loadNobleTools = async (): Promise<DeriveTools> => {
  const { nobleSecretHashes } = await import('../providers/noble/secret-hashes.js');
  const { secp256k1 } = await import('@noble/curves/secp256k1.js');
  return {
    hashes: nobleSecretHashes,
    publicKeyOf: (secret, publicKey) => publicKey.set(secp256k1.getPublicKey(secret, true)),
  };
};

/**
 * The tools of this thread: native where sodium-native and secp256k1 load, unless noble is wanted.
 *
 * @param modules - the native libraries; by default what this machine has.
 */
export const loadDeriveTools = async (
  wanted: 'auto' | ProviderName,
  modules: NativeModules = loadNativeModules(),
): Promise<DeriveTools> => {
  const { sodium, secp256k1 } = modules;
  if (wanted === 'noble' || sodium === undefined || secp256k1 === undefined) return loadNobleTools();
  return { hashes: createNativeSecretHashes(sodium), publicKeyOf: nativePublicKeyOf(secp256k1) };
};
