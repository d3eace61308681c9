// Options that several commands share: what they are called, what they accept, and what they mean.
import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { SETTINGS_VARIABLE } from '../settings/environment.js';
import { isKeyId, KEY_ID_RULE } from '../wire/check.js';
import { HASHES, type HashName, KEY_TYPE_FACTS, type KeyType, SCHEMES, type Scheme } from '../wire/types.js';
import { CliError } from './exit-codes.js';

export interface GlobalOptions {
  readonly settings?: string;
  readonly json?: boolean;
}

export interface SchemeOptions {
  readonly scheme?: Scheme;
  readonly hash?: HashName;
}

const DEFAULT_SETTINGS = 'strongroom.json';

/** An action that gets the global options together with its own. */
export const action =
  <T extends object>(run: (options: T & GlobalOptions) => Promise<number>, exitWith: (code: number) => void) =>
  async (...args: unknown[]): Promise<void> => {
    const command = args.at(-1) as Command;
    exitWith(await run(command.optsWithGlobals() as T & GlobalOptions));
  };

export const addGlobalOptions = (program: Command): Command =>
  program
    .option('--settings <file>', `settings file; default: ${SETTINGS_VARIABLE}, then ./${DEFAULT_SETTINGS}`)
    .option('--json', 'print one JSON object in place of text');

const parseKeyId = (id: string): string => {
  if (isKeyId(id)) return id;
  throw new InvalidArgumentError(`Expected ${KEY_ID_RULE}.`);
};

export const keyOption = (): Option =>
  new Option('--key <id>', 'the id of a key in the settings').argParser(parseKeyId).makeOptionMandatory();

export const inputOption = (): Option =>
  new Option('--in <file>', 'the message, as it is; - for standard input').makeOptionMandatory();

export const schemeOption = (): Option =>
  new Option('--scheme <scheme>', "signature scheme; default: the key type's first").choices(SCHEMES);

export const hashOption = (): Option =>
  new Option('--hash <hash>', 'secp256k1: hash the message inside the vault').choices(HASHES);

/**
 * The settings that a command opens the vault with: a path, or undefined for the one in STRONGROOM_SETTINGS.
 *
 * @throws {CliError} ERR_SETTINGS - there are none.
 */
export const settingsPath = ({ settings }: GlobalOptions): string | undefined => {
  if (settings !== undefined) return settings;
  if (Object.hasOwn(process.env, SETTINGS_VARIABLE)) return undefined;
  if (existsSync(DEFAULT_SETTINGS)) return DEFAULT_SETTINGS;
  const hint = `give --settings FILE, set ${SETTINGS_VARIABLE}, or write ./${DEFAULT_SETTINGS}`;
  throw new CliError('ERR_SETTINGS', `there are no settings: ${hint}`);
};

/** The scheme that an operation uses; undefined for a key type that does not sign. */
export const schemeFor = (type: KeyType, { scheme }: SchemeOptions): Scheme | undefined =>
  scheme ?? KEY_TYPE_FACTS[type].schemes[0];
