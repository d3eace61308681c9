// The shapes of a key's specification and of the configuration: as callers write them, and as they cross to the vault.
// The vault checks the second form as if main were hostile. Only names, paths and numbers here: never a key's bytes.
import { isAbsolute } from 'node:path';
import { types } from 'node:util';
import { type SettingsProblem, VaultError } from '../errors.js';
import {
  addMismatch,
  addProblem,
  type Check,
  type Fields,
  inWords,
  isKeyId,
  keyId,
  oneOf,
  readFields,
  summarize,
  text,
  trueOrFalse,
  wholeNumber,
} from './check.js';
import { ENCODINGS, type Encoding, KEY_TYPES, type KeyId, type KeyType } from './types.js';

const MIB = 1024 * 1024;
/** The longest path that any supported system takes (Windows), in characters. */
export const MAX_PATH_CHARACTERS = 32_767;
const MAX_ENV_NAME_CHARACTERS = 255;
/** Hand-offs are numbered from 0 to this. */
export const MAX_HANDOFF = 0xffff_ffff;

/** What the vault is configured with. Field by field as in the public settings. */
export interface WireConfig {
  readonly threads: number;
  readonly provider: 'auto' | 'native' | 'noble';
  readonly lock: 'require' | 'warn' | 'off';
  readonly maxKeys: number;
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly verifyAfterSign: boolean;
}

export const MAX_KEYS = 1_000_000;

/** One check for each field of the configuration, the same on both sides. */
export const CONFIG_CHECKS: { readonly [Name in keyof WireConfig]: Check<WireConfig[Name]> } = {
  threads: wholeNumber(1, 256),
  provider: oneOf(['auto', 'native', 'noble']),
  lock: oneOf(['require', 'warn', 'off']),
  maxKeys: wholeNumber(1, MAX_KEYS),
  maxPending: wholeNumber(1, 1_048_576),
  maxPendingBytes: wholeNumber(MIB, 4096 * MIB),
  verifyAfterSign: trueOrFalse,
};

/** A key source with its defaults filled in. */
export type CheckedSource =
  | 'generate'
  | { readonly env: string; readonly encoding: Encoding }
  | { readonly file: string; readonly encoding: Encoding; readonly allowSharedFile: boolean }
  | { readonly bytes: Uint8Array | ArrayBuffer; readonly encoding: Encoding };

export interface CheckedSpec {
  readonly type: KeyType;
  readonly from: CheckedSource;
}

/** A key source as it crosses to the vault. `handoff` numbers bytes that main handed off. */
export type WireSource =
  | { readonly kind: 'generate' }
  | { readonly kind: 'env'; readonly name: string; readonly encoding: Encoding; readonly handoff?: number }
  /** `path` is absolute. */
  | { readonly kind: 'file'; readonly path: string; readonly encoding: Encoding; readonly allowSharedFile: boolean }
  | { readonly kind: 'bytes'; readonly handoff: number; readonly encoding: Encoding };

export interface WireKeySpec {
  readonly id: KeyId;
  readonly type: KeyType;
  readonly source: WireSource;
}

const keyType: Check<KeyType> = oneOf(KEY_TYPES);
const encoding: Check<Encoding> = oneOf(ENCODINGS);
const handoffNumber: Check<number> = wholeNumber(0, MAX_HANDOFF);

const envName: Check<string> = text(
  'the name of an environment variable (up to 255 letters, digits and _, not starting with a digit)',
  (name) => name.length <= MAX_ENV_NAME_CHARACTERS && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
);

const isPath = (path: string): boolean => path.length > 0 && path.length <= MAX_PATH_CHARACTERS && !path.includes('\0');

export const filePath: Check<string> = text('the path of a file (1 to 32,767 characters, no NUL)', isPath);

const absolutePath: Check<string> = text(
  'the absolute path of a file (1 to 32,767 characters, no NUL)',
  (path) => isPath(path) && isAbsolute(path),
);

/** The type only. The hand-off and the vault answer for lengths, with the codes that files have: ERR_SOURCE_EMPTY and so on. */
const keyBytes: Check<Uint8Array | ArrayBuffer> = (value, path, problems) =>
  types.isUint8Array(value) || types.isArrayBuffer(value)
    ? value
    : addMismatch(problems, path, 'a Uint8Array or ArrayBuffer', value);

/** The fields of each source, by the field that tells which source it is. */
const SOURCE_FIELDS = {
  env: ['env', 'encoding'],
  file: ['file', 'encoding', 'allowSharedFile'],
  bytes: ['bytes', 'encoding'],
} as const;
type SourceName = keyof typeof SOURCE_FIELDS;
const SOURCE_NAMES = Object.keys(SOURCE_FIELDS) as SourceName[];

/** Where the specification was written. JSON has no bytes. */
export type Medium = 'object' | 'json';

const describeSources = (medium: Medium): string =>
  `"generate" or an object with ${medium === 'json' ? '"env" or "file"' : '"env", "file" or "bytes"'}`;

const explainSourceField =
  (sources: readonly SourceName[]) =>
  (name: string): string | undefined => {
    if (
      sources.length === 0 ||
      !Object.values(SOURCE_FIELDS).some((fields: readonly string[]) => fields.includes(name))
    ) {
      return undefined;
    }
    const owners = SOURCE_NAMES.filter((source) => (SOURCE_FIELDS[source] as readonly string[]).includes(name));
    return `only a source with ${inWords(
      owners.map((owner) => `"${owner}"`),
      'or',
    )} takes this field`;
  };

const readSource = (
  fields: Fields,
  source: SourceName,
  path: string,
  problems: SettingsProblem[],
  medium: Medium,
): CheckedSource | undefined => {
  const named = fields.optional<Encoding>('encoding', 'auto', encoding);
  switch (source) {
    case 'env': {
      const env = fields.required('env', envName);
      return env !== undefined && named !== undefined ? { env, encoding: named } : undefined;
    }
    case 'file': {
      const file = fields.required('file', filePath);
      const allowSharedFile = fields.optional('allowSharedFile', false, trueOrFalse);
      if (file === undefined || named === undefined || allowSharedFile === undefined) return undefined;
      return { file, encoding: named, allowSharedFile };
    }
    case 'bytes': {
      if (medium === 'json') {
        return addProblem(problems, `${path}.bytes`, 'a JSON file cannot hold bytes; use "env" or "file"');
      }
      const bytes = fields.required('bytes', keyBytes);
      return bytes !== undefined && named !== undefined ? { bytes, encoding: named } : undefined;
    }
  }
};

const checkSource = (
  value: unknown,
  path: string,
  problems: SettingsProblem[],
  medium: Medium,
): CheckedSource | undefined => {
  if (value === 'generate') return value;
  const fields = readFields(value, path, describeSources(medium), problems);
  if (fields === undefined) return undefined;
  const sources = SOURCE_NAMES.filter((name) => fields.has(name));
  const known = new Set((sources.length === 0 ? SOURCE_NAMES : sources).flatMap((name) => [...SOURCE_FIELDS[name]]));
  fields.only([...known], explainSourceField(sources));
  const [source, ...others] = sources;
  if (source === undefined) return addMismatch(problems, path, describeSources(medium), value, 'none of them');
  if (others.length > 0) {
    addMismatch(
      problems,
      path,
      'one source',
      value,
      `${sources.length}: ${inWords(
        sources.map((s) => `"${s}"`),
        'and',
      )}`,
    );
  }
  // With two sources the value is of no use, but the mistakes in both are worth reporting.
  const [read] = sources.map((name) => readSource(fields, name, path, problems, medium));
  return others.length === 0 ? read : undefined;
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
  fields.only(['type', 'from']);
  const type = fields.required('type', keyType);
  const from = fields.required('from', (source, at) => checkSource(source, at, problems, medium));
  return type !== undefined && from !== undefined ? { type, from } : undefined;
};

const wireSource: Check<WireSource> = (value, path, problems) => {
  const fields = readFields(value, path, 'an object', problems);
  const kind = fields?.required('kind', oneOf(['generate', 'env', 'file', 'bytes']));
  if (fields === undefined || kind === undefined) return undefined;
  if (kind === 'generate') {
    fields.only(['kind']);
    return { kind };
  }
  const named = fields.required('encoding', encoding);
  switch (kind) {
    case 'env': {
      fields.only(['kind', 'name', 'encoding', 'handoff']);
      const name = fields.required('name', envName);
      const handoff = fields.has('handoff') ? fields.required('handoff', handoffNumber) : undefined;
      if (name === undefined || named === undefined) return undefined;
      return handoff === undefined ? { kind, name, encoding: named } : { kind, name, encoding: named, handoff };
    }
    case 'file': {
      fields.only(['kind', 'path', 'encoding', 'allowSharedFile']);
      const file = fields.required('path', absolutePath);
      const allowSharedFile = fields.required('allowSharedFile', trueOrFalse);
      if (file === undefined || named === undefined || allowSharedFile === undefined) return undefined;
      return { kind, path: file, encoding: named, allowSharedFile };
    }
    case 'bytes': {
      fields.only(['kind', 'handoff', 'encoding']);
      const handoff = fields.required('handoff', handoffNumber);
      return handoff !== undefined && named !== undefined ? { kind, handoff, encoding: named } : undefined;
    }
  }
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
  fields?.only(['id', 'type', 'source']);
  const id = fields?.required('id', keyId);
  const type = fields?.required('type', keyType);
  const source = fields?.required('source', wireSource);
  if (problems.length > 0 || id === undefined || type === undefined || source === undefined) {
    throw refusal('the key specification', problems, id);
  }
  return { id, type, source };
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
