// Ed25519 over noble. noble computes with BigInts and ordinary arrays that cannot be wiped: this provider keeps a key's
// slot in locked memory, but cannot promise that nothing of a used key stays elsewhere in the process.
import { ed25519 } from '@noble/curves/ed25519.js';
import { KEY_TYPE_FACTS, SIGNATURE_BYTES } from '../../../src/wire/types.js';
import type { KeyProvider } from '../provider.js';
import { checkRoom, unsupportedScheme } from '../refuse.js';

const { secretBytes, publicKeyBytes } = KEY_TYPE_FACTS.ed25519;

export const nobleEd25519: KeyProvider = {
  name: 'noble',
  keyType: 'ed25519',
  residue: 'unwiped',

  load(secret, view) {
    view.secret.set(secret);
    const publicKey = ed25519.getPublicKey(view.secret);
    view.publicKey.set(publicKey);
    view.expanded.set(publicKey, secretBytes);
  },

  sign(view, _generation, scheme, message, signature) {
    if (scheme !== 'ed25519') throw unsupportedScheme('ed25519', scheme);
    checkRoom(scheme, signature);
    signature.set(ed25519.sign(message, view.secret));
  },

  /** RFC 8032 §5.1.7 with canonical encodings, no small-order key, and the cofactored equation. */
  verify(publicKey, scheme, message, signature) {
    if (scheme !== 'ed25519') return false;
    if (publicKey.length !== publicKeyBytes || signature.length !== SIGNATURE_BYTES.ed25519) return false;
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  },

  forget: () => false,
};
