// secp256k1 over libsecp256k1: ECDSA here, BIP-340 beside it (bip340.ts). Secrets are read from their slots in place.
import { randomFillSync } from 'node:crypto';
import { DIGEST_BYTES, KEY_TYPE_FACTS, SIGNATURE_BYTES } from '../../../src/wire/types.js';
import type { KeyProvider } from '../provider.js';
import { isBelow, reduceOnce, SECP256K1_ORDER } from '../range.js';
import { checkDigestAndRoom, unsupportedScheme } from '../refuse.js';
import { createBip340 } from './bip340.js';
import type { Secp256k1, Sodium } from './load.js';

const { publicKeyBytes } = KEY_TYPE_FACTS.secp256k1;
const compactBytes = SIGNATURE_BYTES.ecdsa;
const MAX_RECOVERY_ID = 3;

/** Blinds the library's multiplications against side channels; results do not change. */
const blind = (secp256k1: Secp256k1): void => {
  const seed = new Uint8Array(32);
  try {
    secp256k1.contextRandomize(randomFillSync(seed));
  } finally {
    seed.fill(0);
  }
};

/**
 * The digest modulo the group order. RFC 6979 §3.2 step d derives the nonce from the reduced digest (bits2octets); this
 * version of the library feeds it unreduced, and would sign the rare digest that is not below the order otherwise than
 * other libraries do.
 */
const reduceDigest = (digest: Uint8Array): Uint8Array => {
  if (isBelow(digest, SECP256K1_ORDER) === 1) return digest;
  const reduced = Uint8Array.from(digest);
  reduceOnce(reduced, SECP256K1_ORDER);
  return reduced;
};

export const createNativeSecp256k1 = (secp256k1: Secp256k1, sodium: Sodium): KeyProvider => {
  blind(secp256k1);
  const bip340 = createBip340(secp256k1, sodium);
  const recovered = new Uint8Array(publicKeyBytes);

  /** Low-s only: the library's verification refuses a high one. */
  const verifyEcdsa = (publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean => {
    if (signature.length !== compactBytes || digest.length !== DIGEST_BYTES) return false;
    return secp256k1.ecdsaVerify(signature, digest, publicKey) === true;
  };

  const verifyRecoverable = (publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean => {
    const recoveryId = signature[compactBytes];
    if (signature.length !== SIGNATURE_BYTES['ecdsa-recoverable'] || recoveryId === undefined) return false;
    if (recoveryId > MAX_RECOVERY_ID) return false;
    const compact = signature.subarray(0, compactBytes);
    if (!verifyEcdsa(publicKey, digest, compact)) return false;
    secp256k1.ecdsaRecover(compact, recoveryId, digest, true, recovered);
    return recovered.every((byte, i) => byte === publicKey[i]);
  };

  return {
    name: 'native',
    keyType: 'secp256k1',
    residue: 'none',

    load(secret, view) {
      view.secret.set(secret);
      secp256k1.publicKeyCreate(view.secret, true, view.publicKey.subarray(0, publicKeyBytes));
    },

    sign(view, _generation, scheme, message, signature, scratch, auxRand) {
      switch (scheme) {
        case 'ecdsa':
          checkDigestAndRoom(scheme, message, signature);
          secp256k1.ecdsaSign(reduceDigest(message), view.secret, {}, signature);
          return;
        case 'ecdsa-recoverable': {
          checkDigestAndRoom(scheme, message, signature);
          const { recid } = secp256k1.ecdsaSign(
            reduceDigest(message),
            view.secret,
            {},
            signature.subarray(0, compactBytes),
          );
          signature[compactBytes] = recid;
          return;
        }
        case 'schnorr':
          bip340.sign(view, message, signature, scratch, auxRand);
          return;
        default:
          throw unsupportedScheme('secp256k1', scheme);
      }
    },

    verify(publicKey, scheme, message, signature) {
      if (publicKey.length !== publicKeyBytes) return false; // the library would take uncompressed points too
      try {
        switch (scheme) {
          case 'ecdsa':
            return verifyEcdsa(publicKey, message, signature);
          case 'ecdsa-recoverable':
            return verifyRecoverable(publicKey, message, signature);
          case 'schnorr':
            return bip340.verify(publicKey, message, signature);
          default:
            return false;
        }
      } catch {
        return false; // numbers or points that the library does not take
      }
    },

    forget: () => false,
  };
};
