// What the calls that write encrypted files ask, checked in main before any message is sent. A caller's mistakes are
// TypeErrors that list all of them.
import { resolve } from 'node:path';
import type { SettingsProblem } from './errors.js';
import { secretFrom } from './settings/keys.js';
import { type Check, keyId, listOf, readFields, summarize } from './wire/check.js';
import { operations } from './wire/policy.js';
import { scryptN, sealingMemory, sealingPasses, type WireCost } from './wire/requests.js';
import { type CheckedSecret, filePath, secretOf } from './wire/sources.js';
import { MAX_KEYS } from './wire/specs.js';
import type { KeyId, Operation } from './wire/types.js';

const MIB = 1024 * 1024;
/** libsodium's choice for a file that is opened now and then: 0.8 s here. */
export const DEFAULT_COST: WireCost = { memory: 256 * MIB, passes: 3 };
const DEFAULT_SCRYPT_N = 262_144;

interface CheckedSeal {
  readonly path: string;
  readonly password: CheckedSecret;
  readonly ids: readonly KeyId[] | undefined;
  readonly allow: readonly Operation[] | undefined;
  readonly cost: WireCost;
}

type Fields = NonNullable<ReturnType<typeof readFields>>;

const reading = <T>(value: unknown, expected: string, read: (fields: Fields) => T): T => {
  const problems: SettingsProblem[] = [];
  const fields = readFields(value, 'request', expected, problems);
  const made = fields === undefined ? undefined : read(fields);
  if (made === undefined || problems.length > 0) throw new TypeError(summarize(problems));
  return made;
};

const cost: Check<WireCost> = (value, path, problems) => {
  const fields = readFields(value, path, 'an object with "memory" and "passes"', problems);
  fields?.only(['memory', 'passes']);
  const memory = fields?.optional('memory', DEFAULT_COST.memory, sealingMemory);
  const passes = fields?.optional('passes', DEFAULT_COST.passes, sealingPasses);
  return memory === undefined || passes === undefined ? undefined : { memory, passes };
};

const password = (fields: Fields, name: string): CheckedSecret => {
  const given = fields.required(name, secretOf('object'));
  return given === undefined ? { env: '' } : secretFrom(given, process.cwd());
};

const path = (fields: Fields): string => resolve(fields.required('file', filePath) ?? '');

/** @throws {TypeError} every mistake of the request. */
export const expectSeal = (value: unknown): CheckedSeal =>
  reading(value, 'an object with "file" and "password"', (fields) => {
    fields.only(['file', 'password', 'ids', 'allow', 'cost']);
    return {
      path: path(fields),
      password: password(fields, 'password'),
      ids: fields.has('ids') ? fields.required('ids', listOf(1, MAX_KEYS, keyId)) : undefined,
      allow: fields.has('allow') ? fields.required('allow', operations) : undefined,
      cost: fields.optional('cost', DEFAULT_COST, cost) ?? DEFAULT_COST,
    };
  });

/** @throws {TypeError} every mistake of the request. */
export const expectReseal = (
  value: unknown,
): {
  readonly path: string;
  readonly password: CheckedSecret;
  readonly newPassword: CheckedSecret;
  readonly cost: WireCost;
} =>
  reading(value, 'an object with "file", "password" and "newPassword"', (fields) => {
    fields.only(['file', 'password', 'newPassword', 'cost']);
    return {
      path: path(fields),
      password: password(fields, 'password'),
      newPassword: password(fields, 'newPassword'),
      cost: fields.optional('cost', DEFAULT_COST, cost) ?? DEFAULT_COST,
    };
  });

/** @throws {TypeError} every mistake of the request. */
export const expectExport = (
  value: unknown,
): { readonly path: string; readonly password: CheckedSecret; readonly n: number } =>
  reading(value, 'an object with "file" and "password"', (fields) => {
    fields.only(['file', 'password', 'n']);
    return {
      path: path(fields),
      password: password(fields, 'password'),
      n: fields.optional('n', DEFAULT_SCRYPT_N, scryptN) ?? DEFAULT_SCRYPT_N,
    };
  });
