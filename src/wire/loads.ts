// Many keys by one line of the settings: a folder of keystores, or every key of a sealed file. As callers write it, and
// as it crosses to the vault.
import type { SettingsProblem } from '../errors.js';
import { addMismatch, addProblem, type Check, isKeyId, oneOf, readFields, trueOrFalse } from './check.js';
import { type KeyPolicy, POLICY_FIELDS, readPolicy } from './policy.js';
import {
  absolutePath,
  type CheckedSecret,
  filePath,
  type Medium,
  secretOf,
  type WireSecret,
  wireSecret,
} from './sources.js';

/** Items of the settings' `load`, at most. */
export const MAX_LOADS = 1024;

/** One password for all, or a folder that has a file for each keystore. */
export type CheckedPasswords = CheckedSecret | { readonly folder: string; readonly allowSharedFile: boolean };

export type CheckedLoad = KeyPolicy &
  (
    | { readonly keystores: string; readonly passwords: CheckedPasswords; readonly id: string }
    | { readonly sealed: string; readonly password: CheckedSecret; readonly id: string }
  );

export type WirePasswords =
  | WireSecret
  | { readonly kind: 'folder'; readonly path: string; readonly allowSharedFile: boolean };

/** Every path is absolute. */
export type WireLoad = KeyPolicy &
  (
    | {
        readonly kind: 'keystores';
        readonly folder: string;
        readonly passwords: WirePasswords;
        readonly id: string;
      }
    | { readonly kind: 'sealed'; readonly path: string; readonly password: WireSecret; readonly id: string }
  );

/** The password that a load names; undefined for a folder of them. */
export const secretOfLoad = (load: WireLoad): WireSecret | undefined => {
  if (load.kind === 'sealed') return load.password;
  return load.passwords.kind === 'folder' ? undefined : load.passwords;
};

/** What an id may be made of: a keystore's public key and address in hex, and its file's name without .json. */
export const KEYSTORE_PLACEHOLDERS = ['pubkey', 'address', 'name'] as const;
/** The id that the key has in the sealed file. */
export const SEALED_PLACEHOLDERS = ['id'] as const;

/** An id template with its placeholders filled in. The result may be no key id. */
export const fillTemplate = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{([a-z]+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? values[name]! : whole));

/** An id with at least one of the placeholders: without one, all keys would have the same. */
const idTemplate =
  (placeholders: readonly string[]): Check<string> =>
  (value, path, problems) => {
    const shown = placeholders.map((name) => `{${name}}`).join(' or ');
    const expected = `a key id with ${shown} in it`;
    if (typeof value !== 'string' || value.length > 128) return addMismatch(problems, path, expected, value);
    const filled = fillTemplate(value, Object.fromEntries(placeholders.map((name) => [name, '0'])));
    if (filled === value || !isKeyId(filled)) return addMismatch(problems, path, expected, value);
    return value;
  };

const keystoreId = idTemplate(KEYSTORE_PLACEHOLDERS);
const sealedId = idTemplate(SEALED_PLACEHOLDERS);
const DEFAULT_SEALED_ID = '{id}';

/** Whether a value has a field of its own, and one that is as it should be. A hostile value has none. */
const hasOwn = (value: unknown, name: string, fits: (field: unknown) => boolean = () => true): boolean => {
  try {
    const field = typeof value === 'object' && value !== null && Object.getOwnPropertyDescriptor(value, name);
    return typeof field === 'object' && fits(field.value);
  } catch {
    return false;
  }
};

const passwordsOf =
  (medium: Medium): Check<CheckedPasswords> =>
  (value, path, problems) => {
    if (typeof value === 'string') {
      const folder = filePath(value, path, problems);
      return folder === undefined ? undefined : { folder, allowSharedFile: false };
    }
    if (!hasOwn(value, 'folder')) return secretOf(medium)(value, path, problems);
    const fields = readFields(value, path, 'an object with "folder"', problems);
    fields?.only(['folder', 'allowSharedFile']);
    const folder = fields?.required('folder', filePath);
    const allowSharedFile = fields?.optional('allowSharedFile', false, trueOrFalse);
    return folder === undefined || allowSharedFile === undefined ? undefined : { folder, allowSharedFile };
  };

/** One item of the settings' `load`. */
export const loadOf =
  (medium: Medium): Check<CheckedLoad> =>
  (value, path, problems) => {
    const expected = 'an object with "keystores" or "sealed"';
    const fields = readFields(value, path, expected, problems);
    if (fields === undefined) return undefined;
    const before = problems.length;
    const policy = readPolicy(fields);
    if (fields.has('keystores') === fields.has('sealed')) {
      return addProblem(problems, path, `expected one of "keystores" and "sealed"`);
    }
    if (fields.has('keystores')) {
      fields.only(['keystores', 'passwords', 'id', ...POLICY_FIELDS]);
      const keystores = fields.required('keystores', filePath);
      const passwords = fields.required('passwords', passwordsOf(medium));
      const id = fields.required('id', keystoreId);
      if (keystores === undefined || passwords === undefined || id === undefined) return undefined;
      return problems.length > before ? undefined : { keystores, passwords, id, ...policy };
    }
    fields.only(['sealed', 'password', 'id', ...POLICY_FIELDS]);
    const sealed = fields.required('sealed', filePath);
    const password = fields.required('password', secretOf(medium));
    const id = fields.optional('id', DEFAULT_SEALED_ID, sealedId);
    if (sealed === undefined || password === undefined || id === undefined) return undefined;
    return problems.length > before ? undefined : { sealed, password, id, ...policy };
  };

const wirePasswords: Check<WirePasswords> = (value, path, problems) => {
  const isFolder = hasOwn(value, 'kind', (kind) => kind === 'folder');
  if (!isFolder) return wireSecret(value, path, problems);
  const fields = readFields(value, path, 'an object', problems);
  fields?.only(['kind', 'path', 'allowSharedFile']);
  const folder = fields?.required('path', absolutePath);
  const allowSharedFile = fields?.required('allowSharedFile', trueOrFalse);
  return folder === undefined || allowSharedFile === undefined
    ? undefined
    : { kind: 'folder', path: folder, allowSharedFile };
};

/** One bulk load that arrived from main. */
export const wireLoad: Check<WireLoad> = (value, path, problems: SettingsProblem[]) => {
  const fields = readFields(value, path, 'an object', problems);
  const kind = fields?.required('kind', oneOf(['keystores', 'sealed']));
  if (fields === undefined || kind === undefined) return undefined;
  const policy = readPolicy(fields);
  if (kind === 'keystores') {
    fields.only(['kind', 'folder', 'passwords', 'id', ...POLICY_FIELDS]);
    const folder = fields.required('folder', absolutePath);
    const passwords = fields.required('passwords', wirePasswords);
    const id = fields.required('id', keystoreId);
    if (folder === undefined || passwords === undefined || id === undefined) return undefined;
    return { kind, folder, passwords, id, ...policy };
  }
  fields.only(['kind', 'path', 'password', 'id', ...POLICY_FIELDS]);
  const file = fields.required('path', absolutePath);
  const password = fields.required('password', wireSecret);
  const id = fields.required('id', sealedId);
  return file === undefined || password === undefined || id === undefined
    ? undefined
    : { kind, path: file, password, id, ...policy };
};
