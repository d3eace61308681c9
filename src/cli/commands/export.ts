// strongroom export: one key into a new encrypted keystore, if its policy allows that.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { VaultError } from '../../errors.js';
import type { KeyInfo } from '../../vault.js';
import type { KeyId, KeyType } from '../../wire/types.js';
import { CliError, EXIT } from '../exit-codes.js';
import { action, type GlobalOptions, keyOption, settingsPath } from '../options.js';
import { print, printJson } from '../output.js';
import {
  addNewPasswordOptions,
  addPasswordOptions,
  NEW_PASSWORD_OPTIONS,
  type NewPasswordOptions,
  newPasswordFrom,
  type PasswordOptions,
  passwordFrom,
  sealedQuestion,
  shown,
} from '../passwords.js';
import { deliver, withVault } from '../with-vault.js';

interface ExportCommand extends PasswordOptions, NewPasswordOptions {
  readonly key: string;
  readonly out: string;
  readonly n: number;
}

const DEFAULT_N = 262_144;
const MIN_N = 1024;
const MAX_N = 2 ** 20;

const FORMATS: Readonly<Partial<Record<KeyType, string>>> = {
  'bls12-381': 'EIP-2335',
  secp256k1: 'Web3 Secret Storage',
};

const EXAMPLES = `
Examples:
  strongroom export --key hot/eth --out hot.json
  strongroom export --key validator/0 --out keystore-0.json --new-password-file keystore-0.txt

The key must allow it: "allow": ["sign", "export"] in the settings, and in the sealed file that it comes from.
Writes a keystore of mode 0600, EIP-2335 for bls12-381 and Web3 Secret Storage for secp256k1, and never a key that
is not encrypted. A file that exists is never overwritten.
--password-* is for what the settings leave to be typed, --new-password-* for the keystore.`;

const parseN = (text: string): number => {
  const n = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (n >= MIN_N && n <= MAX_N && Number.isInteger(Math.log2(n))) return n;
  throw new InvalidArgumentError(`Expected a power of two from ${MIN_N} to ${MAX_N}.`);
};

/** What the vault would refuse, before anyone types a password for it. */
const checkKey = (key: KeyInfo | undefined, id: string): KeyInfo => {
  if (key === undefined) throw new VaultError('ERR_KEY_NOT_FOUND', `no key "${id}" is registered`, { keyId: id });
  if (FORMATS[key.type] === undefined) {
    throw new VaultError(
      'ERR_OPERATION_UNSUPPORTED',
      `the key "${id}" is of type ${key.type}, which no keystore holds`,
      {
        keyId: id,
      },
    );
  }
  if (key.allow.includes('export')) return key;
  throw new VaultError('ERR_NOT_ALLOWED', `the policy of the key "${id}" does not allow export`, { keyId: id });
};

const run = (options: ExportCommand & GlobalOptions): Promise<number> => {
  const { key: id, n, json } = options;
  if (options.out === '' || options.out === '-') throw new CliError('ERR_USAGE', '--out expected the path of a file');
  const path = resolve(options.out);
  if (existsSync(path))
    throw new VaultError('ERR_FILE_EXISTS', `file ${shown(path)}: it exists, and is never overwritten`);
  return withVault(
    settingsPath(options),
    async (vault, { host, ask }) => {
      const found = vault.keys().find((candidate) => candidate.id === id);
      const { type } = checkKey(found, id);
      const password = newPasswordFrom(options) ?? (await ask(sealedQuestion(path, NEW_PASSWORD_OPTIONS)));
      const [told] = await deliver(host, [password]);
      await host.call('exportKeystore', { id: id as KeyId, path, password: told, n });
      if (json) printJson({ key: id, type, file: shown(path), format: FORMATS[type] });
      else print(`${id} exported into ${shown(path)} (${FORMATS[type]})`);
      return EXIT.ok;
    },
    { password: passwordFrom(options) },
  );
};

export const addExport = (program: Command, exitWith: (code: number) => void): void => {
  const command = program
    .command('export')
    .description('write a key into a new encrypted keystore')
    .addOption(keyOption())
    .addOption(new Option('--out <file>', 'the file to create').makeOptionMandatory())
    .addOption(new Option('--n <n>', "scrypt's cost").argParser(parseN).default(DEFAULT_N));
  addPasswordOptions(command, 'the password that the settings leave to be typed');
  addNewPasswordOptions(command, 'the password of the keystore')
    .addHelpText('after', EXAMPLES)
    .action(action(run, exitWith));
};
