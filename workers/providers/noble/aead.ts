// XChaCha20-Poly1305 over noble: where libsodium is missing, and the oracle of the tests. noble derives its subkeys in
// ordinary memory and wipes what it can there.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { type Aead, checkAeadLengths } from '../aead.js';

export const nobleAead: Aead = {
  name: 'noble',

  seal(key, nonce, associated, plaintext, sealed) {
    checkAeadLengths(key, nonce, plaintext, sealed);
    xchacha20poly1305(key, nonce, associated).encrypt(plaintext, sealed);
  },

  open(key, nonce, associated, sealed, plaintext) {
    checkAeadLengths(key, nonce, plaintext, sealed);
    try {
      xchacha20poly1305(key, nonce, associated).decrypt(sealed, plaintext);
      return true;
    } catch {
      plaintext.fill(0);
      return false;
    }
  },
};
