// The keystores of a folder, and the password file of each, in the layouts that signers of validator keys have: one
// folder with `x.json` and another with `x.txt` (Teku, Web3Signer), or a folder for each key and password files that are
// named by public keys (Lighthouse, Nimbus). Names only: nothing is opened here.
import { type Dirent, existsSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { VaultError } from '../../src/errors.js';
import { errnoName } from './errno.js';

/** A folder in the folder: as deep as Lighthouse's and Nimbus's layouts go. */
const MAX_DEPTH = 1;
/** More are no folder of keys. */
const MAX_FILES = 1_000_000;

/** What tools that make keystores write beside them, and what holds no key. */
const COMPANIONS = /^(?:deposit_data|deposit-data|slashing[-_]protection|validator_definitions)[^/]*\.json$/;

export interface KeystoreFile {
  readonly path: string;
  /** The file's name, without .json. */
  readonly name: string;
  /** The path from the folder, with slashes: names the file where it has no id yet. */
  readonly shown: string;
}

const list = (folder: string): Dirent[] => {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const errno = errnoName(error);
    if (errno === 'ENOENT') throw new VaultError('ERR_SOURCE_NOT_FOUND', `folder ${folder}: no such folder`);
    if (errno === 'ENOTDIR')
      throw new VaultError('ERR_SOURCE_NOT_FILE', `folder ${folder}: expected a folder, got a file`);
    throw new VaultError('ERR_SOURCE_UNREADABLE', `folder ${folder}: could not be read (${errno})`);
  }
};

/**
 * Every keystore of a folder: its files `*.json` and those of its folders, in the order of their names. Hidden ones, and
 * the deposit data and slashing protection that stand beside keystores, are left out.
 *
 * @throws {VaultError} ERR_SOURCE_NOT_FOUND, ERR_SOURCE_NOT_FILE, ERR_SOURCE_UNREADABLE - of a folder.
 * @throws {VaultError} ERR_SOURCE_EMPTY - there is no keystore.
 * @throws {VaultError} ERR_SOURCE_TOO_LARGE - more than a million files.
 */
export const listKeystores = (folder: string): readonly KeystoreFile[] => {
  const found: KeystoreFile[] = [];
  const visit = (at: string, depth: number): void => {
    for (const entry of list(at)) {
      if (entry.name.startsWith('.')) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory() && depth < MAX_DEPTH) visit(path, depth + 1);
      if (entry.isDirectory() || !entry.name.toLowerCase().endsWith('.json') || COMPANIONS.test(entry.name)) continue;
      found.push({
        path,
        name: basename(entry.name).slice(0, -'.json'.length),
        shown: relative(folder, path).replaceAll('\\', '/'),
      });
      if (found.length > MAX_FILES) {
        throw new VaultError('ERR_SOURCE_TOO_LARGE', `folder ${folder}: expected at most ${MAX_FILES} keystores`);
      }
    }
  };
  visit(folder, 0);
  if (found.length === 0) {
    throw new VaultError('ERR_SOURCE_EMPTY', `folder ${folder}: expected keystores (*.json), got none`);
  }
  return found;
};

/**
 * The password file of a keystore.
 *
 * @param publicKey - as the keystore tells it, in hex without 0x; undefined if it does not.
 * @returns the first of `name.txt`, `name`, `0x<public key>`, `<public key>`, and the same with `.txt`, that exists.
 * @throws {VaultError} ERR_SOURCE_NOT_FOUND
 */
export const findPasswordFile = (folder: string, { name }: KeystoreFile, publicKey: string | undefined): string => {
  const byKey = publicKey === undefined ? [] : [`0x${publicKey}`, publicKey, `0x${publicKey}.txt`, `${publicKey}.txt`];
  const found = [`${name}.txt`, name, ...byKey].map((candidate) => join(folder, candidate)).find(existsSync);
  if (found !== undefined) return found;
  throw new VaultError(
    'ERR_SOURCE_NOT_FOUND',
    `folder ${folder}: no password file ${name}.txt, nor one named by the public key`,
  );
};
