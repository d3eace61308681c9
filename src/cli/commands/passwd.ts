// strongroom passwd: a sealed file under another password, or with another cost of guessing it.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { CliError, EXIT } from '../exit-codes.js';
import { action, addCostOptions, type CostOptions, costOf, type GlobalOptions } from '../options.js';
import { plural, print, printJson } from '../output.js';
import {
  addNewPasswordOptions,
  addPasswordOptions,
  NEW_PASSWORD_OPTIONS,
  type NewPasswordOptions,
  newPasswordFrom,
  PASSWORD_OPTIONS,
  type PasswordOptions,
  passwordFrom,
  shown,
} from '../passwords.js';
import { deliver, withEmptyVault } from '../with-vault.js';

interface PasswdCommand extends PasswordOptions, NewPasswordOptions, CostOptions {
  readonly sealed: string;
}

const EXAMPLES = `
Examples:
  strongroom passwd --sealed keys.sealed
  strongroom passwd --sealed keys.sealed --memory 1024 --passes 4
  strongroom passwd --sealed keys.sealed --password-file old.pw --new-password-file new.pw

The keys are decrypted and encrypted again inside the vault, under a new key derivation. Whatever happens
meanwhile, the file is the old one or the new one, whole. Copies of the old file still open with the old password.`;

const run = async (options: PasswdCommand & GlobalOptions): Promise<number> => {
  const path = resolve(options.sealed);
  if (!existsSync(path)) throw new CliError('ERR_INPUT', `--sealed: "${options.sealed}" does not exist`);
  return withEmptyVault(async ({ host, ask }) => {
    const what = `password of ${shown(path)}`;
    const old = passwordFrom(options) ?? (await ask({ what, isNew: false, options: PASSWORD_OPTIONS }));
    const chosen = newPasswordFrom(options) ?? (await ask({ what, isNew: true, options: NEW_PASSWORD_OPTIONS }));
    const [password, newPassword] = await deliver(host, [old, chosen]);
    const { memory, passes } = options;
    const keys = await host.call('reseal', { path, password, newPassword, cost: costOf(options) });
    if (options.json) printJson({ sealed: shown(path), keys, memory, passes });
    else print(`${shown(path)} is sealed anew, with ${plural(keys, 'key')}`);
    return EXIT.ok;
  });
};

export const addPasswd = (program: Command, exitWith: (code: number) => void): void => {
  const command = program
    .command('passwd')
    .description('change the password of a sealed file')
    .addOption(new Option('--sealed <file>', 'the sealed file').makeOptionMandatory());
  addPasswordOptions(command, 'the old password');
  addNewPasswordOptions(command, 'the new password');
  addCostOptions(command).addHelpText('after', EXAMPLES).action(action(run, exitWith));
};
