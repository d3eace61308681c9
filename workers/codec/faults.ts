// The errors of the codec, in one voice. They hold the place, types, lengths and fixed names: never a byte of the content.
import { VaultError } from '../../src/errors.js';
import { KEY_TYPE_FACTS, type KeyType } from '../../src/wire/types.js';

/** The text or container is malformed, or is not of the named encoding. */
export const encodingFault = (place: string, reason: string): VaultError =>
  new VaultError('ERR_KEY_ENCODING', `${place}: ${reason}`);

export const emptyFault = (place: string, what: string): VaultError =>
  new VaultError('ERR_SOURCE_EMPTY', `${place}: expected a key, got ${what}`);

/** The key decoded to `got` bytes. `readAs` says how the source was read where that was a guess. */
export const lengthFault = (place: string, type: KeyType, got: number, readAs = ''): VaultError => {
  const { secretBytes, minSecretBytes } = KEY_TYPE_FACTS[type];
  const expected = minSecretBytes === secretBytes ? `${secretBytes}` : `${minSecretBytes} to ${secretBytes}`;
  // The public half cannot be checked against the seed here, so seed ‖ public key is not silently cut in two.
  const hint = type === 'ed25519' && got === 64 ? '; give the 32-byte seed alone, not seed and public key' : '';
  return new VaultError(
    'ERR_KEY_LENGTH',
    `${place}: expected ${expected} bytes for ${type}, got ${got}${readAs}${hint}`,
  );
};

/** Half a byte too many: a hex text with an odd number of digits has no length in bytes. */
export const oddHexFault = (place: string, type: KeyType, digits: number): VaultError => {
  const { secretBytes, minSecretBytes } = KEY_TYPE_FACTS[type];
  const expected =
    minSecretBytes === secretBytes
      ? `${2 * secretBytes}`
      : `an even number of ${2 * minSecretBytes} to ${2 * secretBytes}`;
  return new VaultError('ERR_KEY_LENGTH', `${place}: expected ${expected} hex digits for ${type}, got ${digits}`);
};

/** @param found - a name from our own table (oid.ts, pem.ts), never text of the source. */
export const curveFault = (place: string, type: KeyType, found: string): VaultError =>
  new VaultError('ERR_KEY_CURVE', `${place}: expected a key for ${type}, got ${found}`);
