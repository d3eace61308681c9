// Keys as callers list or register them, checked, with their file paths made absolute. Never a key's bytes, but for
// the reference to bytes that the caller hands off.
import { resolve } from 'node:path';
import type { SettingsProblem } from '../errors.js';
import { addMismatch, idPath, isKeyId, KEY_ID_RULE, keyId, readFields, summarize } from '../wire/check.js';
import type { CheckedLoad, CheckedPasswords } from '../wire/loads.js';
import type { CheckedSecret, CheckedSource, Medium } from '../wire/sources.js';
import { type CheckedSpec, checkKeySpec, MAX_KEYS } from '../wire/specs.js';
import type { KeyId } from '../wire/types.js';

/** A key to register: every default filled in, file paths absolute. */
export interface CheckedKey extends CheckedSpec {
  readonly id: KeyId;
}

/** The same secret, its path made absolute. */
export const secretFrom = <T extends CheckedSecret>(secret: T, folder: string): T =>
  'file' in secret ? { ...secret, file: resolve(folder, secret.file) } : secret;

const sourceFrom = (source: CheckedSource, folder: string): CheckedSource => {
  if (source === 'generate' || 'seed' in source) return source;
  if ('mnemonic' in source) {
    const { mnemonic, passphrase } = source;
    return {
      ...source,
      mnemonic: secretFrom(mnemonic, folder),
      passphrase: passphrase && secretFrom(passphrase, folder),
    };
  }
  if ('keystore' in source) {
    return {
      keystore: resolve(folder, source.keystore),
      password: secretFrom(source.password, folder),
    };
  }
  if ('sealed' in source) {
    return { ...source, sealed: resolve(folder, source.sealed), password: secretFrom(source.password, folder) };
  }
  return secretFrom(source, folder);
};

const passwordsFrom = (passwords: CheckedPasswords, folder: string): CheckedPasswords =>
  'folder' in passwords ? { ...passwords, folder: resolve(folder, passwords.folder) } : secretFrom(passwords, folder);

/** The same load, its paths made absolute. */
export const loadFrom = (load: CheckedLoad, folder: string): CheckedLoad =>
  'sealed' in load
    ? { ...load, sealed: resolve(folder, load.sealed), password: secretFrom(load.password, folder) }
    : { ...load, keystores: resolve(folder, load.keystores), passwords: passwordsFrom(load.passwords, folder) };

/** Check the `keys` of the settings: ids to specifications. */
export const checkKeys = (
  value: unknown,
  path: string,
  folder: string,
  medium: Medium,
  problems: SettingsProblem[],
): readonly CheckedKey[] => {
  const fields = readFields(value, path, 'an object of keys by id', problems, MAX_KEYS);
  const keys: CheckedKey[] = [];
  let position = 0;
  for (const [id, spec] of fields?.entries ?? []) {
    position += 1;
    const at = idPath(path, id, position);
    if (!isKeyId(id)) addMismatch(problems, at, KEY_ID_RULE, id);
    const checked = checkKeySpec(spec, at, problems, medium);
    if (isKeyId(id) && checked !== undefined) {
      keys.push({ id, ...checked, from: sourceFrom(checked.from, folder) });
    }
  }
  return keys;
};

/**
 * Check one key that a caller registers.
 *
 * @param folder - where relative file paths start.
 * @throws {TypeError} an id or specification of the wrong shape; the message lists every mistake.
 */
export const expectKey = (id: unknown, spec: unknown, folder: string): CheckedKey => {
  const problems: SettingsProblem[] = [];
  const checkedId = keyId(id, 'id', problems);
  const checked = checkKeySpec(spec, 'spec', problems);
  if (problems.length > 0 || checkedId === undefined || checked === undefined) throw new TypeError(summarize(problems));
  return { id: checkedId, ...checked, from: sourceFrom(checked.from, folder) };
};
