// What a port is granted: keys by id or by the start of an id, operations, and limits. Checked in main, and again in the
// vault as if main were hostile; a port grants onward only what it has.
import { type SettingsProblem, VaultError } from '../errors.js';
import { addMismatch, type Check, isKeyId, listOf, readFields, summarize } from './check.js';
import { lifetime, operation, rate, schemes, signatureCount } from './policy.js';
import { isCustomOperation, OPERATIONS, type Operation, type Scheme } from './types.js';

/** What takes the public key alone: a key's policy always allows it, a port must be granted it. */
export const PUBLIC_OPERATIONS = ['publicKey', 'verify', 'seal'] as const;
/** What has no place at a port: new keys, and copies of keys. */
const OWNERS_ONLY: readonly Operation[] = ['derive', 'export'];

export type GrantedOperation = (typeof PUBLIC_OPERATIONS)[number] | Exclude<Operation, 'derive' | 'export'>;
const GRANTED_OPERATIONS: readonly string[] = [
  ...PUBLIC_OPERATIONS,
  ...OPERATIONS.filter((each) => !OWNERS_ONLY.includes(each)),
];

/** Patterns, and operations, that one grant may name. */
const MAX_PATTERNS = 1024;
const MAX_GRANTED_OPERATIONS: number = GRANTED_OPERATIONS.length + 64;

/** What a port is granted. */
export interface WireGrant {
  /** Key ids; one that ends with `*` stands for every id that starts so, also of keys that come later. */
  readonly keys: readonly string[];
  /** `publicKey`, `verify`, `sign`, and operators. */
  readonly operations: readonly GrantedOperation[];
  /** The schemes that it may have signatures of. Default: all that the keys' policies allow. */
  readonly schemes?: readonly Scheme[];
  /** Operations at once, and a second on average (ERR_RATE_LIMITED). */
  readonly perSecond?: number;
  /** Signatures in all (ERR_GRANT_EXHAUSTED). */
  readonly maxSignatures?: number;
  /** Milliseconds after which the port is closed. */
  readonly expiresInMs?: number;
}

const PATTERN_RULE = 'a key id, or the start of one and *';

const isPattern = (value: string): boolean =>
  value === '*' || isKeyId(value) || (value.endsWith('*') && isKeyId(value.slice(0, -1)));

const pattern: Check<string> = (value, path, problems) =>
  typeof value === 'string' && value.length <= 129 && isPattern(value)
    ? value
    : addMismatch(problems, path, PATTERN_RULE, value);

const grantedOperation: Check<GrantedOperation> = (value, path, problems) => {
  if (isCustomOperation(value)) return value;
  const known = GRANTED_OPERATIONS.find((name) => name === value);
  if (known !== undefined) return known as GrantedOperation;
  if (OWNERS_ONLY.some((name) => name === value)) {
    return addMismatch(problems, path, 'an operation that a port can be granted', value, `"${String(value)}"`);
  }
  // The same words as for a policy.
  operation(value, path, problems);
  return undefined;
};

/** Whether an id is one of those that the patterns name. */
export const matches = (patterns: readonly string[], id: string): boolean =>
  patterns.some((each) => (each.endsWith('*') ? id.startsWith(each.slice(0, -1)) : id === each));

/** Whether whatever matches `inner` matches one of `outer` too. */
export const isWithin = (inner: string, outer: readonly string[]): boolean =>
  outer.some((each) => (each.endsWith('*') ? inner.replace(/\*$/, '').startsWith(each.slice(0, -1)) : inner === each));

const readGrant = (value: unknown, path: string, problems: SettingsProblem[]): WireGrant | undefined => {
  const fields = readFields(value, path, 'an object with "keys" and "operations"', problems);
  if (fields === undefined) return undefined;
  const before = problems.length;
  fields.only(['keys', 'operations', 'schemes', 'perSecond', 'maxSignatures', 'expiresInMs']);
  const keys = fields.required('keys', listOf(1, MAX_PATTERNS, pattern));
  const operations = fields.required('operations', listOf(1, MAX_GRANTED_OPERATIONS, grantedOperation));
  const limits = [
    ['schemes', schemes],
    ['perSecond', rate],
    ['maxSignatures', signatureCount],
    ['expiresInMs', lifetime],
  ] as const;
  const given = limits
    .filter(([name]) => fields.has(name))
    .map(([name, check]) => [name, fields.required<unknown>(name, check)] as const);
  if (keys === undefined || operations === undefined || problems.length > before) return undefined;
  return { keys, operations, ...Object.fromEntries(given) };
};

/** Check a grant that a caller asks for. @throws {TypeError} */
export const expectGrant = (value: unknown): WireGrant => {
  const problems: SettingsProblem[] = [];
  const grant = readGrant(value, 'grant', problems);
  if (grant === undefined || problems.length > 0) throw new TypeError(summarize(problems));
  return grant;
};

/** Check a grant that arrived from a client. @throws {VaultError} ERR_GRANT */
export const checkGrant = (value: unknown): WireGrant => {
  const problems: SettingsProblem[] = [];
  const grant = readGrant(value, 'grant', problems);
  if (grant === undefined || problems.length > 0) {
    throw new VaultError('ERR_GRANT', `the vault refused the grant: ${summarize(problems)}`);
  }
  return grant;
};

/** Why a port that has `outer` may not grant `inner`; undefined if it may. */
export const whyWider = (inner: WireGrant, outer: WireGrant): string | undefined => {
  const key = inner.keys.find((each) => !isWithin(each, outer.keys));
  if (key !== undefined) return `the port was not granted the keys "${key}"`;
  const operation = inner.operations.find((each) => !outer.operations.includes(each));
  if (operation !== undefined) return `the port was not granted "${operation}"`;
  if (outer.schemes === undefined) return undefined;
  const scheme = (inner.schemes ?? ['every scheme']).find((each) => !outer.schemes?.includes(each as Scheme));
  return scheme === undefined ? undefined : `the port was not granted ${scheme}`;
};
