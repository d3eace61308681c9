// Registers one key, whatever its source: its id is kept for it until it is entered, or cannot be.
import type { KeyRecord } from '../../src/wire/protocol.js';
import { secretsOf, type WireSource } from '../../src/wire/sources.js';
import type { WireKeySpec } from '../../src/wire/specs.js';
import type { KeyId, KeyType, Operation } from '../../src/wire/types.js';
import { namesPublicKey } from '../keystore/address.js';
import type { Keystore } from '../keystore/keystore.js';
import type { LoadedKey } from './key-loader.js';
import { assertType } from './keystore-loader.js';
import type { OpenVault } from './open.js';
import { allowedOf, assertAllowed } from './policy.js';
import { dropSecret } from './secret-reader.js';

type SealedSource = Extract<WireSource, { readonly kind: 'sealed' }>;
export type SealedSpec = WireKeySpec & { readonly source: SealedSource };
export type UnsealedSpec = WireKeySpec & { readonly source: Exclude<WireSource, SealedSource> };

const enterKey = (
  { table, providers }: OpenVault,
  id: KeyId,
  type: KeyType,
  source: WireSource['kind'],
  allow: readonly Operation[],
  { handle, publicKey }: LoadedKey,
): KeyRecord => {
  const info = { id, type, publicKey, provider: providers[type].name, source, allow };
  const maySign = allow.includes('sign');
  table.add(id, { info, handle, maySign, inFlight: 0, releasing: false, drained: undefined });
  return { info, handle };
};

type EnterRest = Parameters<typeof enterKey> extends [OpenVault, KeyId, ...infer Rest] ? Rest : never;

/** As {@link enterKey}, under an id that was not known before. @throws {VaultError} ERR_KEY_EXISTS */
export const enterNew = (vault: OpenVault, id: KeyId, ...rest: EnterRest): KeyRecord => {
  vault.table.reserve(id);
  try {
    return enterKey(vault, id, ...rest);
  } finally {
    vault.table.unreserve(id);
  }
};

/** Load a key and enter it under its id, which is kept for it meanwhile. */
export const registerKey = async (vault: OpenVault, spec: WireKeySpec): Promise<KeyRecord> => {
  const { table } = vault;
  const { id, source } = spec;
  if (source.kind !== 'sealed') return keeping(vault, id, () => registerUnsealed(vault, { ...spec, source }));
  table.reserve(id);
  const [outcome] = await registerSealed(vault, [{ ...spec, source }]);
  if (outcome !== undefined && 'record' in outcome) return outcome.record;
  throw outcome?.error;
};

const keeping = async <T>({ table }: OpenVault, id: string, load: () => Promise<T>): Promise<T> => {
  table.reserve(id);
  try {
    return await load();
  } finally {
    table.unreserve(id);
  }
};

export const registerUnsealed = async (
  vault: OpenVault,
  { id, type, source, allow }: UnsealedSpec,
): Promise<KeyRecord> => {
  const enter = (loaded: LoadedKey): KeyRecord =>
    enterKey(vault, id, type, source.kind, allowedOf(type, allow), loaded);
  if (source.kind === 'seed') assertExportable(vault, source.seed, allowedOf(type, allow));
  if (source.kind !== 'keystore') return vault.loader.load(type, source, enter);
  const keystore = vault.keystores.read(source.path);
  assertType(keystore, type, source.path);
  return vault.keystores.open(source.path, keystore, source.password, (loaded) => ({
    ...enter(loaded),
    ...warningOf(keystore, source.path),
  }));
};

/**
 * A key near the root and the chain codes, which are public, give all that derives: whoever may export a derived key must
 * be allowed to export its seed.
 */
const assertExportable = ({ table }: OpenVault, seedId: KeyId, allow: readonly Operation[]): void => {
  const seed = table.find(seedId);
  if (seed !== undefined && allow.includes('export')) assertAllowed(seed, 'export');
};

/** A keystore's checksum does not cover its iv: where it names no key, one that was altered opens to another key. */
export const warningOf = (keystore: Keystore, path: string): { readonly warning?: string } =>
  namesPublicKey(keystore)
    ? {}
    : {
        warning: `keystore ${path} names no public key or address to compare its key with: check the one that it gives`,
      };

export type Outcome = { readonly record: KeyRecord } | { readonly error: unknown };

/** Keys of one sealed file, whose ids are reserved. */
export const registerSealed = async (vault: OpenVault, specs: readonly SealedSpec[]): Promise<Outcome[]> => {
  const outcomes: Outcome[] = [];
  const { path, password } = specs[0]!.source;
  await vault.sealedKeys.load(
    path,
    password,
    specs.map(({ id, type, source, allow }, i) => ({
      id,
      type,
      create: source.create,
      allow,
      enter(loaded, policy) {
        const operations = allowedOf(type, allow, policy.allow ?? allowedOf(type, undefined));
        outcomes[i] = { record: enterKey(vault, id, type, 'sealed', operations, loaded) };
      },
      fail(error) {
        outcomes[i] = { error };
      },
    })),
  );
  for (const { id } of specs) vault.table.unreserve(id);
  return outcomes;
};

/** Whatever became of the key: nothing that came for it stays. */
export const dropHeldOf = ({ held }: OpenVault, source: WireSource): void => {
  for (const secret of secretsOf(source)) dropSecret(secret, held);
};
