// strongroom generate: a new key that exists only in a new file. The vault thread writes it; no byte of it comes here.
import { Argument, type Command, Option } from 'commander';
import { KEY_TYPES, type KeyType } from '../../wire/types.js';
import { CliError, EXIT } from '../exit-codes.js';
import type { GlobalOptions } from '../options.js';
import { print, printJson, toHex } from '../output.js';
import { makeKeyFile } from '../with-vault.js';

const EXAMPLES = `
Examples:
  strongroom generate ed25519 --out keys/identity.hex
  strongroom generate bls12-381 --out keys/validator-0.hex --json

The file holds the key as hex, readable by its owner only (mode 0600). A file that exists is never overwritten.
The public key is printed.`;

export const addGenerate = (program: Command, exitWith: (code: number) => void): void => {
  program
    .command('generate')
    .description('make a key and keep it only in a new file')
    .addArgument(new Argument('<type>', 'the type of the key').choices(KEY_TYPES))
    .addOption(new Option('--out <file>', 'the file to create').makeOptionMandatory())
    .addHelpText('after', EXAMPLES)
    .action(async (type: KeyType, _options: unknown, command: Command) => {
      const { out, json } = command.optsWithGlobals<GlobalOptions & { out: string }>();
      // A key goes into a file of its own, never to standard output.
      if (out === '' || out === '-') throw new CliError('ERR_USAGE', '--out expected the path of a file');
      const publicKey = toHex(await makeKeyFile(type, out));
      if (json) printJson({ type, file: out, publicKey });
      else print(publicKey);
      exitWith(EXIT.ok);
    });
};
