// XChaCha20-Poly1305 over libsodium, on views over the arena. libsodium verifies the tag before it decrypts. Of the subkey
// that it derives, parts stay in registers, which later calls save to the stack, and on the stack itself (seen by reading
// the memory): so each call is followed by one with a public key, which takes the same places.
import { wipeStack } from '../../wipe-stack.js';
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, type Aead, checkAeadLengths } from '../aead.js';
import type { Sodium } from './load.js';

/** Long enough for every way that the library goes: short ends, and many blocks at once. */
const RINSE_BYTES = 1024 + 40;

export const createNativeAead = (sodium: Sodium): Aead => {
  const publicKey = new Uint8Array(AEAD_KEY_BYTES);
  const publicNonce = new Uint8Array(AEAD_NONCE_BYTES);
  const publicText = new Uint8Array(RINSE_BYTES);
  const rinsed = new Uint8Array(RINSE_BYTES + AEAD_TAG_BYTES);
  const rinse = (): void => {
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(rinsed, publicText, publicNonce, null, publicNonce, publicKey);
    wipeStack();
  };
  return {
    name: 'native',

    seal(key, nonce, associated, plaintext, sealed) {
      checkAeadLengths(key, nonce, plaintext, sealed);
      try {
        sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, plaintext, associated, null, nonce, key);
      } finally {
        rinse();
      }
    },

    open(key, nonce, associated, sealed, plaintext) {
      checkAeadLengths(key, nonce, plaintext, sealed);
      try {
        // A tag that is wrong is told by an exception.
        sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(plaintext, null, sealed, associated, nonce, key);
        return true;
      } catch {
        plaintext.fill(0);
        return false;
      } finally {
        rinse();
      }
    },
  };
};
