// Sealed boxes over noble. noble computes with BigInts and ordinary arrays: those that can be reached are wiped, but this
// provider cannot promise that nothing of a used key stays in the process.
import { randomFillSync } from 'node:crypto';
import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { BOX_KEY_BYTES, BOX_NONCE_BYTES, type Box, bothKeys } from '../box.js';

const wordsOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer);
const SIGMA = wordsOf(new TextEncoder().encode('expand 32-byte k'));
const ZERO = new Uint32Array(4);

/** Whatever is given runs with the cipher of the two keys; the key is wiped. Throws for a point of low order. */
const withCipher = <T>(
  secret: Uint8Array,
  other: Uint8Array,
  nonce: Uint8Array,
  use: (cipher: ReturnType<typeof xsalsa20poly1305>) => T,
): T => {
  const shared = x25519.getSharedSecret(secret, other);
  const words = wordsOf(shared);
  const key = new Uint32Array(8);
  try {
    hsalsa(SIGMA, words, ZERO, key);
    return use(xsalsa20poly1305(new Uint8Array(key.buffer), nonce));
  } finally {
    shared.fill(0);
    words.fill(0);
    key.fill(0);
  }
};

const nonceOf = (once: Uint8Array, reader: Uint8Array): Uint8Array =>
  blake2b(bothKeys(once, reader), { dkLen: BOX_NONCE_BYTES });

export const nobleBox: Box = {
  name: 'noble',

  seal(message, publicKey, sealed, scratch) {
    const secret = scratch.subarray(0, BOX_KEY_BYTES);
    try {
      const once = x25519.getPublicKey(randomFillSync(secret));
      sealed.set(once);
      const nonce = nonceOf(once, publicKey);
      sealed.set(
        withCipher(secret, publicKey, nonce, (cipher) => cipher.encrypt(message)),
        BOX_KEY_BYTES,
      );
    } finally {
      secret.fill(0);
    }
  },

  open(secret, publicKey, sealed, message) {
    const once = sealed.subarray(0, BOX_KEY_BYTES);
    const body = sealed.subarray(BOX_KEY_BYTES);
    try {
      const nonce = nonceOf(once, publicKey);
      message.set(withCipher(secret, once, nonce, (cipher) => cipher.decrypt(body)));
      return true;
    } catch {
      message.fill(0);
      return false;
    }
  },
};
