// The audit log as both sides know it: its settings, its records, and the text that its signatures are over. What makes
// and what verifies a log write and read records by this file, so that one byte cannot mean two things.
import type { SettingsProblem } from '../errors.js';
import { type Check, keyId, oneOf, readFields } from './check.js';
import { absolutePath } from './sources.js';
import { KEY_TYPE_FACTS, KEY_TYPES, type KeyId, type KeyType, SCHEMES, type Scheme } from './types.js';

/** 'summary': once a second, what was done with each key. 'each': a record for every call. */
export const AUDIT_OPERATIONS = ['summary', 'each'] as const;
/** What becomes of work while the log cannot be written. */
export const AUDIT_ON_ERROR = ['refuse', 'continue'] as const;

/** The audit log of the settings, as it crosses to the vault. */
export interface WireAudit {
  /** Absolute. */
  readonly path: string;
  /** The key that signs the log; null: it is chained, and not signed. */
  readonly key: KeyId | null;
  readonly operations: (typeof AUDIT_OPERATIONS)[number];
  readonly onError: (typeof AUDIT_ON_ERROR)[number];
}

/** For the configuration's `audit`: null is no log. */
export const auditOrNone: Check<WireAudit | null> = (value, path, problems) =>
  value === null ? null : wireAudit(value, path, problems);

const wireAudit: Check<WireAudit> = (value, path, problems) => {
  const fields = readFields(value, path, 'an object', problems);
  if (fields === undefined) return undefined;
  fields.only(['path', 'key', 'operations', 'onError']);
  const file = fields.required('path', absolutePath);
  const key = fields.required<KeyId | null>('key', (id, at, found) => (id === null ? null : keyId(id, at, found)));
  const operations = fields.required('operations', oneOf(AUDIT_OPERATIONS));
  const onError = fields.required('onError', oneOf(AUDIT_ON_ERROR));
  if (file === undefined || key === undefined || operations === undefined || onError === undefined) return undefined;
  return { path: file, key, operations, onError };
};

/** What the owner is told of the log itself. */
export type AuditEvent =
  /** The log cannot be written: `reason` is a sentence. */
  | { readonly type: 'audit-failed'; readonly reason: string }
  /** It can again; `lost` records had no room meanwhile. */
  | { readonly type: 'audit-resumed'; readonly lost: number };

/** The `prev` of the first record. */
export const FIRST_PREV: string = '0'.repeat(64);
/** A line with its line feed: of a 'used' record of many keys with long ids. */
export const MAX_LINE_BYTES: number = 256 * 1024;

/** The key that signs a log, as its 'opened' record names it. */
export interface AuditKey {
  readonly id: string;
  readonly type: KeyType;
  readonly scheme: Scheme;
  /** Hex. */
  readonly publicKey: string;
}

/** What every record has; the rest is by its type (docs/audit.md). */
export interface AuditRecord {
  readonly type: string;
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** SHA-256 of the line before, without its line feed, hex. */
  readonly prev: string;
  readonly [field: string]: unknown;
}

/**
 * JSON with the fields of each object in the order of their UTF-16 units and no space: RFC 8785, of what records hold
 * (strings, whole numbers, true, false, null, arrays, objects).
 */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(fields).filter((name) => fields[name] !== undefined);
  return `{${names
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(fields[name])}`)
    .join()}}`;
};

const DOMAIN = 'strongroom audit log, version 1\n';
const encoder = new TextEncoder();

/**
 * What the signature of a 'signed' or 'closed' record is over: a line that names the purpose, then the record without
 * its signature. By its `prev` and `seq` it is over every record before, and their number. secp256k1 signs the SHA-256
 * of these bytes, the other types the bytes.
 */
export const signedText = ({ signature: _, ...record }: AuditRecord): Uint8Array =>
  encoder.encode(DOMAIN + canonical(record));

/** The records that end what was signed. */
export const isCheckpoint = ({ type }: AuditRecord): boolean => type === 'signed' || type === 'closed';

/** Whether fields come in their order: a cheaper look at most lines than to write them anew. */
const isSorted = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  let last = '';
  for (const name in value) {
    if (name < last || !isSorted((value as Readonly<Record<string, unknown>>)[name])) return false;
    if (!Array.isArray(value)) last = name;
  }
  return true;
};

const decoder = new TextDecoder('utf-8', { fatal: true });
const TYPE = /^[a-z-]{1,32}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HASH = /^[0-9a-f]{64}$/;

/** The record of a line, without its line feed; undefined: this is none that a vault wrote. */
export const parseRecord = (line: Uint8Array): AuditRecord | undefined => {
  try {
    const text = decoder.decode(line);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const { type, seq, time, prev } = value as Partial<AuditRecord>;
    if (typeof type !== 'string' || !TYPE.test(type) || !Number.isSafeInteger(seq) || (seq as number) < 0)
      return undefined;
    if (typeof time !== 'string' || !TIME.test(time) || typeof prev !== 'string' || !HASH.test(prev)) return undefined;
    // Other spellings, and names that an object has twice, would let one line be read in two ways.
    const isCanonical = (JSON.stringify(value) === text && isSorted(value)) || canonical(value) === text;
    return isCanonical ? (value as AuditRecord) : undefined;
  } catch {
    return undefined;
  }
};

/** How the first record of a log begins, with a key and without one: its fields come in their order. */
const FIRST_BEGINNINGS: readonly string[] = [
  '{"key":{"id":"',
  ...AUDIT_OPERATIONS.map((how) => `{"operations":"${how}",`),
];

/** Whether bytes may be a first record that was torn. Of others, a vault makes no log. */
export const beginsFirst = (torn: Uint8Array): boolean =>
  FIRST_BEGINNINGS.some((beginning) => {
    const expected = encoder.encode(beginning);
    return torn.every((byte, i) => i >= expected.length || byte === expected[i]);
  });

/** The key that an 'opened' record names: null, none; undefined, the field is malformed. */
export const keyOf = ({ key }: AuditRecord): AuditKey | null | undefined => {
  if (key === undefined) return null;
  const problems: SettingsProblem[] = [];
  const fields = readFields(key, 'key', 'an object', problems);
  fields?.only(['id', 'type', 'scheme', 'publicKey']);
  const id = fields?.required('id', keyId);
  const type = fields?.required('type', oneOf(KEY_TYPES));
  const scheme = fields?.required('scheme', oneOf(SCHEMES));
  const publicKey = fields?.entries.get('publicKey');
  if (problems.length > 0 || id === undefined || type === undefined || scheme === undefined) return undefined;
  const { publicKeyBytes, schemes } = KEY_TYPE_FACTS[type];
  if (typeof publicKey !== 'string' || !/^(?:[0-9a-f]{2})+$/.test(publicKey)) return undefined;
  if (publicKey.length !== 2 * publicKeyBytes || !schemes.includes(scheme)) return undefined;
  return { id, type, scheme, publicKey };
};
