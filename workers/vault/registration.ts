// Registers one key, whatever its source: its id is kept for it until it is entered, or cannot be.

import { statusOf } from '../../src/wire/frame.js';
import type { KeyRecord } from '../../src/wire/protocol.js';
import { secretsOf, type WireSource } from '../../src/wire/sources.js';
import type { WireKeySpec } from '../../src/wire/specs.js';
import type { KeyId, KeyType, Operation } from '../../src/wire/types.js';
import { namesPublicKey } from '../keystore/address.js';
import type { Keystore } from '../keystore/keystore.js';
import type { LoadedKey } from './key-loader.js';
import type { KeyEntry } from './key-table.js';
import { assertType } from './keystore-loader.js';
import { createLifetime } from './lifetime.js';
import type { OpenVault } from './open.js';
import { type KeyOrigin, originOf } from './origin.js';
import { allowedOf, assertAllowed, type Policy, policyFor, statusesFor } from './policy.js';
import { createQuota } from './quota.js';
import { recordFor } from './records.js';
import { releaseKey } from './release.js';
import { dropSecret } from './secret-reader.js';

type SealedSource = Extract<WireSource, { readonly kind: 'sealed' }>;
export type SealedSpec = WireKeySpec & { readonly source: SealedSource };
export type UnsealedSpec = WireKeySpec & { readonly source: Exclude<WireSource, SealedSource> };

const KEY_EXHAUSTED = statusOf('ERR_KEY_EXHAUSTED');

/** What a key is entered with, besides its id and the key itself. */
export interface Entrance {
  readonly type: KeyType;
  readonly source: WireSource['kind'];
  readonly origin: KeyOrigin | undefined;
  readonly policy: Policy;
}

const enterKey = (
  vault: OpenVault,
  id: KeyId,
  { type, source, origin, policy }: Entrance,
  { handle, publicKey }: LoadedKey,
): KeyRecord => {
  const { table, providers, sessions, journal, lock } = vault;
  lock.assertUnlocked(); // it may have been locked while the key was loaded
  const { allow, schemes, maxSignatures, perSecond, expiresInMs, idleMs } = policy;
  const provider = providers[type].name;
  const entry: KeyEntry = {
    info: { id, type, publicKey, provider, source, allow, schemes, state: 'ready', limits: {} },
    policy,
    statuses: statusesFor(type, policy),
    quota: maxSignatures === undefined && perSecond === undefined ? undefined : createQuota(policy, KEY_EXHAUSTED),
    lifetime:
      expiresInMs === undefined && idleMs === undefined
        ? undefined
        : createLifetime(
            policy,
            () => entry.inFlight > 0,
            (end) => void releaseKey(vault, entry, end).catch(vault.fail),
          ),
    origin,
    uses: [],
    handle,
    inFlight: 0,
    gone: undefined,
    drained: [],
  };
  table.add(id, entry);
  sessions.tellChanged([entry], sessions.owner);
  journal.record({ type: 'registered', id, keyType: type, source });
  return recordFor(entry, undefined);
};

/** As {@link enterKey}, under an id that was not known before. @throws {VaultError} ERR_KEY_EXISTS */
export const enterNew = (vault: OpenVault, id: KeyId, entrance: Entrance, loaded: LoadedKey): KeyRecord => {
  vault.table.reserve(id);
  try {
    return enterKey(vault, id, entrance, loaded);
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

export const registerUnsealed = async (vault: OpenVault, spec: UnsealedSpec): Promise<KeyRecord> => {
  const { id, type, source } = spec;
  const entrance = { type, source: source.kind, origin: originOf(id, source), policy: policyFor(type, spec) };
  const enter = (loaded: LoadedKey): KeyRecord => enterKey(vault, id, entrance, loaded);
  if (source.kind === 'seed') assertExportable(vault, source.seed, entrance.policy.allow);
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
    specs.map(({ id, type, source, ...spec }, i) => ({
      id,
      type,
      create: source.create,
      allow: spec.allow,
      enter(loaded, sealed) {
        const policy = policyFor(type, spec, sealed.allow ?? allowedOf(type, undefined));
        const entrance: Entrance = { type, source: 'sealed', origin: originOf(id, source), policy };
        outcomes[i] = { record: enterKey(vault, id, entrance, loaded) };
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
