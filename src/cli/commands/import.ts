// strongroom import: encrypted keystores, one or a folder of them, into a sealed file. Every key is decrypted and
// encrypted again inside the vault.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { VaultError } from '../../errors.js';
import type { Settings } from '../../vault.js';
import type { CheckedSecret } from '../../wire/sources.js';
import type { KeyType, Operation } from '../../wire/types.js';
import { CliError, EXIT } from '../exit-codes.js';
import {
  action,
  addCostOptions,
  allowOption,
  type CostOptions,
  costOf,
  type GlobalOptions,
  parseKeyId,
  typeOption,
} from '../options.js';
import { plural, print, printJson } from '../output.js';
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

interface ImportCommand extends PasswordOptions, NewPasswordOptions, CostOptions {
  readonly keystores?: string;
  readonly keystore?: string;
  readonly passwords?: string;
  readonly key?: string;
  readonly type?: KeyType;
  readonly id: string;
  readonly into: string;
  readonly allow?: readonly Operation[];
}

const DEFAULT_TEMPLATE = 'validator/{pubkey}';
/** Without a keystore among them a vault still needs room for something. */
const MIN_SLOTS = 16;
const MAX_KEYSTORE_BYTES = 65_536;

const EXAMPLES = `
Examples:
  strongroom import --keystores validators/ --passwords secrets/ --into keys.sealed
  strongroom import --keystores validators/ --password-file all.txt --into keys.sealed --id 'eth2/{name}'
  strongroom import --keystore hot.json --key hot/eth --into keys.sealed

--password-* is for the keystores, --new-password-* for the sealed file; what is not named is asked for. In a
--passwords folder each file is named like its keystore, with or without .txt in place of .json, or like the
public key. The sealed file is created, or the keys are added to it; a key that it has already is an error, and
nothing is written then. Afterwards one line of the settings loads them all:

  { "load": [{ "sealed": "keys.sealed", "password": { "file": "vault.pw" } }] }`;

/** How many keystores a folder may hold: the vault makes room for so many. */
const countFiles = (folder: string): number => {
  try {
    return readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.json')).length;
  } catch {
    return 0; // the vault says why
  }
};

/** A keystore is no secret; its version tells what kind of key is in it. */
const typeOf = (path: string): KeyType => {
  let version: unknown;
  try {
    const text = readFileSync(path, 'utf8').slice(0, MAX_KEYSTORE_BYTES);
    const found = JSON.parse(text) as { version?: unknown; Version?: unknown } | null;
    version = found?.version ?? found?.Version;
  } catch {
    // The vault says what is wrong with it.
  }
  return version === 3 ? 'secp256k1' : 'bls12-381';
};

/** The settings of a vault that holds the keys while they change files. */
const settingsFor = (options: ImportCommand): Settings => {
  const { keystores, keystore, passwords, key, id, type } = options;
  const password: CheckedSecret = passwordFrom(options) ?? { prompt: true };
  if ((keystores === undefined) === (keystore === undefined)) {
    throw new CliError('ERR_USAGE', 'expected one of --keystores and --keystore');
  }
  if (keystores !== undefined) {
    if (key !== undefined) throw new CliError('ERR_USAGE', '--key goes with --keystore; a folder has --id TEMPLATE');
    if (passwords !== undefined && !('prompt' in password)) {
      throw new CliError('ERR_USAGE', 'expected one of --passwords, --password-file and --password-env');
    }
    const load = { keystores, passwords: passwords ?? password, id, allow: ['export'] };
    return { load: [load], memory: { maxKeys: Math.max(MIN_SLOTS, countFiles(keystores)) } } as Settings;
  }
  if (passwords !== undefined) throw new CliError('ERR_USAGE', '--passwords goes with --keystores');
  if (key === undefined) throw new CliError('ERR_USAGE', '--keystore goes with --key ID');
  const from = { keystore, password };
  const spec = { type: type ?? typeOf(resolve(keystore as string)), from, allow: ['export'] };
  return { keys: { [key]: spec }, memory: { maxKeys: MIN_SLOTS } } as unknown as Settings;
};

/** The settings are made of options: their mistakes are those of the command line. */
const asUsage = (error: unknown): unknown => {
  if (!(error instanceof VaultError) || error.code !== 'ERR_SETTINGS') return error;
  const mine = error.problems?.filter(({ path }) => /^(?:load|keys)\b/.test(path)) ?? [];
  if (mine.length === 0) return error;
  return new CliError(
    'ERR_USAGE',
    mine.map(({ path, reason }) => `--${path.replace(/^.*\./, '')} ${reason}`).join('; '),
  );
};

const run = async (options: ImportCommand & GlobalOptions): Promise<number> => {
  const { allow, json } = options;
  const path = resolve(options.into);
  const isNew = !existsSync(path);
  let password = newPasswordFrom(options);
  try {
    return await withVault(
      settingsFor(options),
      async (vault, { host }) => {
        const ids = vault.keys().map(({ id }) => id);
        if (ids.length === 0) throw new CliError('ERR_INPUT', `--keystores: "${options.keystores}" holds no keystore`);
        const [told] = await deliver(host, [password as CheckedSecret]);
        const request = { path, password: told, cost: costOf(options), ...(allow && { allow }) };
        const total = await host.call('seal', request);
        if (json) printJson({ sealed: shown(path), created: isNew, imported: ids.length, total, keys: ids });
        else print(`${plural(ids.length, 'key')} imported into ${shown(path)}, which holds ${plural(total, 'key')}`);
        return EXIT.ok;
      },
      {
        first: async (ask) => {
          password ??= await ask(sealedQuestion(path, NEW_PASSWORD_OPTIONS));
        },
      },
    );
  } catch (error) {
    throw asUsage(error);
  }
};

export const addImport = (program: Command, exitWith: (code: number) => void): void => {
  const command = program
    .command('import')
    .description('bring encrypted keystores into a sealed file')
    .addOption(new Option('--keystores <folder>', 'every *.json in it and in its folders'))
    .addOption(new Option('--keystore <file>', 'one keystore, with --key'))
    .addOption(new Option('--into <file>', 'the sealed file').makeOptionMandatory())
    .addOption(new Option('--passwords <folder>', 'a file for each keystore'))
    .addOption(new Option('--id <template>', 'ids, of {pubkey}, {address} and {name}').default(DEFAULT_TEMPLATE))
    .addOption(new Option('--key <id>', 'the id of the one key').argParser(parseKeyId))
    .addOption(typeOption('of the one key; default: by the version of the keystore'))
    .addOption(allowOption());
  addPasswordOptions(command, 'the password of the keystores');
  addNewPasswordOptions(command, 'the password of the sealed file');
  addCostOptions(command).addHelpText('after', EXAMPLES).action(action(run, exitWith));
};
