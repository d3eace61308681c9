// Brings checked keys to the vault: names what the vault can read by itself, hands off what only main can reach.
import { VaultError } from './errors.js';
import type { VaultHost } from './host.js';
import type { CheckedKey } from './settings/keys.js';
import { warnOnce } from './warn.js';
import type { CheckedLoad, WireLoad, WirePasswords } from './wire/loads.js';
import { policyOf } from './wire/policy.js';
import type { CheckedSecret, WireSecret, WireSource } from './wire/sources.js';
import type { WireKeySpec } from './wire/specs.js';

const NOT_SCRUBBED = 'environment variables that could only be deleted, not overwritten where the process keeps them';

/** What a call brings to the vault, once its variables are claimed and its bytes handed off. */
export interface Delivery {
  secret(secret: CheckedSecret): WireSecret;
  key(key: CheckedKey): WireKeySpec;
  load(load: CheckedLoad): WireLoad;
}

const secretsOfKey = ({ from }: CheckedKey): readonly CheckedSecret[] => {
  if (from === 'generate' || 'seed' in from) return [];
  if ('mnemonic' in from) return from.passphrase === undefined ? [from.mnemonic] : [from.mnemonic, from.passphrase];
  return 'password' in from ? [from.password] : [from];
};

const secretsOfLoad = (load: CheckedLoad): readonly CheckedSecret[] => {
  if ('sealed' in load) return [load.password];
  return 'folder' in load.passwords ? [] : [load.passwords];
};

/**
 * Claim every variable that one of the secrets names, and say how each thing is told to the vault.
 *
 * @throws {VaultError} ERR_SOURCE_NOT_FOUND - a variable is not set. A start tells that of each key instead.
 */
export const prepareDelivery = async (
  host: VaultHost,
  secrets: readonly CheckedSecret[],
  isStart = false,
): Promise<Delivery> => {
  // The environment block still has variables that this program has deleted since its start: they are not set.
  const names = new Set(
    secrets.flatMap((secret) => ('env' in secret && Object.hasOwn(process.env, secret.env) ? [secret.env] : [])),
  );
  // Before anything is handed off.
  for (const secret of isStart ? [] : secrets) {
    if (!('env' in secret) || names.has(secret.env)) continue;
    throw new VaultError('ERR_SOURCE_NOT_FOUND', `environment variable ${secret.env}: not set`);
  }
  const variables = names.size === 0 ? new Map<string, number | undefined>() : await claimVariables(host, names);

  const secret = (given: CheckedSecret): WireSecret => {
    if ('file' in given) return { kind: 'file', path: given.file, allowSharedFile: given.allowSharedFile };
    if ('bytes' in given) return { kind: 'bytes', handoff: host.handoff.bytes(given.bytes) };
    if ('typed' in given) return { kind: 'bytes', handoff: given.typed };
    if ('prompt' in given) throw new TypeError('a secret that is to be typed was not asked for');
    const handoff = variables.get(given.env);
    return { kind: 'env', name: given.env, ...(handoff !== undefined && { handoff }) };
  };

  const source = ({ from }: CheckedKey): WireSource => {
    if (from === 'generate') return { kind: 'generate' };
    if ('seed' in from) return { kind: 'seed', ...from };
    if ('mnemonic' in from) {
      const passphrase = from.passphrase && { passphrase: secret(from.passphrase) };
      return { kind: 'mnemonic', mnemonic: secret(from.mnemonic), ...passphrase, language: from.language };
    }
    if ('keystore' in from) return { kind: 'keystore', path: from.keystore, password: secret(from.password) };
    if ('sealed' in from) {
      return { kind: 'sealed', path: from.sealed, password: secret(from.password), create: from.create };
    }
    return { ...secret(from), encoding: from.encoding };
  };

  return {
    secret,
    key: (key) => ({ id: key.id, type: key.type, source: source(key), ...policyOf(key) }),
    load(load) {
      const { id } = load;
      if ('sealed' in load) {
        return { kind: 'sealed', path: load.sealed, password: secret(load.password), id, ...policyOf(load) };
      }
      const { passwords } = load;
      const from: WirePasswords =
        'folder' in passwords
          ? { kind: 'folder', path: passwords.folder, allowSharedFile: passwords.allowSharedFile }
          : secret(passwords);
      return { kind: 'keystores', folder: load.keystores, passwords: from, id, ...policyOf(load) };
    },
  };
};

/** Specifications for `load`. */
export const deliverStart = async (
  host: VaultHost,
  keys: readonly CheckedKey[],
  loads: readonly CheckedLoad[],
): Promise<readonly [WireKeySpec[], WireLoad[]]> => {
  const delivery = await prepareDelivery(host, [...keys.flatMap(secretsOfKey), ...loads.flatMap(secretsOfLoad)], true);
  return [keys.map(delivery.key), loads.map(delivery.load)];
};

/** The specification for `register`. @throws {VaultError} ERR_SOURCE_NOT_FOUND */
export const deliverKey = async (host: VaultHost, key: CheckedKey): Promise<WireKeySpec> =>
  (await prepareDelivery(host, secretsOfKey(key))).key(key);

/** The hand-off number of each variable that the vault cannot read by itself. */
const claimVariables = async (
  host: VaultHost,
  names: ReadonlySet<string>,
): Promise<Map<string, number | undefined>> => {
  const { scrubbed, exposed } = await host.call('claimVariables', [...names]);
  // Not by value: reading one would make the string that the vault has just avoided.
  const deletedOnly = [...names].filter((name) => !scrubbed.includes(name) && Object.hasOwn(process.env, name));
  if (deletedOnly.length > 0) warnOnce(`${NOT_SCRUBBED}: ${deletedOnly.join(', ')}`);
  const variables = new Map<string, number | undefined>();
  for (const name of names)
    variables.set(name, host.handoff.variable(name, scrubbed.includes(name), exposed.includes(name)));
  return variables;
};
