// Sealed boxes, those of libsodium's crypto_box_seal: whoever has a public key can write to it, and only its key reads.
//
//   sealed = public key of a key that is used once · Poly1305 tag · XSalsa20 of the message
//   nonce  = BLAKE2b-192(that public key ‖ the reader's)
//   key    = HSalsa20(X25519 of the two)
import type { ProviderName } from '../../src/wire/types.js';

export const BOX_KEY_BYTES = 32;
export const BOX_NONCE_BYTES = 24;
export const BOX_TAG_BYTES = 16;

export interface Box {
  readonly name: ProviderName;
  /**
   * Seal a message, for a key that is used once and forgotten.
   *
   * @param publicKey - the reader's, 32 bytes. @param sealed - 48 bytes longer than the message.
   * @param scratch - 32 bytes of the arena; wiped.
   */
  seal(message: Uint8Array, publicKey: Uint8Array, sealed: Uint8Array, scratch: Uint8Array): void;
  /**
   * Verify and decrypt.
   *
   * @param secret - 32 bytes in the arena. @param publicKey - that of the secret: a copy in ordinary memory.
   * @param message - 48 bytes shorter than `sealed`; zeroed when the answer is false.
   * @returns false if it was not sealed to this key, or was altered.
   */
  open(secret: Uint8Array, publicKey: Uint8Array, sealed: Uint8Array, message: Uint8Array): boolean;
}

/** Whose digest is the nonce. */
export const bothKeys = (once: Uint8Array, reader: Uint8Array): Uint8Array => {
  const both = new Uint8Array(2 * BOX_KEY_BYTES);
  both.set(once);
  both.set(reader, BOX_KEY_BYTES);
  return both;
};
