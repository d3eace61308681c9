// strongroom verify: is this the key's signature over the message?
import { type Command, Option } from 'commander';
import { EXIT } from '../exit-codes.js';
import { checkRequest, readMessage, readSignature } from '../input.js';
import {
  action,
  type GlobalOptions,
  hashOption,
  inputOption,
  keyOption,
  type SchemeOptions,
  schemeFor,
  schemeOption,
  settingsPath,
} from '../options.js';
import { print, printJson } from '../output.js';
import { addPasswordOptions, type PasswordOptions, passwordFrom } from '../passwords.js';
import { withVault } from '../with-vault.js';

interface VerifyCommand extends SchemeOptions, PasswordOptions {
  readonly key: string;
  readonly in: string;
  readonly signature: string;
}

const EXAMPLES = `
Examples:
  strongroom verify --key node/identity --in release.tar.gz --signature @release.tar.gz.sig
  echo -n hello | strongroom verify --key hot/eth --hash sha256 --in - --signature a41c…

Exits with 0 if the signature is valid, with 1 if it is not.`;

const run = async (options: VerifyCommand & GlobalOptions): Promise<number> => {
  const { key: id, scheme, hash } = options;
  const settings = settingsPath(options);
  const signature = await readSignature(options.signature);
  const message = await readMessage(options.in);
  return withVault(
    settings,
    async (vault) => {
      const key = vault.keys().find((candidate) => candidate.id === id);
      checkRequest(key, options, message);
      const valid = await vault.verify(id, message, signature, { ...(scheme && { scheme }), ...(hash && { hash }) });
      if (options.json) printJson({ key: id, scheme: key && schemeFor(key.type, options), hash, valid });
      else print(valid ? 'valid' : 'not valid');
      return valid ? EXIT.ok : EXIT.failed;
    },
    { password: passwordFrom(options) },
  );
};

export const addVerify = (program: Command, exitWith: (code: number) => void): void => {
  const command = program
    .command('verify')
    .description('verify a signature')
    .addOption(keyOption())
    .addOption(inputOption())
    .addOption(
      new Option('--signature <signature>', 'hex, base64, or @FILE (raw bytes, hex or base64)').makeOptionMandatory(),
    )
    .addOption(schemeOption())
    .addOption(hashOption());
  addPasswordOptions(command, 'the password that the settings leave to be typed')
    .addHelpText('after', EXAMPLES)
    .action(action(run, exitWith));
};
