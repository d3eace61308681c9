// From a source to a slot: brings the source's secret into the arena's decoding area, checks its range, lets the provider
// put it into its slot, and wipes every area it used. Bytes to bytes, in the arena; nothing of a secret leaves.
import { VaultError } from '../../src/errors.js';
import { parsePath } from '../../src/wire/path.js';
import type { WireSource } from '../../src/wire/sources.js';
import { KEY_TYPE_FACTS, type KeyHandle, type KeyType } from '../../src/wire/types.js';
import type { Arena } from '../arena/arena.js';
import type { KeyStore } from '../arena/key-store.js';
import { decodeKey } from '../codec/decode.js';
import { deriveSecret } from '../derive/derive.js';
import { mnemonicToSeed } from '../derive/mnemonic.js';
import type { DeriveTools } from '../derive/tools.js';
import { loadWordList, type WordList } from '../derive/word-lists.js';
import type { Providers } from '../providers/provider.js';
import { publicKeyOf } from '../providers/public-key.js';
import { isInRange } from '../providers/range.js';
import { secretIn } from '../providers/secret-in.js';
import { generateSecret } from '../sources/generate.js';
import { wipeStack } from '../wipe-stack.js';
import type { HeldValues } from './held-values.js';
import type { KeyTable } from './key-table.js';
import { assertAllowed } from './policy.js';
import { placeOf, readPassword, readSecret } from './secret-reader.js';

export interface LoadedKey {
  readonly handle: KeyHandle;
  /** A copy. */
  readonly publicKey: Uint8Array;
}

/** A passphrase before it is normalised. */
const MAX_PASSPHRASE_BYTES = 4096;

/** Sources that need no key derivation from a password. */
export type DirectSource = Exclude<WireSource, { readonly kind: 'keystore' | 'sealed' }>;

export interface KeyLoader {
  /**
   * Load a key and enter it where it can be found. If that throws, the key is wiped and its slot is free. All but a
   * mnemonic is read and entered before the call returns.
   *
   * @throws {VaultError} a code of the source, the encoding, the key or the arena; and what `enter` throws.
   */
  load<T>(type: KeyType, source: DirectSource, enter: (loaded: LoadedKey) => T): Promise<T>;
  /**
   * Put a secret that was brought into the arena into a slot, and enter it. Staging, decoding area and scratch are wiped
   * in any case.
   *
   * @param fetch - brings the secret into the arena; gives the view.
   */
  place<T>(type: KeyType, fetch: () => Uint8Array, enter: (loaded: LoadedKey) => T): T;
  /** As `place`, for a secret that lies in staging with others: staging is left as it is. */
  placeFrom<T>(type: KeyType, secret: Uint8Array, enter: (loaded: LoadedKey) => T): T;
  /** Wipe a key that no entry names: it could never be released. */
  discard(type: KeyType, loaded: Pick<LoadedKey, 'handle'>): void;
}

export interface LoaderParts {
  readonly arena: Arena;
  readonly store: KeyStore;
  readonly held: HeldValues;
  readonly table: KeyTable;
  readonly providers: Providers;
  readonly tools: DeriveTools;
  readonly scratch: Uint8Array;
}

export const createKeyLoader = (parts: LoaderParts): KeyLoader => {
  const { arena, store, held, table, providers, tools, scratch } = parts;
  const { staging, decoded } = arena;

  const discard: KeyLoader['discard'] = (type, { handle }) => {
    store.wipe(handle.slot);
    providers[type].forget(handle.slot);
    store.free(handle.slot);
  };

  /** Fill a slot, which `onTaken` is told of before anything else can fail. */
  const fillSlot = (type: KeyType, secret: Uint8Array, onTaken: (handle: KeyHandle) => void): LoadedKey => {
    try {
      if (!isInRange(type, secret)) throw outOfRange(type);
      const handle = store.add((view) => providers[type].load(secret, view, scratch));
      onTaken(handle);
      return { handle, publicKey: publicKeyOf(store.view(handle.slot), type).slice() };
    } finally {
      scratch.fill(0);
      wipeStack();
    }
  };

  const placeFrom: KeyLoader['placeFrom'] = (type, secret, enter) => {
    let taken: KeyHandle | undefined;
    try {
      const loaded = fillSlot(type, secret, (handle) => {
        taken = handle;
      });
      return enter(loaded);
    } catch (error) {
      // A key that no entry names could never be released.
      if (taken !== undefined) discard(type, { handle: taken });
      throw error;
    }
  };

  const place: KeyLoader['place'] = (type, fetch, enter) => {
    let isFetched = false;
    try {
      const secret = fetch();
      isFetched = true;
      return placeFrom(type, secret, enter);
    } finally {
      // The only copies outside the slot. `fill` on shared memory is not optimised away.
      staging.fill(0);
      decoded.fill(0);
      scratch.fill(0);
      if (!isFetched) wipeStack(); // later it would be too late to fail: the key is entered
    }
  };

  /** The decoding area takes the seed, behind it the passphrase, and in the rest both texts are normalised. */
  const fromMnemonic = (source: Extract<DirectSource, { kind: 'mnemonic' }>, words: WordList): number => {
    const seed = decoded.subarray(0, KEY_TYPE_FACTS.seed.secretBytes);
    const passphraseRoom = decoded.subarray(seed.length, seed.length + MAX_PASSPHRASE_BYTES);
    const room = decoded.subarray(seed.length + MAX_PASSPHRASE_BYTES);
    const passphraseBytes =
      source.passphrase === undefined ? 0 : readPassword(source.passphrase, held, staging, passphraseRoom);
    const text = readSecret(source.mnemonic, held, staging);
    const passphrase = passphraseRoom.subarray(0, passphraseBytes);
    mnemonicToSeed(text, passphrase, words, seed, room, scratch, tools.hashes, placeOf(source.mnemonic));
    return seed.length;
  };

  const fromSeed = (type: KeyType, id: string, path: string): number => {
    const entry = table.find(id);
    if (entry === undefined) throw new VaultError('ERR_SEED', `no key "${id}" is registered to derive from`);
    if (entry.info.type !== 'seed') {
      throw new VaultError('ERR_SEED', `the key "${id}" is of type ${entry.info.type}, from which nothing derives`);
    }
    assertAllowed(entry, 'derive');
    const steps = parsePath(type, path);
    if (typeof steps === 'string') throw new VaultError('ERR_REFUSED', `the vault refused the path: ${steps}`);
    const { secretBytes } = KEY_TYPE_FACTS[type];
    deriveSecret(
      type,
      secretIn(store.view(entry.handle.slot), 'seed'),
      steps,
      decoded.subarray(0, secretBytes),
      scratch,
      tools,
    );
    return secretBytes;
  };

  /** Bring the source's secret into the decoding area; returns its length. */
  const fetchSecret = (type: KeyType, source: DirectSource, words: WordList | undefined): number => {
    switch (source.kind) {
      case 'generate':
        return generateSecret(type, decoded);
      case 'seed':
        return fromSeed(type, source.seed, source.path);
      case 'mnemonic':
        return fromMnemonic(source, words as WordList);
      default:
        return decodeKey(readSecret(source, held, staging), source.encoding, type, decoded, placeOf(source));
    }
  };

  return {
    discard,
    placeFrom,
    place,
    async load(type, source, enter) {
      const words = source.kind === 'mnemonic' ? await loadWordList(source.language) : undefined;
      return place(type, () => decoded.subarray(0, fetchSecret(type, source, words)), enter);
    },
  };
};

const outOfRange = (type: KeyType): VaultError =>
  new VaultError(
    'ERR_KEY_RANGE',
    type === 'secp256k1' || type === 'bls12-381'
      ? `a ${type} key is a number from 1 to below the order of the group; this one is not`
      : `${type === 'seed' ? 'a' : 'an'} ${type} key of zeros only`,
  );
