// strongroom sign: one signature over a file or standard input, by a key that stays inside the vault.
import { type Command, Option } from 'commander';
import { CliError, EXIT } from '../exit-codes.js';
import { checkRequest, readMessage } from '../input.js';
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
import { print, printBytes, printJson } from '../output.js';
import { addPasswordOptions, type PasswordOptions, passwordFrom } from '../passwords.js';
import { withVault } from '../with-vault.js';

const ENCODINGS = ['hex', 'base64', 'raw'] as const;

interface SignCommand extends SchemeOptions, PasswordOptions {
  readonly key: string;
  readonly in: string;
  readonly encoding: (typeof ENCODINGS)[number];
}

const EXAMPLES = `
Examples:
  strongroom sign --key node/identity --in release.tar.gz
  strongroom sign --key node/identity --in release.tar.gz --encoding raw > release.tar.gz.sig
  echo -n hello | strongroom sign --key hot/eth --hash keccak256 --scheme ecdsa-recoverable --in -
  strongroom sign --key hot/eth --in digest.bin          a digest of 32 bytes, binary

The message is signed as it is: a line feed at its end counts.`;

const run = async (options: SignCommand & GlobalOptions): Promise<number> => {
  const { key: id, encoding, json, scheme, hash } = options;
  if (json && encoding === 'raw') throw new CliError('ERR_USAGE', '--encoding raw does not go with --json');
  const settings = settingsPath(options);
  const message = await readMessage(options.in);
  return withVault(
    settings,
    async (vault) => {
      const key = vault.keys().find((candidate) => candidate.id === id);
      checkRequest(key, options, message);
      const signature = await vault.sign(id, message, { ...(scheme && { scheme }), ...(hash && { hash }) });
      const encoded = (): string => Buffer.from(signature).toString(encoding === 'base64' ? 'base64' : 'hex');
      if (json)
        printJson({ key: id, scheme: key && schemeFor(key.type, options), hash, encoding, signature: encoded() });
      else if (encoding === 'raw') printBytes(signature);
      else print(encoded());
      return EXIT.ok;
    },
    { password: passwordFrom(options) },
  );
};

export const addSign = (program: Command, exitWith: (code: number) => void): void => {
  const command = program
    .command('sign')
    .description('sign a message')
    .addOption(keyOption())
    .addOption(inputOption())
    .addOption(schemeOption())
    .addOption(hashOption())
    .addOption(new Option('--encoding <encoding>', 'of the signature').choices(ENCODINGS).default('hex'));
  addPasswordOptions(command, 'the password that the settings leave to be typed')
    .addHelpText('after', EXAMPLES)
    .action(action(run, exitWith));
};
