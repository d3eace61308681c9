// Opens a keystore with the key that its password derived.
import { createDecipheriv } from 'node:crypto';
import { VaultError } from '../../src/errors.js';
import { checksumOf } from './checksum.js';
import { DERIVED_KEY_BYTES, type Keystore, SECRET_BYTES } from './keystore.js';

/** Whether two checksums are equal. Its time tells nothing of where they differ. */
const isEqual = (a: Uint8Array, b: Uint8Array): boolean => {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
};

/**
 * AES-128-CTR, a byte at a time: for each piece node allocates a little more than it gives out, copies, and frees the rest
 * unwiped, which would leave the secret in freed memory; so each byte takes the place of the one before. `final` frees
 * OpenSSL's context, which zeroes the key in it: without the call it would stay.
 */
const decrypt = (key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array, out: Uint8Array): void => {
  const decipher = createDecipheriv('aes-128-ctr', key, iv);
  try {
    for (let at = 0; at < ciphertext.length; at++) {
      const plaintext = decipher.update(ciphertext.subarray(at, at + 1));
      out.set(plaintext, at);
      plaintext.fill(0);
    }
  } finally {
    decipher.final();
  }
};

/**
 * Check a keystore's checksum and decrypt the secret. The checksum does not cover the iv: a secret whose public key was not
 * compared (`matchesPublicKey`) may be another one than was put in.
 *
 * @param derivedKey - the arena view that holds the key of the password, at least 32 bytes. The caller wipes it.
 * @param out - an arena view of at least 32 bytes, apart from `derivedKey`. The secret is written to its start.
 * @param place - names the file in messages.
 * @returns 32, the length of the secret. Its range is the provider's to judge.
 * @throws {VaultError} ERR_PASSWORD - the checksum is another: a wrong password, or a file that was altered.
 * @throws {RangeError} a view is too short.
 */
export const openKeystore = (keystore: Keystore, derivedKey: Uint8Array, out: Uint8Array, place: string): number => {
  if (derivedKey.length < DERIVED_KEY_BYTES) {
    throw new RangeError(`"derivedKey" expected at least ${DERIVED_KEY_BYTES} bytes, got ${derivedKey.length}`);
  }
  if (out.length < SECRET_BYTES)
    throw new RangeError(`"out" expected at least ${SECRET_BYTES} bytes, got ${out.length}`);
  const { kind, iv, ciphertext, checksum } = keystore;
  if (!isEqual(checksum, checksumOf(kind, derivedKey, ciphertext))) {
    throw new VaultError('ERR_PASSWORD', `${place}: the password is wrong, or the file was altered`);
  }
  const zeros = SECRET_BYTES - ciphertext.length;
  out.fill(0, 0, zeros);
  decrypt(derivedKey.subarray(0, 16), iv, ciphertext, out.subarray(zeros));
  return SECRET_BYTES;
};
