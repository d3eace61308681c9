// openVault: from settings to a vault that is ready, or one error that tells everything, with nothing left behind.
import { createClient } from './client.js';
import { VaultError } from './errors.js';
import { assertHardened, watchInspector } from './hardening.js';
import { startHost, type VaultHost } from './host.js';
import { deliverStart } from './key-delivery.js';
import { type CheckedSettings, readSettings } from './settings/read.js';
import type { OpenOptions, Settings, Vault } from './vault.js';
import { warnOnce } from './warn.js';
import type { LoadReply } from './wire/protocol.js';

/**
 * Open a vault and load every key that the settings list.
 *
 * @param settings - an object, or the path of a JSON file of the same shape. Without it, the path in
 *   `STRONGROOM_SETTINGS`. `STRONGROOM_THREADS`, `_PROVIDER`, `_MEMORY_LOCK`, `_MAX_KEYS` and `_HARDENING` override the settings.
 * @returns a vault in which every listed key is registered and every signer thread is ready.
 * @throws {VaultError} ERR_SETTINGS - `problems` lists every mistake in the settings; nothing was started.
 * @throws {VaultError} ERR_UNSAFE_RUNTIME - `hardening` is 'strict'; `problems` lists every reason; nothing was started.
 * @throws {VaultError} ERR_VAULT_STARTUP - `failures` lists every key that could not be registered, with its code and
 *   reason. What had been loaded is wiped and the threads are ended.
 * @throws {VaultError} ERR_SELF_TEST, ERR_PROVIDER_UNAVAILABLE, ERR_MEMORY, ERR_MEMORY_LOCK, ERR_SIGNER_FAILED
 */
export const openVault = async (settings?: Settings | string, options: OpenOptions = {}): Promise<Vault> =>
  (await openChecked(readSettings(settings, process.env), options)).vault;

/** What keys come from. */
export type Sources = Pick<CheckedSettings, 'keys' | 'loads'>;

export interface Opened {
  readonly vault: Vault;
  /** What the vault is reached by: for the program, which asks more of it than a `Vault` does. */
  readonly host: VaultHost;
}

/**
 * Open a vault with settings that are checked.
 *
 * @param answer - replaces what is to be typed by what was, as soon as the vault can read it. The program's.
 * @throws as {@link openVault}, and what `answer` throws.
 */
export const openChecked = async (
  { config, hardening, ...sources }: CheckedSettings,
  options: OpenOptions,
  answer?: (host: VaultHost, sources: Sources) => Promise<Sources>,
): Promise<Opened> => {
  assertHardened(hardening);
  const host = await startHost(options);
  const stopWatching = watchInspector(hardening, host.abort);
  void host.ended.then(stopWatching);
  try {
    const { warnings } = await host.call('open', config);
    for (const warning of warnings) warnOnce(warning);
    const { keys, loads } = answer === undefined ? sources : await answer(host, sources);
    const loaded = await host.call('load', ...(await deliverStart(host, keys, loads)));
    if (loaded.failures.length > 0) throw startupError(loaded);
    for (const { warning } of loaded.keys) if (warning !== undefined) warnOnce(warning);
    return { vault: createClient(host, config, loaded.info, loaded.keys), host };
  } catch (error) {
    await host.close();
    throw error;
  }
};

const startupError = ({ failures, total }: LoadReply): VaultError => {
  const shown = failures.slice(0, 3).map(({ id, code, reason }) => `"${id}": ${reason} (${code})`);
  const more = failures.length > shown.length ? `; and ${failures.length - shown.length} more` : '';
  return new VaultError(
    'ERR_VAULT_STARTUP',
    `${failures.length} of ${total} keys could not be registered: ${shown.join('; ')}${more}`,
    { failures },
  );
};

/** Open a host without keys for one task of the program, and close it. */
export const withHost = async <T>(task: (host: VaultHost) => Promise<T>): Promise<T> => {
  const { config } = readSettings({ threads: 1, memory: { maxKeys: 1 } }, {});
  const host = await startHost({});
  try {
    await host.call('open', config);
    return await task(host);
  } finally {
    await host.close();
  }
};
