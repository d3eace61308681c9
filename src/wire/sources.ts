// Where keys and passwords come from: as callers write it, and as it crosses to the vault, which checks the second form
// as if main were hostile. Names, paths and numbers only: never a key's bytes.
import { isAbsolute } from 'node:path';
import { types } from 'node:util';
import type { SettingsProblem } from '../errors.js';
import {
  addMismatch,
  addProblem,
  type Check,
  type Fields,
  inWords,
  keyId,
  oneOf,
  readFields,
  text,
  trueOrFalse,
  wholeNumber,
} from './check.js';
import { MNEMONIC_LANGUAGES, type MnemonicLanguage } from './languages.js';
import { parsePath } from './path.js';
import { ENCODINGS, type Encoding, type KeyId, type KeyType } from './types.js';

/** The longest path that any supported system takes (Windows), in characters. */
export const MAX_PATH_CHARACTERS = 32_767;
const MAX_ENV_NAME_CHARACTERS = 255;
const MAX_KEY_PATH_CHARACTERS = 4096;
/** Hand-offs are numbered from 0 to this. */
export const MAX_HANDOFF = 0xffff_ffff;

/** What main names or hands off, with the defaults filled in. */
type NamedSecret =
  | { readonly env: string }
  | { readonly file: string; readonly allowSharedFile: boolean }
  | { readonly bytes: Uint8Array | ArrayBuffer };

/** Where a password or a mnemonic comes from: text as it is. */
export type CheckedSecret =
  | NamedSecret
  /** Typed when it is needed: in settings that the program reads, and nowhere else. */
  | { readonly prompt: true }
  /** What was typed: the number by which the vault, where it lies, knows it. */
  | { readonly typed: number };

/** A key source with its defaults filled in. */
export type CheckedSource =
  | 'generate'
  | { readonly env: string; readonly encoding: Encoding }
  | { readonly file: string; readonly encoding: Encoding; readonly allowSharedFile: boolean }
  | { readonly bytes: Uint8Array | ArrayBuffer; readonly encoding: Encoding }
  | {
      readonly mnemonic: CheckedSecret;
      readonly passphrase: CheckedSecret | undefined;
      readonly language: MnemonicLanguage;
    }
  | { readonly seed: KeyId; readonly path: string }
  | { readonly keystore: string; readonly password: CheckedSecret }
  | { readonly sealed: string; readonly password: CheckedSecret; readonly create: boolean };

/** A password or mnemonic as it crosses to the vault. `handoff` numbers bytes that main handed off. */
export type WireSecret =
  | { readonly kind: 'env'; readonly name: string; readonly handoff?: number }
  /** `path` is absolute. */
  | { readonly kind: 'file'; readonly path: string; readonly allowSharedFile: boolean }
  | { readonly kind: 'bytes'; readonly handoff: number };

/** A key source as it crosses to the vault. Every path of a file is absolute. */
export type WireSource =
  | { readonly kind: 'generate' }
  | (WireSecret & { readonly encoding: Encoding })
  | {
      readonly kind: 'mnemonic';
      readonly mnemonic: WireSecret;
      readonly passphrase?: WireSecret;
      readonly language: MnemonicLanguage;
    }
  | { readonly kind: 'seed'; readonly seed: KeyId; readonly path: string }
  | { readonly kind: 'keystore'; readonly path: string; readonly password: WireSecret }
  | { readonly kind: 'sealed'; readonly path: string; readonly password: WireSecret; readonly create: boolean };

/** The secrets that a source names, apart from the key itself: those that must be dropped when it is loaded. */
export const secretsOf = (source: WireSource): readonly WireSecret[] => {
  switch (source.kind) {
    case 'generate':
    case 'seed':
      return [];
    case 'mnemonic':
      return source.passphrase === undefined ? [source.mnemonic] : [source.mnemonic, source.passphrase];
    case 'keystore':
    case 'sealed':
      return [source.password];
    default:
      return [source];
  }
};

const encoding: Check<Encoding> = oneOf(ENCODINGS);
const handoffNumber: Check<number> = wholeNumber(0, MAX_HANDOFF);
const language: Check<MnemonicLanguage> = oneOf(MNEMONIC_LANGUAGES);

const envName: Check<string> = text(
  'the name of an environment variable (up to 255 letters, digits and _, not starting with a digit)',
  (name) => name.length <= MAX_ENV_NAME_CHARACTERS && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
);

const isPath = (path: string): boolean => path.length > 0 && path.length <= MAX_PATH_CHARACTERS && !path.includes('\0');

export const filePath: Check<string> = text('the path of a file (1 to 32,767 characters, no NUL)', isPath);

export const absolutePath: Check<string> = text(
  'the absolute path of a file (1 to 32,767 characters, no NUL)',
  (path) => isPath(path) && isAbsolute(path),
);

/** Its syntax depends on the type of the key (path.ts). */
const pathText: Check<string> = text(
  "a key path, as in m/44'/60'/0'/0/0",
  (path) => path.length > 0 && path.length <= MAX_KEY_PATH_CHARACTERS,
);

/** The type only. The hand-off and the vault answer for lengths, with the codes that files have: ERR_SOURCE_EMPTY and so on. */
const keyBytes: Check<Uint8Array | ArrayBuffer> = (value, path, problems) =>
  types.isUint8Array(value) || types.isArrayBuffer(value)
    ? value
    : addMismatch(problems, path, 'a Uint8Array or ArrayBuffer', value);

/** Where the specification was written. JSON has no bytes; the program's settings have secrets that are typed. */
export type Medium = 'object' | 'json' | 'program';

/** One kind of source: the fields that it has, its own name first, and how they are read. */
interface SourceKind<T> {
  readonly fields: readonly string[];
  readonly read: (fields: Fields, path: string, problems: SettingsProblem[], medium: Medium) => T | undefined;
}

/** The value of an object with every field read, or undefined when one of them was a problem. */
const complete = <T extends object>(made: { readonly [K in keyof T]: T[K] | undefined }): T | undefined =>
  Object.values(made).includes(undefined) ? undefined : (made as T);

const noBytes = (path: string, problems: SettingsProblem[]): undefined =>
  addProblem(problems, `${path}.bytes`, 'a JSON file cannot hold bytes; use "env" or "file"');

const SECRET_KINDS: Readonly<Record<string, SourceKind<NamedSecret>>> = {
  env: { fields: ['env'], read: (fields) => complete({ env: fields.required('env', envName) }) },
  file: {
    fields: ['file', 'allowSharedFile'],
    read: (fields) =>
      complete({
        file: fields.required('file', filePath),
        allowSharedFile: fields.optional('allowSharedFile', false, trueOrFalse),
      }),
  },
  bytes: {
    fields: ['bytes'],
    read: (fields, path, problems, medium) =>
      medium === 'object' ? complete({ bytes: fields.required('bytes', keyBytes) }) : noBytes(path, problems),
  },
};

const isTrue: Check<true> = (value, path, problems) =>
  value === true ? value : addMismatch(problems, path, 'true', value);

/** A key itself cannot be typed; its password can, or the words that it follows from. */
const TYPED_KINDS: Readonly<Record<string, SourceKind<CheckedSecret>>> = {
  ...SECRET_KINDS,
  prompt: {
    fields: ['prompt'],
    read: (fields, path, problems, medium) =>
      medium === 'program'
        ? complete({ prompt: fields.required('prompt', isTrue) })
        : addProblem(
            problems,
            `${path}.prompt`,
            'only the program strongroom asks for what is typed; a program of yours names an "env" or a "file"',
          ),
  },
};

const withEncoding = (kind: SourceKind<NamedSecret>): SourceKind<CheckedSource> => ({
  fields: [kind.fields[0] as string, 'encoding', ...kind.fields.slice(1)],
  read(fields, path, problems, medium) {
    const named = fields.optional<Encoding>('encoding', 'auto', encoding);
    const secret = kind.read(fields, path, problems, medium);
    return secret !== undefined && named !== undefined ? { ...secret, encoding: named } : undefined;
  },
});

const SOURCE_KINDS: Readonly<Record<string, SourceKind<CheckedSource>>> = {
  ...Object.fromEntries(Object.entries(SECRET_KINDS).map(([name, kind]) => [name, withEncoding(kind)])),
  mnemonic: {
    fields: ['mnemonic', 'passphrase', 'language'],
    read(fields, _path, _problems, medium) {
      const secret = secretOf(medium);
      const mnemonic = fields.required('mnemonic', secret);
      const passphrase = fields.has('passphrase') ? fields.required('passphrase', secret) : undefined;
      const named = fields.optional<MnemonicLanguage>('language', 'english', language);
      const isMissing = fields.has('passphrase') && passphrase === undefined;
      if (mnemonic === undefined || named === undefined || isMissing) return undefined;
      return { mnemonic, passphrase, language: named };
    },
  },
  seed: {
    fields: ['seed', 'path'],
    read: (fields) => complete({ seed: fields.required('seed', keyId), path: fields.required('path', pathText) }),
  },
  keystore: {
    fields: ['keystore', 'password'],
    read: (fields, _path, _problems, medium) =>
      complete({
        keystore: fields.required('keystore', filePath),
        password: fields.required('password', secretOf(medium)),
      }),
  },
  sealed: {
    fields: ['sealed', 'password', 'create'],
    read: (fields, _path, _problems, medium) =>
      complete({
        sealed: fields.required('sealed', filePath),
        password: fields.required('password', secretOf(medium)),
        create: fields.optional('create', false, trueOrFalse),
      }),
  },
};

const quoted = (names: readonly string[], word: 'or' | 'and'): string =>
  inWords(
    names.map((name) => `"${name}"`),
    word,
  );

const namesFor = (kinds: object, medium: Medium): string[] =>
  Object.keys(kinds).filter((name) => {
    if (name === 'bytes') return medium === 'object';
    return name !== 'prompt' || medium === 'program';
  });

/** Reads an object that has exactly one of the names of `kinds`. */
const readOneOf = <T>(
  kinds: Readonly<Record<string, SourceKind<T>>>,
  what: string,
  expected: string,
  value: unknown,
  path: string,
  problems: SettingsProblem[],
  medium: Medium,
): T | undefined => {
  const fields = readFields(value, path, expected, problems);
  if (fields === undefined) return undefined;
  const names = Object.keys(kinds);
  const given = names.filter((name) => fields.has(name));
  const known = (given.length === 0 ? names : given).flatMap((name) => kinds[name]!.fields);
  fields.only([...new Set(known)], (field) => {
    if (given.length === 0) return undefined;
    const owners = names.filter((name) => kinds[name]!.fields.includes(field));
    return owners.length === 0 ? undefined : `only ${what} with ${quoted(owners, 'or')} takes this field`;
  });
  if (given.length === 0) return addMismatch(problems, path, expected, value, 'none of them');
  if (given.length > 1) addMismatch(problems, path, `one source`, value, `${given.length}: ${quoted(given, 'and')}`);
  // With two sources the value is of no use, but the mistakes in both are worth reporting.
  const [read] = given.map((name) => kinds[name]!.read(fields, path, problems, medium));
  return given.length === 1 ? read : undefined;
};

/** A password or mnemonic as callers write it. */
export const secretOf =
  (medium: Medium): Check<CheckedSecret> =>
  (value, path, problems) => {
    const expected = `an object with ${quoted(namesFor(TYPED_KINDS, medium), 'or')}`;
    // What was pasted in place of a source is a password: the reason says what to do, and nothing of it.
    if (typeof value === 'string') {
      return addMismatch(problems, path, `${expected}; a secret itself does not belong in settings`, value);
    }
    return readOneOf(TYPED_KINDS, 'a source', expected, value, path, problems, medium);
  };

/** A key's source as callers write it. */
export const sourceOf =
  (medium: Medium): Check<CheckedSource> =>
  (value, path, problems) =>
    value === 'generate'
      ? value
      : readOneOf(
          SOURCE_KINDS,
          'a source',
          `"generate" or an object with ${quoted(namesFor(SOURCE_KINDS, medium), 'or')}`,
          value,
          path,
          problems,
          medium,
        );

/** Why a key of a type cannot come from a source; undefined if it can. */
export const whyNotOfType = (type: KeyType, source: CheckedSource | WireSource): string | undefined => {
  if (source === 'generate') return undefined;
  if ('seed' in source) {
    const path = parsePath(type, source.path);
    return typeof path === 'string' ? path : undefined;
  }
  if ('mnemonic' in source && type !== 'seed') return 'a mnemonic makes a key of type "seed"; derive others from it';
  const isKeystore = 'keystore' in source || ('kind' in source && source.kind === 'keystore');
  if (!isKeystore || type === 'bls12-381' || type === 'secp256k1') return undefined;
  return 'a keystore holds a key of type "bls12-381" or "secp256k1"';
};

const WIRE_SECRETS = ['env', 'file', 'bytes'] as const;
const WIRE_SOURCES = ['generate', ...WIRE_SECRETS, 'mnemonic', 'seed', 'keystore', 'sealed'] as const;

/** The fields of a wire secret, whose kind is known; what else may stand beside them is in `more`. */
const readWireSecret = (
  fields: Fields,
  kind: (typeof WIRE_SECRETS)[number],
  more: readonly string[],
): WireSecret | undefined => {
  switch (kind) {
    case 'env': {
      fields.only(['kind', 'name', 'handoff', ...more]);
      const name = fields.required('name', envName);
      if (!fields.has('handoff')) return name === undefined ? undefined : { kind, name };
      const handoff = fields.required('handoff', handoffNumber);
      return name === undefined || handoff === undefined ? undefined : { kind, name, handoff };
    }
    case 'file': {
      fields.only(['kind', 'path', 'allowSharedFile', ...more]);
      const path = fields.required('path', absolutePath);
      const allowSharedFile = fields.required('allowSharedFile', trueOrFalse);
      return path === undefined || allowSharedFile === undefined ? undefined : { kind, path, allowSharedFile };
    }
    case 'bytes': {
      fields.only(['kind', 'handoff', ...more]);
      const handoff = fields.required('handoff', handoffNumber);
      return handoff === undefined ? undefined : { kind, handoff };
    }
  }
};

/** A password or mnemonic that arrived from main. */
export const wireSecret: Check<WireSecret> = (value, path, problems) => {
  const fields = readFields(value, path, 'an object', problems);
  const kind = fields?.required('kind', oneOf(WIRE_SECRETS));
  return fields === undefined || kind === undefined ? undefined : readWireSecret(fields, kind, []);
};

/** A key's source that arrived from main. */
export const wireSource: Check<WireSource> = (value, path, problems) => {
  const fields = readFields(value, path, 'an object', problems);
  const kind = fields?.required('kind', oneOf(WIRE_SOURCES));
  if (fields === undefined || kind === undefined) return undefined;
  switch (kind) {
    case 'generate':
      fields.only(['kind']);
      return { kind };
    case 'mnemonic': {
      fields.only(['kind', 'mnemonic', 'passphrase', 'language']);
      const mnemonic = fields.required('mnemonic', wireSecret);
      const named = fields.required('language', language);
      const passphrase = fields.has('passphrase') ? fields.required('passphrase', wireSecret) : undefined;
      if (mnemonic === undefined || named === undefined) return undefined;
      return { kind, mnemonic, language: named, ...(passphrase !== undefined && { passphrase }) };
    }
    case 'seed':
      fields.only(['kind', 'seed', 'path']);
      return complete({ kind, seed: fields.required('seed', keyId), path: fields.required('path', pathText) });
    case 'keystore':
      fields.only(['kind', 'path', 'password']);
      return complete({
        kind,
        path: fields.required('path', absolutePath),
        password: fields.required('password', wireSecret),
      });
    case 'sealed':
      fields.only(['kind', 'path', 'password', 'create']);
      return complete({
        kind,
        path: fields.required('path', absolutePath),
        password: fields.required('password', wireSecret),
        create: fields.required('create', trueOrFalse),
      });
    default: {
      const secret = readWireSecret(fields, kind, ['encoding']);
      const named = fields.required('encoding', encoding);
      return secret === undefined || named === undefined ? undefined : { ...secret, encoding: named };
    }
  }
};
