// What the calls that name files and passwords ask of the vault: checked in main, and again in the vault as if main
// were hostile. Never a password's bytes.

import type { SettingsProblem } from '../errors.js';
import { VaultError } from '../errors.js';
import { type Check, keyId, listOf, oneOf, readFields, summarize, text, wholeNumber } from './check.js';
import { operations } from './policy.js';
import { absolutePath, type WireSecret, wireSecret } from './sources.js';
import { LOCK_CHOICES, type LockChoice, MAX_KEYS } from './specs.js';
import { type CustomOperation, isCustomOperation, type KeyId, type Operation } from './types.js';

const KIB = 1024;
/** Files that an unlock may name a password for. */
export const MAX_UNLOCK_FILES = 1_000_000;
/** Argon2id's bounds in libsodium and RFC 9106; what may be asked for in fact is the vault's limit. */
export const MIN_SEALING_MEMORY: number = 8 * KIB;
export const MAX_SEALING_MEMORY: number = 2 ** 42 - KIB;
export const MAX_SEALING_PASSES = 65_535;

/** Argon2id's cost: `memory` in bytes. */
export interface WireCost {
  readonly memory: number;
  readonly passes: number;
}

/** Keys of the vault into a sealed file. */
export interface WireSealRequest {
  readonly path: string;
  readonly password: WireSecret;
  /** Absent: all keys. */
  readonly ids?: readonly KeyId[];
  readonly allow?: readonly Operation[];
  readonly cost: WireCost;
}

/** A sealed file under another password, or another cost. */
export interface WireResealRequest {
  readonly path: string;
  readonly password: WireSecret;
  readonly newPassword: WireSecret;
  readonly cost: WireCost;
}

/** One key into a new keystore. */
export interface WireExportRequest {
  readonly id: KeyId;
  readonly path: string;
  readonly password: WireSecret;
  readonly n: number;
}

/** An operator at work with a key; those of frames apart. */
export type WireExecuteRequest =
  | { readonly id: KeyId; readonly operator: 'extendedPublicKey'; readonly path: string }
  | { readonly id: KeyId; readonly operator: 'provePossession' }
  /** The operator itself checks the input. */
  | { readonly id: KeyId; readonly operator: CustomOperation; readonly input: unknown };

export interface WireLockRequest {
  readonly unsealed: LockChoice;
}

export interface WireUnlockRequest {
  /** For every file that has none of its own below. Absent: the password files that the settings named are read again. */
  readonly password?: WireSecret;
  readonly files: readonly { readonly path: string; readonly password: WireSecret }[];
}

export const sealingMemory: Check<number> = (value, path, problems) => {
  const memory = wholeNumber(MIN_SEALING_MEMORY, MAX_SEALING_MEMORY)(value, path, problems);
  if (memory === undefined || memory % KIB === 0) return memory;
  problems.push({ path, reason: 'expected a multiple of 1,024' });
  return undefined;
};
export const sealingPasses: Check<number> = wholeNumber(1, MAX_SEALING_PASSES);

/** scrypt's N: as geth's keystores have it, down to what is of use in tests alone. */
export const scryptN: Check<number> = (value, path, problems) => {
  const n = wholeNumber(1024, 2 ** 30)(value, path, problems);
  if (n === undefined || Number.isInteger(Math.log2(n))) return n;
  problems.push({ path, reason: 'expected a power of two' });
  return undefined;
};

const isCallOperator = (name: string): boolean =>
  name === 'extendedPublicKey' || name === 'provePossession' || isCustomOperation(name);
const pathText: Check<string> = text('a key path', (path) => path.length <= 4096);

const cost: Check<WireCost> = (value, path, problems) => {
  const fields = readFields(value, path, 'an object', problems);
  fields?.only(['memory', 'passes']);
  const memory = fields?.required('memory', sealingMemory);
  const passes = fields?.required('passes', sealingPasses);
  return memory === undefined || passes === undefined ? undefined : { memory, passes };
};

const refused = (problems: readonly SettingsProblem[]): VaultError =>
  new VaultError('ERR_REFUSED', `the vault refused the request: ${summarize(problems)}`);

/** Read a request field by field, or refuse it with every problem. */
const reading = <T>(value: unknown, read: (fields: NonNullable<ReturnType<typeof readFields>>) => T): T => {
  const problems: SettingsProblem[] = [];
  const fields = readFields(value, 'request', 'an object', problems);
  const made = fields === undefined ? undefined : read(fields);
  if (made === undefined || problems.length > 0) throw refused(problems);
  return made;
};

/** @throws {VaultError} ERR_REFUSED */
export const checkSealRequest = (value: unknown): WireSealRequest =>
  reading(value, (fields) => {
    fields.only(['path', 'password', 'ids', 'allow', 'cost']);
    const ids = fields.has('ids') ? fields.required('ids', listOf(1, MAX_KEYS, keyId)) : undefined;
    const allow = fields.has('allow') ? fields.required('allow', operations) : undefined;
    return {
      path: fields.required('path', absolutePath)!,
      password: fields.required('password', wireSecret)!,
      cost: fields.required('cost', cost)!,
      ...(ids !== undefined && { ids }),
      ...(allow !== undefined && { allow }),
    };
  });

/** @throws {VaultError} ERR_REFUSED */
export const checkResealRequest = (value: unknown): WireResealRequest =>
  reading(value, (fields) => {
    fields.only(['path', 'password', 'newPassword', 'cost']);
    return {
      path: fields.required('path', absolutePath)!,
      password: fields.required('password', wireSecret)!,
      newPassword: fields.required('newPassword', wireSecret)!,
      cost: fields.required('cost', cost)!,
    };
  });

/** @throws {VaultError} ERR_REFUSED */
export const checkExportRequest = (value: unknown): WireExportRequest =>
  reading(value, (fields) => {
    fields.only(['id', 'path', 'password', 'n']);
    return {
      id: fields.required('id', keyId)!,
      path: fields.required('path', absolutePath)!,
      password: fields.required('password', wireSecret)!,
      n: fields.required('n', scryptN)!,
    };
  });

/** @throws {VaultError} ERR_REFUSED */
export const checkExecuteRequest = (value: unknown): WireExecuteRequest =>
  reading(value, (fields) => {
    const id = fields.required('id', keyId)!;
    const operator = fields.required('operator', text('the name of an operator', isCallOperator));
    if (operator === 'provePossession') {
      fields.only(['id', 'operator']);
      return { id, operator };
    }
    if (isCustomOperation(operator)) {
      fields.only(['id', 'operator', 'input']);
      return { id, operator, input: fields.entries.get('input') };
    }
    fields.only(['id', 'operator', 'path']);
    return { id, operator: 'extendedPublicKey', path: fields.required('path', pathText)! };
  });

/** @throws {VaultError} ERR_REFUSED */
export const checkLockRequest = (value: unknown): WireLockRequest =>
  reading(value, (fields) => {
    fields.only(['unsealed']);
    return { unsealed: fields.required('unsealed', oneOf(LOCK_CHOICES))! };
  });

const filePassword: Check<WireUnlockRequest['files'][number]> = (value, path, problems) => {
  const fields = readFields(value, path, 'an object', problems);
  fields?.only(['path', 'password']);
  const file = fields?.required('path', absolutePath);
  const password = fields?.required('password', wireSecret);
  return file === undefined || password === undefined ? undefined : { path: file, password };
};

/** @throws {VaultError} ERR_REFUSED */
export const checkUnlockRequest = (value: unknown): WireUnlockRequest =>
  reading(value, (fields) => {
    fields.only(['password', 'files']);
    const password = fields.has('password') ? fields.required('password', wireSecret) : undefined;
    const files = fields.required('files', listOf(0, MAX_UNLOCK_FILES, filePassword))!;
    return { files, ...(password !== undefined && { password }) };
  });
