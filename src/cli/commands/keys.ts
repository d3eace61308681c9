// strongroom keys: the ids, types and public keys of an open vault.
import type { Command } from 'commander';
import type { KeyInfo } from '../../vault.js';
import { EXIT } from '../exit-codes.js';
import { action, type GlobalOptions, settingsPath } from '../options.js';
import { print, printJson, table, toHex } from '../output.js';
import { addPasswordOptions, type PasswordOptions, passwordFrom } from '../passwords.js';
import { withVault } from '../with-vault.js';

type ListedKey = Omit<KeyInfo, 'publicKey'> & { readonly publicKey: string };

const EXAMPLES = `
Examples:
  strongroom keys
  strongroom keys --json | jq -r '.keys[] | select(.type == "ed25519") | .publicKey'`;

/** A seed has no public key, and a key may be allowed nothing. */
const rowOf = ({ id, type, provider, source, publicKey, allow }: ListedKey): readonly string[] => [
  id,
  type,
  provider,
  source,
  publicKey || '-',
  allow.join(',') || '-',
];

const run = (options: PasswordOptions & GlobalOptions): Promise<number> =>
  withVault(
    settingsPath(options),
    async (vault) => {
      const keys = vault.keys().map(({ publicKey, allow, ...key }) => ({ ...key, publicKey: toHex(publicKey), allow }));
      if (options.json) printJson({ keys });
      else if (keys.length > 0) print(table(keys.map(rowOf)));
      return EXIT.ok;
    },
    { password: passwordFrom(options) },
  );

export const addKeys = (program: Command, exitWith: (code: number) => void): void => {
  const command = program
    .command('keys')
    .description('list the keys: id, type, provider, source, public key, what they may do');
  addPasswordOptions(command, 'the password that the settings leave to be typed')
    .addHelpText('after', EXAMPLES)
    .action(action(run, exitWith));
};
