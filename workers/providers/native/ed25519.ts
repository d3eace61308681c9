// Ed25519 over libsodium. The key stays in its slot as seed ‖ public key; libsodium zeroes its own intermediates.
import { KEY_TYPE_FACTS, SIGNATURE_BYTES } from '../../../src/wire/types.js';
import type { KeyProvider } from '../provider.js';
import { checkRoom, unsupportedScheme } from '../refuse.js';
import type { Sodium } from './load.js';

const { secretBytes, publicKeyBytes } = KEY_TYPE_FACTS.ed25519;

/** Whether noble's strict rule takes a signature. */
type StrictRule = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;

/** noble takes longer to load than libsodium: it is loaded when a thread first verifies. */
const loadStrictRule = async (): Promise<StrictRule> => {
  const { ed25519 } = await import('@noble/curves/ed25519.js');
  return (signature, message, publicKey) => ed25519.verify(signature, message, publicKey, { zip215: false });
};

/** Public bytes as libsodium's verification can read them: it does not take views over shared memory. */
const unshared = (bytes: Uint8Array): Uint8Array =>
  bytes.buffer instanceof SharedArrayBuffer ? Uint8Array.from(bytes) : bytes;

/**
 * The rule is RFC 8032 §5.1.7 with canonical encodings, no small-order key and the cofactored equation, whatever the
 * provider. libsodium accepts a subset of it: its equation has no cofactor. So only a refusal needs a second look, and
 * only when the key or R has a part of small order: without one the two equations are the same. noble then decides.
 */
const isRefusedWrongly = (
  sodium: Sodium,
  strictRule: StrictRule | undefined,
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean => {
  const isSettled =
    sodium.crypto_core_ed25519_is_valid_point(publicKey) === true &&
    sodium.crypto_core_ed25519_is_valid_point(signature.subarray(0, publicKeyBytes)) === true;
  if (isSettled) return false;
  if (strictRule === undefined) throw new Error('prepareToVerify() was not called in this thread');
  return strictRule(signature, message, publicKey);
};

export const createNativeEd25519 = (sodium: Sodium): KeyProvider => {
  let strictRule: StrictRule | undefined;
  return {
    name: 'native',
    keyType: 'ed25519',
    residue: 'none',

    load(secret, view, scratch) {
      // The key pair is wrong when its output overlaps the seed, so the seed is read from a copy.
      const seed = scratch.subarray(0, secretBytes);
      try {
        seed.set(secret);
        sodium.crypto_sign_seed_keypair(view.publicKey.subarray(0, publicKeyBytes), view.expanded, seed);
      } finally {
        seed.fill(0);
      }
    },

    sign(view, _generation, scheme, message, signature) {
      if (scheme !== 'ed25519') throw unsupportedScheme('ed25519', scheme);
      checkRoom(scheme, signature);
      sodium.crypto_sign_detached(signature, message, view.expanded);
    },

    verify(publicKey, scheme, message, signature) {
      if (scheme !== 'ed25519') return false;
      if (publicKey.length !== publicKeyBytes || signature.length !== SIGNATURE_BYTES.ed25519) return false;
      const inputs = [unshared(signature), unshared(message), unshared(publicKey)] as const;
      return sodium.crypto_sign_verify_detached(...inputs) === true || isRefusedWrongly(sodium, strictRule, ...inputs);
    },

    async prepareToVerify() {
      strictRule ??= await loadStrictRule();
    },

    forget: () => false,
  };
};
