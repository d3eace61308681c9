// strongroom init: settings and a sealed file with a first key in it, made inside the vault. A start from nothing.

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { type Command, Option } from 'commander';
import { VaultError } from '../../errors.js';
import { SETTINGS_VARIABLE } from '../../settings/environment.js';
import type { CheckedSecret } from '../../wire/sources.js';
import { KEY_TYPE_FACTS, type KeyId, type KeyType, type Operation } from '../../wire/types.js';
import { CliError, EXIT } from '../exit-codes.js';
import {
  action,
  addCostOptions,
  allowOption,
  type CostOptions,
  costOf,
  DEFAULT_SETTINGS,
  type GlobalOptions,
  parseKeyId,
  typeOption,
} from '../options.js';
import { print, printJson, table, toHex } from '../output.js';
import {
  addPasswordOptions,
  PASSWORD_OPTIONS,
  type PasswordOptions,
  passwordFrom,
  sealedQuestion,
  shown,
} from '../passwords.js';
import { deliver, withVault } from '../with-vault.js';

interface InitCommand extends PasswordOptions, CostOptions {
  readonly sealed?: string;
  readonly type: KeyType;
  readonly id?: string;
  readonly allow?: readonly Operation[];
}

const DEFAULT_SEALED = 'keys.sealed';
const DEFAULT_ID: Readonly<Partial<Record<KeyType, string>>> = { seed: 'wallet' };

const EXAMPLES = `
Examples:
  strongroom init                                   asks for a password; then strongroom sign asks for it
  strongroom init --type secp256k1 --id hot/eth --password-file /run/secrets/vault
  strongroom init --type seed --id wallet --allow derive,extendedPublicKey,export

Writes ${DEFAULT_SETTINGS} (or --settings FILE) and, beside it, ${DEFAULT_SEALED} with one new key, which is
encrypted with the password and is nowhere else. Files that exist are never overwritten. Without a
password option the settings say "prompt": this program asks then, and a program of yours does not
start with them; give it a file or a variable. The public key is printed.`;

/** The schema for editors, from the settings' folder, if the package is installed there or above. */
const schemaFor = (folder: string): string | undefined => {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'node_modules', 'strongroom', 'strongroom.schema.json');
    if (existsSync(path)) return at === folder ? `./${relative(folder, path)}` : relative(folder, path);
    if (at === dirname(at)) return undefined;
  }
};

/** How the settings name what the key is loaded with. */
const passwordSetting = (password: CheckedSecret | undefined, folder: string): object => {
  if (password === undefined) return { prompt: true };
  if ('file' in password) return { file: portable(relative(folder, password.file)) };
  return password;
};

const portable = (path: string): string => path.split(sep).join('/');

const assertNew = (...paths: readonly string[]): void => {
  for (const path of paths) {
    if (existsSync(path))
      throw new VaultError('ERR_FILE_EXISTS', `file ${shown(path)}: it exists, and is never overwritten`);
  }
};

/** Write a file that must be new. Returns what takes it back. */
const writeNew = (path: string, text: string): (() => void) => {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') assertNew(path);
    throw new VaultError('ERR_FILE_WRITE', `file ${shown(path)}: could not be written (${code})`);
  }
  return () => rmSync(path, { force: true });
};

const run = async (options: InitCommand & GlobalOptions): Promise<number> => {
  const { type, allow, json } = options;
  const id = options.id ?? DEFAULT_ID[type] ?? 'node/identity';
  const settings = resolve(options.settings ?? process.env[SETTINGS_VARIABLE] ?? DEFAULT_SETTINGS);
  const folder = dirname(settings);
  const sealed = options.sealed === undefined ? join(folder, DEFAULT_SEALED) : resolve(options.sealed);
  if (sealed === settings) throw new CliError('ERR_USAGE', '--sealed and --settings expected two files');
  assertNew(settings, sealed);
  const password = passwordFrom(options);
  const schema = schemaFor(folder);
  const from = { sealed: portable(relative(folder, sealed)), password: passwordSetting(password, folder) };
  const text = `${JSON.stringify({ ...(schema && { $schema: portable(schema) }), keys: { [id]: { type, from } } }, undefined, 2)}\n`;

  const made = { keys: { [id]: { type, from: 'generate', allow: ['export'] } }, memory: { maxKeys: 1 } } as const;
  return withVault(made, async (vault, { host, ask }) => {
    const given = password ?? (await ask(sealedQuestion(sealed, PASSWORD_OPTIONS)));
    const [told] = await deliver(host, [given]);
    // Settings first: without them a sealed file would be there that nothing names.
    const takeBack = writeNew(settings, text);
    try {
      const request = { path: sealed, password: told, cost: costOf(options), ids: [id as KeyId] };
      await host.call('seal', { ...request, ...(allow && { allow }) });
    } catch (error) {
      takeBack();
      throw error;
    }
    const publicKey = toHex(vault.keys()[0]!.publicKey);
    if (json) printJson({ settings: shown(settings), sealed: shown(sealed), key: id, type, publicKey });
    else {
      const rows = [
        ['settings', shown(settings)],
        ['sealed file', shown(sealed)],
        ['key', `${id} (${type})`],
      ];
      print(table(KEY_TYPE_FACTS[type].publicKeyBytes === 0 ? rows : [...rows, ['public key', publicKey]]));
    }
    return EXIT.ok;
  });
};

export const addInit = (program: Command, exitWith: (code: number) => void): void => {
  const command = program
    .command('init')
    .description('make settings and a sealed file with a first key')
    .addOption(new Option('--sealed <file>', `the sealed file; default: ${DEFAULT_SEALED} beside the settings`))
    .addOption(typeOption('the type of the key').default('ed25519'))
    .addOption(
      new Option('--id <id>', 'the id of the key; default: node/identity, or wallet for a seed').argParser(parseKeyId),
    )
    .addOption(allowOption());
  addCostOptions(addPasswordOptions(command, 'the password of the sealed file'))
    .addHelpText('after', EXAMPLES)
    .action(action(run, exitWith));
};
