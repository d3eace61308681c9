// The shapes of a key's specification and of the configuration: as callers write them, and as they cross to the vault.
// The vault checks the second form as if main were hostile. Never a key's bytes here. Sources have a file of their own.
import { type SettingsProblem, VaultError } from '../errors.js';
import { auditOrNone, type WireAudit } from './audit.js';
import {
  addProblem,
  type Check,
  isKeyId,
  keyId,
  oneOf,
  readFields,
  summarize,
  trueOrFalse,
  wholeNumber,
} from './check.js';
import { type WireOperator, wireOperators } from './custom-operators.js';
import { checkPolicyOfType, type KeyPolicy, MAX_LIFE_MS, POLICY_FIELDS, readPolicy } from './policy.js';
import { type CheckedSource, type Medium, sourceOf, type WireSource, whyNotOfType, wireSource } from './sources.js';
import { KEY_TYPES, type KeyId, type KeyType } from './types.js';

const MIB = 1024 * 1024;

/** What the vault is configured with. Field by field as in the public settings. */
export interface WireConfig {
  readonly threads: number;
  readonly provider: 'auto' | 'native' | 'noble';
  readonly lock: 'require' | 'warn' | 'off';
  readonly maxKeys: number;
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly verifyAfterSign: boolean;
  /** Bytes that key derivations from passwords may use at once, and one alone. */
  readonly maxKdfMemory: number;
  /** What one key derivation may cost: see KdfLimits. */
  readonly maxKdfWork: number;
  /** Milliseconds without use after which the vault locks itself; 0: never. */
  readonly lockIdleMs: number;
  /** What becomes then of keys that no encrypted source can bring back. */
  readonly lockUnsealed: LockChoice;
  readonly operators: readonly WireOperator[];
  readonly audit: WireAudit | null;
}

/** What becomes, when the vault is locked, of keys that no encrypted source can bring back. */
export const LOCK_CHOICES = ['drop', 'refuse'] as const;
export type LockChoice = (typeof LOCK_CHOICES)[number];

export const MAX_KEYS = 1_000_000;

/** 1 GiB, and a little, so that scrypt with N = 2^20 and r = 8, which some wallets write, is in. */
export const DEFAULT_MAX_KDF_MEMORY: number = 1025 * MIB;
/** Sixteen times the work that keystores usually ask for (N or c of 262,144): some ten seconds. */
export const DEFAULT_MAX_KDF_WORK: number = 2 ** 22;

/** One check for each field of the configuration, the same on both sides. */
export const CONFIG_CHECKS: { readonly [Name in keyof WireConfig]: Check<WireConfig[Name]> } = {
  threads: wholeNumber(1, 256),
  provider: oneOf(['auto', 'native', 'noble']),
  lock: oneOf(['require', 'warn', 'off']),
  maxKeys: wholeNumber(1, MAX_KEYS),
  maxPending: wholeNumber(1, 1_048_576),
  maxPendingBytes: wholeNumber(MIB, 4096 * MIB),
  verifyAfterSign: trueOrFalse,
  maxKdfMemory: wholeNumber(MIB, 65_536 * MIB),
  maxKdfWork: wholeNumber(1, 1_099_511_627_776),
  lockIdleMs: wholeNumber(0, MAX_LIFE_MS),
  lockUnsealed: oneOf(LOCK_CHOICES),
  operators: wireOperators,
  audit: auditOrNone,
};

export interface CheckedSpec extends KeyPolicy {
  readonly type: KeyType;
  readonly from: CheckedSource;
}

export interface WireKeySpec extends KeyPolicy {
  readonly id: KeyId;
  readonly type: KeyType;
  readonly source: WireSource;
}

const keyType: Check<KeyType> = oneOf(KEY_TYPES);

/** Report a source that a key of the type cannot have, and what its policy says that it cannot do. */
const checkType = (
  type: KeyType | undefined,
  source: CheckedSource | WireSource | undefined,
  policy: KeyPolicy,
  paths: { readonly source: string; readonly policy: string },
  problems: SettingsProblem[],
): void => {
  if (type === undefined) return;
  const reason = source === undefined ? undefined : whyNotOfType(type, source);
  if (reason !== undefined) addProblem(problems, paths.source, reason);
  checkPolicyOfType(type, policy, paths.policy, problems);
};

/** Check a key's specification as callers write it. Gives a clean copy, or adds every problem below `path`. */
export const checkKeySpec = (
  value: unknown,
  path: string,
  problems: SettingsProblem[],
  medium: Medium = 'object',
): CheckedSpec | undefined => {
  const fields = readFields(value, path, 'an object with "type" and "from"', problems);
  if (fields === undefined) return undefined;
  const before = problems.length;
  fields.only(['type', 'from', ...POLICY_FIELDS]);
  const type = fields.required('type', keyType);
  const from = fields.required('from', sourceOf(medium));
  const policy = readPolicy(fields);
  checkType(type, from, policy, { source: `${path}.from`, policy: path }, problems);
  return type === undefined || from === undefined || problems.length > before ? undefined : { type, from, ...policy };
};

const refusal = (what: string, problems: readonly SettingsProblem[], id?: unknown): VaultError =>
  new VaultError('ERR_REFUSED', `the vault refused ${what}: ${summarize(problems)}`, {
    keyId: isKeyId(id) ? id : undefined,
  });

/**
 * Check a key's specification that arrived from main.
 *
 * @returns a new object of the checked fields; the input is not passed on.
 * @throws {VaultError} ERR_REFUSED - anything is malformed; the message lists it.
 */
export const checkWireKeySpec = (value: unknown): WireKeySpec => {
  const problems: SettingsProblem[] = [];
  const fields = readFields(value, 'key', 'an object', problems);
  fields?.only(['id', 'type', 'source', ...POLICY_FIELDS]);
  const id = fields?.required('id', keyId);
  const type = fields?.required('type', keyType);
  const source = fields?.required('source', wireSource);
  const policy = fields === undefined ? {} : readPolicy(fields);
  checkType(type, source, policy, { source: 'key.source', policy: 'key' }, problems);
  if (problems.length > 0 || id === undefined || type === undefined || source === undefined) {
    throw refusal('the key specification', problems, id);
  }
  return { id, type, source, ...policy };
};

/**
 * Check the configuration that arrived from main.
 *
 * @returns a new object of the checked fields; the input is not passed on.
 * @throws {VaultError} ERR_REFUSED - anything is malformed; the message lists it.
 */
export const checkWireConfig = (value: unknown): WireConfig => {
  const problems: SettingsProblem[] = [];
  const names = Object.keys(CONFIG_CHECKS) as (keyof WireConfig)[];
  const fields = readFields(value, 'config', 'an object', problems);
  fields?.only(names);
  const checked = names.map((name) => [name, fields?.required<unknown>(name, CONFIG_CHECKS[name])] as const);
  if (problems.length > 0) throw refusal('the configuration', problems);
  return Object.fromEntries(checked) as unknown as WireConfig;
};
