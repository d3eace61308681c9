// strongroom keys: the ids, types and public keys of an open vault.
import type { Command } from 'commander';
import { EXIT } from '../exit-codes.js';
import { action, type GlobalOptions, settingsPath } from '../options.js';
import { print, printJson, table, toHex } from '../output.js';
import { withVault } from '../with-vault.js';

const EXAMPLES = `
Examples:
  strongroom keys
  strongroom keys --json | jq -r '.keys[] | select(.type == "ed25519") | .publicKey'`;

const run = (options: GlobalOptions): Promise<number> =>
  withVault(settingsPath(options), async (vault) => {
    const keys = vault.keys().map(({ id, type, provider, source, publicKey }) => {
      return { id, type, provider, source, publicKey: toHex(publicKey) };
    });
    if (options.json) printJson({ keys });
    else if (keys.length > 0) print(table(keys.map((key) => Object.values(key))));
    return EXIT.ok;
  });

export const addKeys = (program: Command, exitWith: (code: number) => void): void => {
  program
    .command('keys')
    .description('list the keys: id, type, provider, source, public key')
    .addHelpText('after', EXAMPLES)
    .action(action(run, exitWith));
};
