// What the calls that name files and passwords ask of the vault: checked in main, and again in the vault as if main
// were hostile. Never a password's bytes.

import type { SettingsProblem } from '../errors.js';
import { VaultError } from '../errors.js';
import { type Check, keyId, listOf, readFields, summarize, text, wholeNumber } from './check.js';
import { absolutePath, type WireSecret, wireSecret } from './sources.js';
import { MAX_KEYS, policy } from './specs.js';
import type { KeyId, Operation } from './types.js';

const KIB = 1024;
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

/** An operator at work with a key. */
export interface WireExecuteRequest {
  readonly id: KeyId;
  readonly operator: 'extendedPublicKey';
  readonly path: string;
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
    const allow = fields.has('allow') ? fields.required('allow', policy) : undefined;
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
    fields.only(['id', 'operator', 'path']);
    const operator = text('"extendedPublicKey"', (name) => name === 'extendedPublicKey');
    return {
      id: fields.required('id', keyId)!,
      operator: fields.required('operator', operator) as 'extendedPublicKey',
      path: fields.required(
        'path',
        text('a key path', (path) => path.length <= 4096),
      )!,
    };
  });
