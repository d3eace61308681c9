// Authenticated encryption of what the sealed file holds: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03). Keys and
// plaintexts are views over the arena; nonces, associated data and ciphertexts are public and lie in ordinary memory.
import { VaultError } from '../../src/errors.js';
import type { ProviderName } from '../../src/wire/types.js';

export const AEAD_KEY_BYTES = 32;
export const AEAD_NONCE_BYTES = 24;
export const AEAD_TAG_BYTES = 16;

export interface Aead {
  readonly name: ProviderName;
  /**
   * Encrypt and authenticate.
   *
   * @param key - 32 bytes. @param nonce - 24 bytes, never used twice with one key.
   * @param sealed - where the ciphertext and the tag of 16 bytes go: 16 bytes longer than `plaintext`.
   * @throws {RangeError} a length is wrong.
   */
  seal(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array): void;
  /**
   * Verify and decrypt.
   *
   * @param plaintext - 16 bytes shorter than `sealed`; zeroed when the answer is false.
   * @returns false if the tag is not that of these bytes.
   * @throws {RangeError} a length is wrong.
   */
  open(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array, plaintext: Uint8Array): boolean;
}

const checkLength = (name: string, bytes: Uint8Array, expected: number): void => {
  if (bytes.length !== expected) throw new RangeError(`"${name}" expected ${expected} bytes, got ${bytes.length}`);
};

/** @throws {RangeError} a length is wrong: what libraries say of it differs. */
export const checkAeadLengths = (
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  sealed: Uint8Array,
): void => {
  checkLength('key', key, AEAD_KEY_BYTES);
  checkLength('nonce', nonce, AEAD_NONCE_BYTES);
  checkLength('sealed', sealed, plaintext.length + AEAD_TAG_BYTES);
};

/** draft-irtf-cfrg-xchacha-03, A.3.1. The key is 80 to 9f, the nonce 40 to 57. */
const KNOWN_TEXT =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
const KNOWN_ASSOCIATED = '50515253c0c1c2c3c4c5c6c7';
const KNOWN_SEALED =
  'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216' +
  'cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13' +
  'b52ec0875924c1c7987947deafd8780acf49';

/** Bytes of arena memory that {@link selfTestAead} works in. */
export const AEAD_SELF_TEST_BYTES: number = AEAD_KEY_BYTES + KNOWN_TEXT.length;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/**
 * Test an implementation by a published answer, with key and plaintext in arena memory: native functions have been
 * seen to write nothing there, without a word.
 *
 * @param scratch - arena memory of at least 146 bytes; wiped when the call returns.
 * @throws {VaultError} ERR_SELF_TEST - names the provider and the function. Nothing may be opened or sealed then.
 */
export const selfTestAead = (aead: Aead, scratch: Uint8Array): void => {
  const key = scratch.subarray(0, AEAD_KEY_BYTES);
  const text = scratch.subarray(AEAD_KEY_BYTES, AEAD_SELF_TEST_BYTES);
  const nonce = Uint8Array.from({ length: AEAD_NONCE_BYTES }, (_, i) => 0x40 + i);
  const associated = hex(KNOWN_ASSOCIATED);
  const known = Buffer.from(KNOWN_TEXT, 'latin1');
  const expect = (what: string, check: () => boolean): void => {
    let passed = false;
    try {
      passed = check() === true;
    } catch {
      passed = false;
    }
    if (!passed) {
      throw new VaultError('ERR_SELF_TEST', `the known-answer test of ${aead.name} xchacha20-poly1305 ${what} failed`);
    }
  };
  try {
    for (let i = 0; i < AEAD_KEY_BYTES; i++) key[i] = 0x80 + i;
    expect('seal', () => {
      text.set(known);
      const made = new Uint8Array(text.length + AEAD_TAG_BYTES);
      aead.seal(key, nonce, associated, text, made);
      return isEqual(made, hex(KNOWN_SEALED));
    });
    expect('open', () => {
      text.fill(0);
      return aead.open(key, nonce, associated, hex(KNOWN_SEALED), text) && isEqual(text, known);
    });
    expect('open of a changed text', () => {
      const changed = hex(KNOWN_SEALED);
      changed[0]! ^= 1;
      return !aead.open(key, nonce, associated, changed, text) && text.every((byte) => byte === 0);
    });
    expect('open with other associated data', () => {
      text.fill(1);
      return !aead.open(key, nonce, associated.subarray(1), hex(KNOWN_SEALED), text) && text.every((b) => b === 0);
    });
  } finally {
    scratch.subarray(0, AEAD_SELF_TEST_BYTES).fill(0);
  }
};
