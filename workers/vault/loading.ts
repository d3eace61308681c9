// Registers all keys of a start, or none. What is read at once comes first, then what costs a key derivation, as many at
// a time as the signers do, and last the keys that derive from seeds.
import { toErrorRecord, VaultError } from '../../src/errors.js';
import { isKeyId } from '../../src/wire/check.js';
import { fillTemplate, secretOfLoad, type WireLoad } from '../../src/wire/loads.js';
import type { KeyRecord, LoadReply } from '../../src/wire/protocol.js';
import type { WireSecret, WireSource } from '../../src/wire/sources.js';
import type { WireKeySpec } from '../../src/wire/specs.js';
import type { KeyId } from '../../src/wire/types.js';
import { addressOf } from '../keystore/address.js';
import { findPasswordFile, type KeystoreFile, listKeystores } from '../sources/keystore-folder.js';
import type { OpenVault } from './open.js';
import { allowedOf, policyFor } from './policy.js';
import {
  dropHeldOf,
  enterNew,
  type Outcome,
  registerSealed,
  registerUnsealed,
  type SealedSpec,
  type UnsealedSpec,
  warningOf,
} from './registration.js';
import { dropSecret } from './secret-reader.js';

/** Keystores that are read and judged before a signer is free for them. */
const READ_AHEAD = 2;

type Failure = LoadReply['failures'][number];

const failureOf = (id: string, error: unknown): Failure => {
  const { code, message } = toErrorRecord(error);
  return { id, code, reason: message };
};

/** Run a task for every item, a few at a time, in order. */
const forEachOf = async <T>(items: readonly T[], atOnce: number, task: (item: T) => Promise<void>): Promise<void> => {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) await task(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
};

/** Sealed sources by file and password: each such group costs one key derivation. */
const groupSealed = (specs: readonly WireKeySpec[]): readonly (readonly number[])[] => {
  const groups = new Map<string, number[]>();
  for (const [i, { source }] of specs.entries()) {
    if (source.kind !== 'sealed') continue;
    const name = JSON.stringify([source.path, source.password]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [i]);
    else group.push(i);
  }
  return [...groups.values()];
};

/** The keystores of a start by their public keys. A validator that signs by two ids is a danger to its owner. */
interface SeenKeys {
  /** @throws {VaultError} ERR_KEY_EXISTS - it was found before. */
  add(publicKey: string, place: string): void;
}

const createSeenKeys = (): SeenKeys => {
  const places = new Map<string, string>();
  return {
    add(publicKey, place) {
      const before = places.get(publicKey);
      if (before !== undefined)
        throw new VaultError('ERR_KEY_EXISTS', `${place}: its key was found before, as ${before}`);
      places.set(publicKey, place);
    },
  };
};

interface KeystoreJob {
  readonly file: KeystoreFile;
  readonly load: Extract<WireLoad, { readonly kind: 'keystores' }>;
}

/** Register every key of a start, or none. */
export const loadAll = async (
  vault: OpenVault,
  specs: readonly WireKeySpec[],
  loads: readonly WireLoad[],
  release: (id: string) => Promise<void>,
): Promise<LoadReply> => {
  const { table } = vault;
  const outcomes: (Outcome | undefined)[] = new Array(specs.length);
  const bulk: KeyRecord[] = [];
  const bulkFailures: Failure[] = [];
  const settle = async (i: number, load: Promise<KeyRecord>): Promise<void> => {
    outcomes[i] = await load.then(
      (record) => ({ record }),
      (error: unknown) => ({ error }),
    );
  };
  const reserved = specs.map(({ id }, i) => {
    try {
      table.reserve(id);
      return true;
    } catch (error) {
      outcomes[i] = { error };
      return false;
    }
  });
  const indices = (kind: (source: WireSource) => boolean): number[] =>
    specs.flatMap(({ source }, i) => (reserved[i] && kind(source) ? [i] : []));

  const registerAt = (i: number): Promise<void> =>
    settle(i, (async () => registerUnsealed(vault, specs[i] as UnsealedSpec))());

  const jobs: KeystoreJob[] = [];
  for (const load of loads) {
    if (load.kind !== 'keystores') continue;
    try {
      for (const file of listKeystores(load.folder)) jobs.push({ file, load });
    } catch (error) {
      bulkFailures.push(failureOf(load.folder, error));
    }
  }
  const costly = indices(({ kind }) => kind === 'keystore');
  const total = costly.length + jobs.length;
  const seen = createSeenKeys();
  let done = 0;
  const costlyDone = (): void => {
    done += 1;
    vault.report(done, total);
  };

  try {
    for (const i of indices(({ kind }) => !['keystore', 'sealed', 'seed'].includes(kind))) await registerAt(i);
    for (const group of groupSealed(specs)) {
      const mine = group.filter((i) => reserved[i]);
      if (mine.length === 0) continue;
      const results = await registerSealed(
        vault,
        mine.map((i) => specs[i] as SealedSpec),
      );
      for (const [at, i] of mine.entries()) outcomes[i] = results[at];
    }
    for (const load of loads) {
      if (load.kind === 'sealed') await loadSealed(vault, load, bulk, bulkFailures);
    }
    const atOnce = vault.config.threads + READ_AHEAD;
    await forEachOf([...costly, ...jobs], atOnce, async (item) => {
      if (typeof item === 'number') await registerAt(item);
      else await loadKeystore(vault, item, seen, bulk, bulkFailures);
      costlyDone();
    });
    for (const i of indices(({ kind }) => kind === 'seed')) await registerAt(i);
  } finally {
    for (const [i, { id }] of specs.entries()) if (reserved[i]) table.unreserve(id);
    for (const spec of specs) dropHeldOf(vault, spec.source);
    for (const load of loads) dropLoadSecret(vault, load);
  }

  const keys = outcomes.flatMap((outcome) => (outcome && 'record' in outcome ? [outcome.record] : [])).concat(bulk);
  const failures = outcomes
    .flatMap((outcome, i) =>
      outcome && 'error' in outcome ? [failureOf(specs[i]!.id, explainSeed(specs, i, outcome.error))] : [],
    )
    .concat(bulkFailures);
  const counts = { total: keys.length + failures.length };
  if (failures.length === 0) return { keys, failures, ...counts, info: vault.info() };
  await Promise.all(keys.map(({ info }) => release(info.id)));
  return { keys: [], failures, ...counts, info: vault.info() };
};

/** A seed that failed itself, or waits for the key that wants it, is no missing one: say which it is. */
const explainSeed = (specs: readonly WireKeySpec[], i: number, error: unknown): unknown => {
  const { source, id } = specs[i]!;
  if (source.kind !== 'seed' || !(error instanceof VaultError) || error.code !== 'ERR_SEED') return error;
  const wanted = specs.find((spec) => spec.id === source.seed);
  if (wanted === undefined) return error;
  if (wanted.source.kind === 'seed') {
    return new VaultError(
      'ERR_SEED',
      source.seed === id
        ? 'a key cannot derive from itself'
        : `"${source.seed}" is itself derived; only a seed is derived from`,
    );
  }
  return new VaultError('ERR_SEED', `the seed "${source.seed}" could not be registered`);
};

const loadKeystore = async (
  vault: OpenVault,
  { file, load }: KeystoreJob,
  seen: SeenKeys,
  records: KeyRecord[],
  failures: Failure[],
): Promise<void> => {
  try {
    const keystore = vault.keystores.read(file.path);
    const { passwords } = load;
    const password: WireSecret =
      passwords.kind === 'folder'
        ? {
            kind: 'file',
            path: findPasswordFile(passwords.path, file, keystore.publicKey && hex(keystore.publicKey)),
            allowSharedFile: passwords.allowSharedFile,
          }
        : passwords;
    const record = await vault.keystores.open(file.path, keystore, password, (loaded) => {
      const pubkey = hex(loaded.publicKey);
      const address = keystore.type === 'secp256k1' ? { address: hex(addressOf(loaded.publicKey)) } : {};
      const id = idFrom(load.id, { pubkey, name: file.name, ...address });
      seen.add(pubkey, `keystore ${file.path}`);
      const { type } = keystore;
      const origin = { kind: 'keystore', path: file.path, password } as const;
      const policy = policyFor(type, load);
      const record = enterNew(vault, id, { type, source: 'keystore', origin, policy }, loaded);
      return { ...record, ...warningOf(keystore, file.path) };
    });
    records.push(record);
  } catch (error) {
    failures.push(failureOf(file.shown, error));
  }
};

const loadSealed = async (
  vault: OpenVault,
  load: Extract<WireLoad, { readonly kind: 'sealed' }>,
  records: KeyRecord[],
  failures: Failure[],
): Promise<void> => {
  try {
    await vault.sealedKeys.loadAll(
      load.path,
      load.password,
      ({ id, type, policy: sealed }, loaded) => {
        const origin = { kind: 'sealed', path: load.path, password: load.password, name: id } as const;
        const policy = policyFor(type, load, sealed.allow ?? allowedOf(type, undefined));
        records.push(enterNew(vault, idFrom(load.id, { id }), { type, source: 'sealed', origin, policy }, loaded));
      },
      (id, error) => failures.push(failureOf(fillTemplate(load.id, { id }), error)),
    );
  } catch (error) {
    failures.push(failureOf(load.path, error));
  }
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const idFrom = (template: string, values: Readonly<Record<string, string>>): KeyId => {
  const id = fillTemplate(template, values);
  if (isKeyId(id)) return id;
  throw new VaultError('ERR_REFUSED', `the id template does not give a key id for this key`);
};

const dropLoadSecret = ({ held }: OpenVault, load: WireLoad): void => {
  const secret = secretOfLoad(load);
  if (secret !== undefined) dropSecret(secret, held);
};
