// Reads what a source or a password names into the staging area of the arena: a file, a variable that was claimed, or
// bytes that were handed off. The caller wipes staging; what was held stays until it is dropped.
import { VaultError } from '../../src/errors.js';
import type { WireSecret } from '../../src/wire/sources.js';
import { trimPasswordFile } from '../keystore/password.js';
import { readKeyFile } from '../sources/file.js';
import type { HeldValues } from './held-values.js';

/** How messages name a source. */
export const placeOf = (secret: WireSecret): string => {
  switch (secret.kind) {
    case 'file':
      return `file ${secret.path}`;
    case 'env':
      return `environment variable ${secret.name}`;
    case 'bytes':
      return 'bytes';
  }
};

/**
 * @param staging - arena memory of 64 KiB and more.
 * @returns the bytes of the secret, at the start of `staging`.
 * @throws {VaultError} the codes of a source: ERR_SOURCE_NOT_FOUND and so on.
 */
export const readSecret = (secret: WireSecret, held: HeldValues, staging: Uint8Array): Uint8Array => {
  const place = placeOf(secret);
  if (secret.kind === 'file') return staging.subarray(0, readKeyFile(secret.path, secret, staging));
  if (secret.kind === 'env' && secret.handoff === undefined) {
    return stage(staging, held.variable(secret.name), `${place}: not set`);
  }
  return stage(staging, held.handoff(secret.handoff as number, place), `${place}: nothing was handed off`);
};

const stage = (staging: Uint8Array, value: Uint8Array | undefined, missing: string): Uint8Array => {
  if (value === undefined) throw new VaultError('ERR_SOURCE_NOT_FOUND', missing);
  staging.set(value);
  return staging.subarray(0, value.length);
};

export const noPassword = (secret: WireSecret): VaultError =>
  new VaultError('ERR_SOURCE_EMPTY', `${placeOf(secret)}: expected a password, got none`);

/**
 * Read a password or passphrase: of a file, without the end of its last line.
 *
 * @param staging - arena memory, wiped when the call returns.
 * @param into - arena memory for the password.
 * @returns its length. Of bytes that were handed off it may be 0.
 * @throws {VaultError} the codes of a source; ERR_SOURCE_TOO_LARGE - it is longer than `into`.
 */
export const readPassword = (secret: WireSecret, held: HeldValues, staging: Uint8Array, into: Uint8Array): number => {
  try {
    const read = readSecret(secret, held, staging);
    const password = secret.kind === 'file' ? trimPasswordFile(read) : read;
    // Some keystores have an empty password: whoever hands one off means it.
    if (password.length === 0 && secret.kind !== 'bytes') throw noPassword(secret);
    if (password.length > into.length) {
      throw new VaultError(
        'ERR_SOURCE_TOO_LARGE',
        `${placeOf(secret)}: expected a password of at most ${into.length} bytes, got a longer one`,
      );
    }
    into.set(password);
    return password.length;
  } finally {
    staging.fill(0);
  }
};

/** What was held for a secret is wiped. */
export const dropSecret = (secret: WireSecret, held: HeldValues): void => {
  if (secret.kind === 'env') held.dropVariable(secret.name);
  if (secret.kind !== 'file' && secret.handoff !== undefined) held.dropHandoff(secret.handoff);
};
