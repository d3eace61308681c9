// strongroom derive: the public key of a path below a seed. The key that goes with it stays in the vault, and goes with it.
import { type Command, Option } from 'commander';
import type { Vault } from '../../vault.js';
import { parsePath } from '../../wire/path.js';
import type { KeyType } from '../../wire/types.js';
import { CliError, EXIT } from '../exit-codes.js';
import { action, type GlobalOptions, parseKeyId, settingsPath, typeOption } from '../options.js';
import { print, printJson, toHex } from '../output.js';
import { addPasswordOptions, type PasswordOptions, passwordFrom } from '../passwords.js';
import { withVault } from '../with-vault.js';

interface DeriveCommand extends PasswordOptions {
  readonly seed: string;
  readonly path: string;
  readonly type: KeyType;
  readonly xpub?: boolean;
}

const EXAMPLES = `
Examples:
  strongroom derive --seed wallet --path "m/44'/60'/0'/0/0" --type secp256k1
  strongroom derive --seed wallet --path "m/44'/60'/0'" --type secp256k1 --xpub
  strongroom derive --seed wallet --path m/12381/3600/0/0/0 --type bls12-381
  strongroom derive --seed wallet --path "m/44'/501'/0'" --type ed25519

Prints the public key as hex, or with --xpub the extended public key of BIP-32. The same key in settings:
  "acct/0": { "type": "secp256k1", "from": { "seed": "wallet", "path": "m/44'/60'/0'/0/0" } }`;

/** An id that no key of the settings has. */
const freeId = (vault: Vault): string => {
  const taken = new Set(vault.keys().map(({ id }) => id));
  let number = 0;
  while (taken.has(`derived/${number}`)) number++;
  return `derived/${number}`;
};

const run = async (options: DeriveCommand & GlobalOptions): Promise<number> => {
  const { seed, path, type, xpub, json } = options;
  const steps = parsePath(type, path);
  if (typeof steps === 'string') throw new CliError('ERR_USAGE', `--path: ${steps}`);
  if (xpub && type !== 'secp256k1') throw new CliError('ERR_USAGE', '--xpub goes with --type secp256k1');
  return withVault(
    settingsPath(options),
    async (vault) => {
      if (xpub) {
        const found = await vault.execute(seed, 'extendedPublicKey', { path });
        const { publicKey, chainCode, parentFingerprint, ...rest } = found;
        const bytes = {
          publicKey: toHex(publicKey),
          chainCode: toHex(chainCode),
          parentFingerprint: toHex(parentFingerprint),
        };
        if (json) printJson({ seed, path, type, ...bytes, ...rest });
        else print(found.xpub);
      } else {
        const { publicKey } = await vault.register(freeId(vault), { type, from: { seed, path }, allow: [] });
        if (json) printJson({ seed, path, type, publicKey: toHex(publicKey) });
        else print(toHex(publicKey));
      }
      return EXIT.ok;
    },
    { password: passwordFrom(options) },
  );
};

export const addDerive = (program: Command, exitWith: (code: number) => void): void => {
  const command = program
    .command('derive')
    .description('the public key of a path below a seed')
    .addOption(
      new Option('--seed <id>', 'the id of a seed in the settings').argParser(parseKeyId).makeOptionMandatory(),
    )
    .addOption(new Option('--path <path>', "as in m/44'/60'/0'/0/0").makeOptionMandatory())
    .addOption(typeOption('the type of the derived key').makeOptionMandatory())
    .addOption(new Option('--xpub', 'the extended public key (secp256k1)'));
  addPasswordOptions(command, 'the password that the settings leave to be typed')
    .addHelpText('after', EXAMPLES)
    .action(action(run, exitWith));
};
