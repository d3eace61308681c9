// secp256k1 over noble: ECDSA and BIP-340. noble computes with BigInts and hex strings that cannot be wiped: this
// provider cannot promise that nothing of a used key stays in the process.
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { DIGEST_BYTES, KEY_TYPE_FACTS, SIGNATURE_BYTES } from '../../../src/wire/types.js';
import type { KeyProvider } from '../provider.js';
import { checkAuxRand, checkDigestAndRoom, checkRoom, unsupportedScheme } from '../refuse.js';

const { publicKeyBytes } = KEY_TYPE_FACTS.secp256k1;
const compactBytes = SIGNATURE_BYTES.ecdsa;
const COMPACT = { prehash: false, lowS: true, format: 'compact' } as const;
const RECOVERED = { prehash: false, lowS: true, format: 'recovered' } as const;

const verifyRecoverable = (publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean => {
  if (signature.length !== SIGNATURE_BYTES['ecdsa-recoverable']) return false;
  // noble puts the recovery id first, we put it last.
  const turned = new Uint8Array(signature.length);
  turned[0] = signature[compactBytes]!;
  turned.set(signature.subarray(0, compactBytes), 1);
  if (!secp256k1.verify(signature.subarray(0, compactBytes), digest, publicKey, COMPACT)) return false;
  return secp256k1.recoverPublicKey(turned, digest, { prehash: false }).every((byte, i) => byte === publicKey[i]);
};

export const nobleSecp256k1: KeyProvider = {
  name: 'noble',
  keyType: 'secp256k1',
  residue: 'unwiped',

  load(secret, view) {
    view.secret.set(secret);
    view.publicKey.set(secp256k1.getPublicKey(view.secret, true));
  },

  sign(view, _generation, scheme, message, signature, _scratch, auxRand) {
    switch (scheme) {
      case 'ecdsa':
        checkDigestAndRoom(scheme, message, signature);
        signature.set(secp256k1.sign(message, view.secret, COMPACT));
        return;
      case 'ecdsa-recoverable': {
        checkDigestAndRoom(scheme, message, signature);
        const recovered = secp256k1.sign(message, view.secret, RECOVERED);
        signature.set(recovered.subarray(1));
        signature[compactBytes] = recovered[0]!;
        return;
      }
      case 'schnorr':
        checkRoom(scheme, signature);
        checkAuxRand(auxRand);
        signature.set(schnorr.sign(message, view.secret, auxRand));
        return;
      default:
        throw unsupportedScheme('secp256k1', scheme);
    }
  },

  verify(publicKey, scheme, message, signature) {
    if (publicKey.length !== publicKeyBytes) return false;
    try {
      switch (scheme) {
        case 'ecdsa':
          return message.length === DIGEST_BYTES && secp256k1.verify(signature, message, publicKey, COMPACT);
        case 'ecdsa-recoverable':
          return message.length === DIGEST_BYTES && verifyRecoverable(publicKey, message, signature);
        case 'schnorr':
          // BIP-340 takes the x coordinate of the compressed key.
          if (publicKey[0] !== 2 && publicKey[0] !== 3) return false;
          return schnorr.verify(signature, message, publicKey.subarray(1));
        default:
          return false;
      }
    } catch {
      return false; // wrong lengths, and points that do not decode
    }
  },

  forget: () => false,
};
