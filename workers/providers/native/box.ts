// Sealed boxes over libsodium. Its crypto_box_seal_open does not take a secret key in shared memory, so the two steps that
// it is made of are made here. It was seen to leave nothing of a box's keys, so that no call has to follow, as in aead.ts.
import { BOX_KEY_BYTES, BOX_NONCE_BYTES, type Box, bothKeys } from '../box.js';
import type { Sodium } from './load.js';

export const createNativeBox = (sodium: Sodium): Box => ({
  name: 'native',

  seal(message, publicKey, sealed) {
    sodium.crypto_box_seal(sealed, message, publicKey);
  },

  open(secret, publicKey, sealed, message) {
    const once = sealed.subarray(0, BOX_KEY_BYTES);
    const nonce = new Uint8Array(BOX_NONCE_BYTES);
    sodium.crypto_generichash(nonce, bothKeys(once, publicKey));
    // A point of low order is a failure like any other.
    const opened = sodium.crypto_box_open_easy(message, sealed.subarray(BOX_KEY_BYTES), nonce, once, secret) === true;
    if (!opened) message.fill(0);
    return opened;
  },
});
