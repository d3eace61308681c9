// Where the program's passwords come from: a file, a variable, or the terminal. Names and paths only.
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Sources } from '../open.js';
import type { CheckedLoad } from '../wire/loads.js';
import type { CheckedSecret, CheckedSource } from '../wire/sources.js';
import type { Ask, Question } from './ask.js';

export interface PasswordOptions {
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
}

export interface NewPasswordOptions {
  readonly newPasswordFile?: string;
  readonly newPasswordEnv?: string;
}

export const PASSWORD_OPTIONS = '--password-file or --password-env';
export const NEW_PASSWORD_OPTIONS = '--new-password-file or --new-password-env';

const parseFile = (path: string): string => {
  if (path !== '' && path !== '-' && !path.includes('\0')) return path;
  throw new InvalidArgumentError('Expected the path of a file.');
};

const parseVariable = (name: string): string => {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name)) return name;
  throw new InvalidArgumentError('Expected the name of an environment variable.');
};

const addPair = (command: Command, prefix: '' | 'new-', what: string): Command => {
  const [file, env] = prefix === '' ? ['passwordFile', 'passwordEnv'] : ['newPasswordFile', 'newPasswordEnv'];
  return command
    .addOption(new Option(`--${prefix}password-file <file>`, `${what}, in a file`).argParser(parseFile).conflicts(env!))
    .addOption(
      new Option(`--${prefix}password-env <name>`, `${what}, in a variable`).argParser(parseVariable).conflicts(file!),
    );
};

/** @param what - as in `the password of the sealed file`. */
export const addPasswordOptions = (command: Command, what: string): Command => addPair(command, '', what);
export const addNewPasswordOptions = (command: Command, what: string): Command => addPair(command, 'new-', what);

const secretFrom = (file: string | undefined, env: string | undefined): CheckedSecret | undefined => {
  if (file !== undefined) return { file: resolve(file), allowSharedFile: false };
  return env === undefined ? undefined : { env };
};

/** What the options name; undefined: it is typed. */
export const passwordFrom = ({ passwordFile, passwordEnv }: PasswordOptions): CheckedSecret | undefined =>
  secretFrom(passwordFile, passwordEnv);

export const newPasswordFrom = ({ newPasswordFile, newPasswordEnv }: NewPasswordOptions): CheckedSecret | undefined =>
  secretFrom(newPasswordFile, newPasswordEnv);

/** A path as people would write it here. */
export const shown = (path: string): string => {
  const short = relative('', path);
  return short === '' || short.startsWith('..') ? path : short;
};

/** The question for the password of a sealed file: of a new one if it is not there yet. */
export const sealedQuestion = (path: string, options: string): Question => ({
  what: `password of ${shown(path)}`,
  isNew: !existsSync(path),
  options,
});

/**
 * Replace every secret of the settings that is to be typed by its answer. What has the same question has one answer.
 *
 * @param password - answers for every password.
 */
export const answerPrompts = async (
  { keys, loads }: Sources,
  password: CheckedSecret | undefined,
  ask: Ask,
): Promise<Sources> => {
  const answers = new Map<string, CheckedSecret>();
  const answer = async (secret: CheckedSecret, question: Question): Promise<CheckedSecret> => {
    if (!('prompt' in secret)) return secret;
    if (password !== undefined && question.options !== undefined) return password;
    const known = answers.get(question.what) ?? (await ask(question));
    answers.set(question.what, known);
    return known;
  };
  const passwordOf = (path: string): Question => ({
    what: `password of ${shown(path)}`,
    isNew: false,
    options: PASSWORD_OPTIONS,
  });

  const source = async (id: string, from: CheckedSource): Promise<CheckedSource> => {
    if (from === 'generate') return from;
    if ('mnemonic' in from) {
      const mnemonic = await answer(from.mnemonic, { what: `mnemonic of ${id}`, isNew: false });
      const { passphrase } = from;
      const said = passphrase && (await answer(passphrase, { what: `passphrase of ${id}`, isNew: false }));
      return { ...from, mnemonic, passphrase: said };
    }
    if ('keystore' in from) return { ...from, password: await answer(from.password, passwordOf(from.keystore)) };
    if ('sealed' in from) {
      const question = from.create ? sealedQuestion(from.sealed, PASSWORD_OPTIONS) : passwordOf(from.sealed);
      return { ...from, password: await answer(from.password, question) };
    }
    return from;
  };

  const load = async (each: CheckedLoad): Promise<CheckedLoad> => {
    if ('sealed' in each) return { ...each, password: await answer(each.password, passwordOf(each.sealed)) };
    if ('folder' in each.passwords) return each;
    const what = `password of the keystores in ${shown(each.keystores)}`;
    return { ...each, passwords: await answer(each.passwords, { what, isNew: false, options: PASSWORD_OPTIONS }) };
  };

  const answered = { keys: [] as Sources['keys'][number][], loads: [] as CheckedLoad[] };
  for (const key of keys) answered.keys.push({ ...key, from: await source(key.id, key.from) });
  for (const each of loads) answered.loads.push(await load(each));
  return answered;
};
