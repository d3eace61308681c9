// Options that several commands share: what they are called, what they accept, and what they mean.
import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_COST } from '../file-requests.js';
import { SETTINGS_VARIABLE } from '../settings/environment.js';
import { isKeyId, KEY_ID_RULE } from '../wire/check.js';
import { MAX_SEALING_PASSES, type WireCost } from '../wire/requests.js';
import {
  HASHES,
  type HashName,
  KEY_TYPE_FACTS,
  KEY_TYPES,
  type KeyType,
  OPERATIONS,
  type Operation,
  SCHEMES,
  type Scheme,
} from '../wire/types.js';
import { CliError } from './exit-codes.js';

export interface GlobalOptions {
  readonly settings?: string;
  readonly json?: boolean;
}

export interface SchemeOptions {
  readonly scheme?: Scheme;
  readonly hash?: HashName;
}

export const DEFAULT_SETTINGS = 'strongroom.json';

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

export const parseKeyId = (id: string): string => {
  if (isKeyId(id)) return id;
  throw new InvalidArgumentError(`Expected ${KEY_ID_RULE}.`);
};

export const keyOption = (): Option =>
  new Option('--key <id>', 'the id of a key in the settings').argParser(parseKeyId).makeOptionMandatory();

export const typeOption = (what: string): Option => new Option('--type <type>', what).choices(KEY_TYPES);

const parseOperations = (text: string): Operation[] => {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name): name is Operation => (OPERATIONS as readonly string[]).includes(name))) return names;
  throw new InvalidArgumentError(`Expected some of ${OPERATIONS.join(', ')}, with commas between them.`);
};

export const allowOption = (): Option =>
  new Option(
    '--allow <operations>',
    'what the key may do, as in sign,export; default: all that its type can, but for export',
  ).argParser(parseOperations);

export interface CostOptions {
  /** MiB. */
  readonly memory: number;
  readonly passes: number;
}

const MIB = 1024 * 1024;
const MAX_SEALING_MIB = 65_536;

export const parseWhole =
  (min: number, max: number) =>
  (text: string): number => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : -1;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };

/** What each guess at the password of a sealed file shall cost. */
export const addCostOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--memory <MiB>', 'Argon2id: memory for each try at the password')
        .argParser(parseWhole(1, MAX_SEALING_MIB))
        .default(DEFAULT_COST.memory / MIB),
    )
    .addOption(
      new Option('--passes <n>', 'Argon2id: passes over that memory')
        .argParser(parseWhole(1, MAX_SEALING_PASSES))
        .default(DEFAULT_COST.passes),
    );

export const costOf = ({ memory, passes }: CostOptions): WireCost => ({ memory: memory * MIB, passes });

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
