// What lock() and unlock() are asked, as callers write it, checked before any message is sent.
import { resolve } from 'node:path';
import { types } from 'node:util';
import type { SettingsProblem } from './errors.js';
import { secretFrom } from './settings/keys.js';
import { type Check, oneOf, readFields, summarize } from './wire/check.js';
import { MAX_UNLOCK_FILES, type WireLockRequest } from './wire/requests.js';
import { type CheckedSecret, filePath, secretOf } from './wire/sources.js';
import { LOCK_CHOICES } from './wire/specs.js';

export interface CheckedUnlock {
  readonly password: CheckedSecret | undefined;
  readonly files: readonly { readonly path: string; readonly password: CheckedSecret }[];
}

const password: Check<CheckedSecret> = secretOf('object');

/** @throws {TypeError} */
export const expectLock = (options: unknown = {}): WireLockRequest => {
  const problems: SettingsProblem[] = [];
  const fields = readFields(options, 'options', 'an object', problems);
  fields?.only(['unsealed']);
  const unsealed = fields?.optional('unsealed', 'drop', oneOf(LOCK_CHOICES));
  if (problems.length > 0 || unsealed === undefined) throw new TypeError(summarize(problems));
  return { unsealed };
};

const isBytes = (value: unknown): value is Uint8Array | ArrayBuffer =>
  types.isUint8Array(value) || types.isArrayBuffer(value);

/** An own field, without running a getter. */
const has = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && !types.isProxy(value) && Object.hasOwn(value, name);

/**
 * One password for all files, or one for each; undefined: the password files that the settings named.
 *
 * @throws {TypeError}
 */
export const expectUnlock = (value: unknown): CheckedUnlock => {
  const folder = process.cwd();
  const problems: SettingsProblem[] = [];
  const files: { path: string; password: CheckedSecret }[] = [];
  let one: CheckedSecret | undefined;
  if (value === undefined) return { password: undefined, files };
  if (isBytes(value)) one = password({ bytes: value }, 'password', problems);
  else if (has(value, 'files')) {
    const fields = readFields(value, 'passwords', 'an object with "files"', problems);
    fields?.only(['files']);
    const byPath = readFields(
      fields?.entries.get('files'),
      'passwords.files',
      'an object of passwords by file',
      problems,
      MAX_UNLOCK_FILES,
    );
    for (const [path, secret] of byPath?.entries ?? []) {
      const at = `passwords.files[#${files.length + 1}]`;
      const checkedPath = filePath(path, at, problems);
      const checked = password(secret, at, problems);
      if (checkedPath === undefined || checked === undefined) continue;
      files.push({ path: resolve(folder, checkedPath), password: secretFrom(checked, folder) });
    }
  } else one = password(value, 'password', problems);
  if (problems.length > 0) throw new TypeError(summarize(problems));
  return { password: one && secretFrom(one, folder), files };
};

/**
 * Tells the vault of locks and unlocks in the order in which they were asked for, whatever the passwords of an unlock
 * have to wait for: the last word counts.
 *
 * @param ready - what is told; of an unlock, once its passwords are on their way.
 */
export type TellInOrder = <T, R>(ready: T | Promise<T>, tell: (ready: T) => Promise<R>) => Promise<R>;

export const createTelling = (): TellInOrder => {
  let last: Promise<void> | undefined;
  return async (ready, tell) => {
    const before = last;
    if (before === undefined && !(ready instanceof Promise)) return tell(ready);
    // In an object: it is told when this resolves, and not answered yet.
    const telling = (async () => {
      await before;
      return { answer: tell(await ready) };
    })();
    const told = telling.then(
      () => undefined,
      () => undefined,
    );
    last = told;
    const { answer } = await telling.finally(() => {
      if (last === told) last = undefined;
    });
    return answer;
  };
};
