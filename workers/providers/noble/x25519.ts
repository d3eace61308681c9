// X25519 over noble. Keys can be registered; they do not sign. noble computes with BigInts that cannot be wiped: this
// provider cannot promise that nothing of a used key stays in the process.
import { x25519 } from '@noble/curves/ed25519.js';
import type { KeyProvider } from '../provider.js';
import { unsupportedSigning } from '../refuse.js';

export const nobleX25519: KeyProvider = {
  name: 'noble',
  keyType: 'x25519',
  residue: 'unwiped',

  load(secret, view) {
    view.secret.set(secret);
    view.publicKey.set(x25519.getPublicKey(view.secret));
  },

  sign() {
    throw unsupportedSigning('x25519');
  },

  verify: () => false,

  forget: () => false,
};
