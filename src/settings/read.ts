// Turns what the caller gave, an object or the path of a JSON file, into checked settings, or into one error that lists
// every mistake. Each field of the input is read once; only the checked copy is used afterwards.
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type SettingsProblem, VaultError } from '../errors.js';
import { type Hardening, hardeningCheck } from '../hardening.js';
import type { Settings } from '../vault.js';
import type { WireAudit } from '../wire/audit.js';
import {
  addMismatch,
  type Check,
  type Fields,
  formatNumber,
  listOf,
  readFields,
  summarize,
  text,
} from '../wire/check.js';
import { type CheckedLoad, loadOf, MAX_LOADS } from '../wire/loads.js';
import { lifetime } from '../wire/policy.js';
import { filePath, type Medium } from '../wire/sources.js';
import { CONFIG_CHECKS, DEFAULT_MAX_KDF_MEMORY, DEFAULT_MAX_KDF_WORK, type WireConfig } from '../wire/specs.js';
import { auditOf } from './audit.js';
import { type Environment, type Overrides, readOverrides, readSettingsPath, SETTINGS_VARIABLE } from './environment.js';
import { readSettingsFile } from './file.js';
import { type CheckedKey, checkKeys, loadFrom } from './keys.js';
import { operatorsFrom } from './operators.js';

export interface CheckedSettings {
  readonly config: WireConfig;
  readonly keys: readonly CheckedKey[];
  readonly loads: readonly CheckedLoad[];
  readonly hardening: Hardening;
  /** Where relative key files start: the settings file's folder, or the working directory. Absolute. */
  readonly folder: string;
}

/** What the settings are when nothing says otherwise. */
export const defaultConfig = (): WireConfig => ({
  threads: Math.min(availableParallelism(), 256),
  provider: 'auto',
  lock: 'warn',
  maxKeys: 16_384,
  maxPending: 65_536,
  maxPendingBytes: 512 * 1024 * 1024,
  verifyAfterSign: false,
  maxKdfMemory: DEFAULT_MAX_KDF_MEMORY,
  maxKdfWork: DEFAULT_MAX_KDF_WORK,
  lockIdleMs: 0,
  lockUnsealed: 'drop',
  operators: [],
  audit: null,
});

/** What problems with the settings as a whole are filed under. */
const WHOLE = 'settings';
const DEFAULT_HARDENING: Hardening = 'warn';
const FIELDS = [
  '$schema',
  'keys',
  'load',
  'threads',
  'provider',
  'memory',
  'maxPending',
  'maxPendingBytes',
  'verifyAfterSign',
  'hardening',
  'kdf',
  'lock',
  'operators',
  'audit',
];
const LOCK_FIELDS = ['idleMs', 'unsealed'];
const KDF_FIELDS = ['maxMemory', 'maxWork'];
const MEMORY_FIELDS = ['lock', 'maxKeys'];
const anyText: Check<string> = text('a string', () => true);

interface Given {
  readonly value: unknown;
  readonly folder: string;
  readonly medium: Medium;
}

const fromFile = (path: string, name: string, problems: SettingsProblem[]): Given | undefined => {
  const file = resolve(path);
  const parsed = readSettingsFile(file, name, problems);
  return parsed && { value: parsed.value, folder: dirname(file), medium: 'json' };
};

const locate = (input: unknown, environment: Environment, problems: SettingsProblem[]): Given | undefined => {
  if (typeof input === 'string') {
    const path = filePath(input, WHOLE, problems);
    return path === undefined ? undefined : fromFile(path, WHOLE, problems);
  }
  if (input !== undefined) return { value: input, folder: process.cwd(), medium: 'object' };
  if (!Object.hasOwn(environment, SETTINGS_VARIABLE)) {
    const expected = `an object, the path of a JSON file, or such a path in ${SETTINGS_VARIABLE}`;
    return addMismatch(problems, WHOLE, expected, input);
  }
  const path = readSettingsPath(environment, problems);
  return path === undefined ? undefined : fromFile(path, SETTINGS_VARIABLE, problems);
};

const checkSettings = (
  given: Given,
  overrides: Overrides,
  problems: SettingsProblem[],
): CheckedSettings | undefined => {
  const fields = readFields(given.value, '', 'an object', problems);
  if (fields === undefined) return undefined;
  fields.only(FIELDS, (name) =>
    MEMORY_FIELDS.includes(name) ? `unknown field here; "${name}" belongs in "memory"` : undefined,
  );
  fields.optional('$schema', '', anyText);
  const defaults = defaultConfig();
  // Every field is checked, also one that a variable overrides. A bad one is among the problems and ends the start.
  const setting = <Name extends keyof WireConfig>(from: Fields | undefined, name: Name): WireConfig[Name] =>
    from?.optional(name, defaults[name], CONFIG_CHECKS[name]) ?? defaults[name];
  const memory = fields.optional('memory', undefined, (value, path) => {
    const found = readFields(value, path, 'an object with "lock" and "maxKeys"', problems);
    found?.only(MEMORY_FIELDS);
    return found;
  });
  const kdf = fields.optional('kdf', undefined, (value, path) => {
    const found = readFields(value, path, 'an object with "maxMemory" and "maxWork"', problems);
    found?.only(KDF_FIELDS);
    return found;
  });
  const kdfSetting = (name: 'maxMemory' | 'maxWork', of: 'maxKdfMemory' | 'maxKdfWork'): number =>
    kdf?.optional(name, defaults[of], CONFIG_CHECKS[of]) ?? defaults[of];
  const lock = fields.optional('lock', undefined, (value, path) => {
    const found = readFields(value, path, 'an object with "idleMs" and "unsealed"', problems);
    found?.only(LOCK_FIELDS);
    return found;
  });
  const config: WireConfig = {
    threads: setting(fields, 'threads'),
    provider: setting(fields, 'provider'),
    lock: setting(memory, 'lock'),
    maxKeys: setting(memory, 'maxKeys'),
    maxPending: setting(fields, 'maxPending'),
    maxPendingBytes: setting(fields, 'maxPendingBytes'),
    verifyAfterSign: setting(fields, 'verifyAfterSign'),
    maxKdfMemory: kdfSetting('maxMemory', 'maxKdfMemory'),
    maxKdfWork: kdfSetting('maxWork', 'maxKdfWork'),
    lockIdleMs: lock?.optional('idleMs', defaults.lockIdleMs, lifetime) ?? defaults.lockIdleMs,
    operators: fields.optional('operators', defaults.operators, operatorsFrom(given.folder)) ?? defaults.operators,
    audit: fields.optional<WireAudit | null>('audit', null, auditOf(given.folder)) ?? null,
    lockUnsealed:
      lock?.optional('unsealed', defaults.lockUnsealed, CONFIG_CHECKS.lockUnsealed) ?? defaults.lockUnsealed,
  };
  const hardening = fields.optional('hardening', DEFAULT_HARDENING, hardeningCheck) ?? DEFAULT_HARDENING;
  const keys = fields.has('keys')
    ? checkKeys(fields.entries.get('keys'), 'keys', given.folder, given.medium, problems)
    : [];
  const loads = fields.optional('load', [], listOf(0, MAX_LOADS, loadOf(given.medium))) ?? [];
  return {
    config: { ...config, ...overrides.config },
    keys,
    loads: loads.map((load) => loadFrom(load, given.folder)),
    hardening: overrides.hardening ?? hardening,
    folder: given.folder,
  };
};

const settingsError = (found: readonly SettingsProblem[]): VaultError => {
  const problems = found.map(({ path, reason }) => ({ path: path === '' ? WHOLE : path, reason }));
  const count = problems.length === 1 ? 'one mistake' : `${formatNumber(problems.length)} mistakes`;
  return new VaultError('ERR_SETTINGS', `${count} in the settings: ${summarize(problems)}`, { problems });
};

/**
 * Read and check the settings.
 *
 * Precedence, for each setting by itself: its `STRONGROOM_*` variable, then the object or file, then the default.
 *
 * @param input - the settings, or the path of a JSON file; undefined takes the path from STRONGROOM_SETTINGS.
 * @param reader - the program asks for secrets that are to be typed; anyone else is told that nobody would.
 * @throws {VaultError} ERR_SETTINGS - `problems` lists every mistake, in the settings and in the variables.
 */
export const readSettings = (
  input: Settings | string | undefined,
  environment: Environment = process.env,
  reader: 'library' | 'program' = 'library',
): CheckedSettings => {
  const problems: SettingsProblem[] = [];
  const located = locate(input, environment, problems);
  const given = located && (reader === 'program' ? { ...located, medium: reader } : located);
  const overrides = readOverrides(environment, problems);
  const settings = given && checkSettings(given, overrides, problems);
  if (problems.length > 0 || settings === undefined) throw settingsError(problems);
  return settings;
};
