// strongroom check: would a program come up with these settings? Opens the vault, reports on every key, closes it.
import type { Command } from 'commander';
import { type StartupFailure, VaultError } from '../../errors.js';
import { readSettings } from '../../settings/read.js';
import type { VaultInfo } from '../../vault.js';
import type { CheckedSource } from '../../wire/sources.js';
import { EXIT } from '../exit-codes.js';
import { action, type GlobalOptions, settingsPath } from '../options.js';
import { plural, print, printError, printJson, table, toHex } from '../output.js';
import { addPasswordOptions, type PasswordOptions, passwordFrom } from '../passwords.js';
import { withVault } from '../with-vault.js';

const EXAMPLES = `
Examples:
  strongroom check --settings strongroom.json && systemctl restart node
  strongroom check --json | jq '.keys[] | select(.ok | not)'

Exits with 0 if every key loads, with 78 if one does not or the settings are wrong.`;

const sourceName = (from: CheckedSource): string => (from === 'generate' ? from : (Object.keys(from)[0] ?? ''));

const memoryLine = ({ threads, memory }: VaultInfo): string => {
  const locked = memory.locked ? 'locked' : 'NOT locked';
  const dumps = memory.excludedFromDumps ? 'left out of core dumps' : 'NOT left out of core dumps';
  return `${plural(threads, 'signer thread')}; key memory ${locked}, ${dumps}`;
};

/** Keys of the settings, good and bad; and what failed of those that they load by the folder or by the file. */
const reportFailures = (failures: readonly StartupFailure[], options: GlobalOptions): void => {
  const failed = new Map(failures.map((failure) => [failure.id, failure]));
  const listed = readSettings(settingsPath(options), process.env, 'program').keys.map(({ id, type, from }) => {
    const failure = failed.get(id);
    failed.delete(id);
    const said = failure === undefined ? {} : { code: failure.code, reason: failure.reason };
    return { id, type, source: sourceName(from), ok: failure === undefined, ...said };
  });
  const loaded = [...failed.values()].map(({ id, code, reason }) => ({ id, source: 'load', ok: false, code, reason }));
  const keys = [...listed, ...loaded];
  if (options.json) printJson({ ok: false, keys });
  else {
    const rows = keys.map((key) => [
      key.ok ? 'ok' : 'FAILED',
      key.id,
      'type' in key ? key.type : '-',
      key.source,
      ('code' in key ? key.code : undefined) ?? '',
    ]);
    print(table(rows));
  }
};

const run = async (options: PasswordOptions & GlobalOptions): Promise<number> => {
  try {
    return await withVault(
      settingsPath(options),
      async (vault) => {
        const info = vault.info();
        const keys = vault.keys();
        if (options.json) {
          const ok = (key: (typeof keys)[number]) => ({ ...key, publicKey: toHex(key.publicKey), ok: true });
          printJson({ ok: true, keys: keys.map(ok), info });
        } else {
          if (keys.length > 0)
            print(table(keys.map(({ id, type, source, provider }) => ['ok', id, type, source, provider])));
          print(`${plural(keys.length, 'key')} loaded; ${memoryLine(info)}`);
        }
        return EXIT.ok;
      },
      { password: passwordFrom(options) },
    );
  } catch (error) {
    if (!(error instanceof VaultError) || error.failures === undefined) throw error;
    reportFailures(error.failures, options);
    return printError(error, options.json === true);
  }
};

export const addCheck = (program: Command, exitWith: (code: number) => void): void => {
  const command = program.command('check').description('open the vault, report on every key, close it');
  addPasswordOptions(command, 'the password that the settings leave to be typed')
    .addHelpText('after', EXAMPLES)
    .action(action(run, exitWith));
};
