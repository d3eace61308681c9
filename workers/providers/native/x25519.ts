// X25519 over libsodium. Keys can be registered; they do not sign.
import { KEY_TYPE_FACTS } from '../../../src/wire/types.js';
import type { KeyProvider } from '../provider.js';
import { unsupportedSigning } from '../refuse.js';
import type { Sodium } from './load.js';

export const createNativeX25519 = (sodium: Sodium): KeyProvider => ({
  name: 'native',
  keyType: 'x25519',
  residue: 'none',

  load(secret, view) {
    view.secret.set(secret);
    sodium.crypto_scalarmult_base(view.publicKey.subarray(0, KEY_TYPE_FACTS.x25519.publicKeyBytes), view.secret);
  },

  sign() {
    throw unsupportedSigning('x25519');
  },

  verify: () => false,

  forget: () => false,
});
