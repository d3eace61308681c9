// Opens the vault: the arena, the providers and their self-tests, the signer pool, and what works on them. Everything
// that exists only while the vault is open is made here, in the order in which it depends on one another.
import { type MessagePort, threadId } from 'node:worker_threads';
import { VaultError } from '../../src/errors.js';
import type { VaultInfo } from '../../src/wire/info.js';
import type { WireConfig } from '../../src/wire/specs.js';
import { KEY_TYPES, type KeyType, type ProviderName, type Slot } from '../../src/wire/types.js';
import { type Arena, createArena } from '../arena/arena.js';
import { openHalting } from '../arena/halt.js';
import { createKeyStore, type KeyStore } from '../arena/key-store.js';
import { openSeats, type Seat, type Seats } from '../arena/seats.js';
import { openSlots } from '../arena/slots.js';
import type { AuditLog } from '../audit/log.js';
import type { DeriveTools } from '../derive/tools.js';
import { testOperators } from '../operators/self-test.js';
import { selfTestAead } from '../providers/aead.js';
import type { ChosenProviders } from '../providers/choose.js';
import { loadProvePossession } from '../providers/pop.js';
import type { Providers } from '../providers/provider.js';
import { residueOf, tellResidue } from '../providers/residue.js';
import { selfTest } from '../providers/self-test.js';
import { testSecretHashes } from '../providers/self-test-hashes.js';
import type { SigningContext } from '../signer/sign-operations.js';
import { costTable } from './cost.js';
import { type CustomOperators, createCustomOperators } from './custom-operators.js';
import { createDispatcher, type Dispatcher } from './dispatcher.js';
import { createForgetting, type Forgetting } from './forgetting.js';
import { createHeldValues, type HeldValues } from './held-values.js';
import { createJournal, type Journal } from './journal.js';
import { createKeyLoader, type KeyLoader } from './key-loader.js';
import { createKeyTable, type KeyEntry, type KeyTable } from './key-table.js';
import { createKeystoreLoader, type KeystoreLoader } from './keystore-loader.js';
import type { Locking } from './lock-control.js';
import { createPasswordKeys, type PasswordKeys } from './password-keys.js';
import { createSealedKeys, type SealedKeys } from './sealed-keys.js';
import type { SecretTools } from './secret-tools.js';
import { createSessions, type Session, type Sessions } from './sessions.js';
import { createSignerPool, type SignerPool } from './signer-pool.js';
import { createTerminalInput, type TerminalInput } from './terminal-input.js';

/** A vault that is open: its parts, and nothing that outlives it. */
export interface OpenVault {
  readonly config: WireConfig;
  readonly arena: Arena;
  readonly store: KeyStore;
  readonly held: HeldValues;
  readonly table: KeyTable;
  readonly loader: KeyLoader;
  readonly providers: Providers;
  readonly pool: SignerPool;
  readonly dispatcher: Dispatcher;
  readonly forgetting: Forgetting;
  readonly scratch: Uint8Array;
  readonly tools: DeriveTools;
  readonly passwordKeys: PasswordKeys;
  readonly keystores: KeystoreLoader;
  readonly sealedKeys: SealedKeys;
  readonly terminal: TerminalInput;
  readonly operators: CustomOperators;
  readonly provePossession: (entry: KeyEntry) => Promise<Uint8Array>;
  readonly sessions: Sessions;
  readonly journal: Journal;
  readonly audit: AuditLog | undefined;
  /** What this thread signs with. */
  readonly signing: SigningContext;
  readonly lock: Locking;
  /** How far a start has come. */
  readonly report: (done: number, total: number) => void;
  /** The vault cannot go on. */
  readonly fail: (error: unknown) => void;
  readonly warnings: readonly string[];
  info(): VaultInfo;
}

/** What the vault thread gives to an open vault. */
export interface Surroundings {
  readonly ownerPort: MessagePort;
  /** Answer a port from now on. */
  readonly serve: (session: Session, port: MessagePort) => void;
  readonly report: OpenVault['report'];
  readonly fail: OpenVault['fail'];
  readonly audit: AuditLog | undefined;
  /** Makes the part that locks, of all others. */
  readonly makeLocking: (vault: OpenVault) => Locking;
}

/**
 * @throws {VaultError} ERR_MEMORY, ERR_MEMORY_LOCK, ERR_SELF_TEST - with nothing left open.
 */
export const openVault = (
  config: WireConfig,
  { providers, fallbacks }: ChosenProviders,
  { tools, aead, operators, custom }: SecretTools,
  { ownerPort, serve, report, fail, audit, makeLocking }: Surroundings,
): OpenVault => {
  const warnings: string[] = [];
  if (config.provider === 'auto') {
    for (const { type, reason } of fallbacks) {
      warnings.push(
        `${type} uses the portable provider, which is slower and cannot wipe what it computes with: ${reason}`,
      );
    }
  }

  // A seat for the vault thread; and twice the signers, for those that replace others before these have quite ended.
  // A lane for each signer, and one whose password is ready when a signer is free.
  const arena = createArena(config.maxKeys, 2 * config.threads + 2, config.threads + 1, config.lock);
  const { reason } = arena.lock;
  if (reason !== undefined && config.lock !== 'off') {
    if (config.lock === 'require' && !arena.lock.locked)
      throw new VaultError('ERR_MEMORY_LOCK', `memory.lock is 'require': ${reason}`);
    warnings.push(`the key arena is not fully protected: ${reason}`);
  }

  const seats: Seats = openSeats(arena.buffer, arena.layout);
  const seat = seats.take(threadId) as Seat;
  const store = createKeyStore(arena);
  testProviders(store, providers, seat.scratch);
  testSecretHashes(tools.hashes, seat.scratch);
  selfTestAead(aead, seat.scratch);
  testOperators(operators, seat.scratch);
  tellResidue(arena.buffer, providers);

  const { verifyAfterSign } = config;
  const { buffer, layout } = arena;
  const halting = openHalting(buffer, layout);
  // This thread answers before it is ended (service.ts): it need not look between operations.
  const signing: SigningContext = {
    slots: openSlots(buffer, layout),
    providers,
    operators,
    scratch: seat.scratch,
    verifyAfterSign,
    pause: () => undefined,
  };
  const pool = createSignerPool(
    config.threads,
    {
      buffer,
      layout,
      provider: config.provider,
      verifyAfterSign,
      operators: config.operators.filter(({ name }) => custom.get(name)?.pool),
      lock: config.lock,
    },
    seats,
    halting,
    seat.index,
  );
  const table = createKeyTable();
  const held = createHeldValues(arena.held, config.maxKeys);
  const limits = { maxMemory: config.maxKdfMemory, maxWork: config.maxKdfWork };
  const passwordKeys = createPasswordKeys(pool, buffer, layout, limits);
  const loader = createKeyLoader({ arena, store, held, table, providers, tools, scratch: seat.scratch });
  const names = Object.fromEntries(KEY_TYPES.map((type) => [type, providers[type].name])) as Record<
    KeyType,
    ProviderName
  >;

  const journal = createJournal({
    tell: (event) => sessions.tellEvent(event),
    table,
    audit,
    names: config.operators.map(({ name }) => name),
  });
  const sessions: Sessions = createSessions(ownerPort, serve, journal.record);
  const dispatcher = createDispatcher(
    pool,
    table,
    signing,
    costTable(names, verifyAfterSign),
    config,
    () => sessions.granted,
    journal.frame,
  );

  const proofs = new WeakMap<KeyEntry, Uint8Array>();

  const vault: OpenVault = {
    config,
    arena,
    store,
    held,
    table,
    loader,
    providers,
    pool,
    dispatcher,
    forgetting: createForgetting(seats, seat, providers),
    scratch: seat.scratch,
    tools,
    passwordKeys,
    keystores: createKeystoreLoader(arena, held, loader, passwordKeys),
    sealedKeys: createSealedKeys(arena, store, held, loader, passwordKeys, aead),
    terminal: createTerminalInput(held),
    operators: createCustomOperators(custom, store, pool),
    async provePossession(entry) {
      const prove = await loadProvePossession();
      // Always the same, and public: made once, since it takes this thread long.
      const proof =
        proofs.get(entry) ?? prove(store.view(entry.handle.slot).secret, entry.info.publicKey, arena.decoded);
      proofs.set(entry, proof);
      return proof.slice();
    },
    sessions,
    journal,
    audit,
    signing,
    get lock() {
      return locking;
    },
    report,
    fail,
    warnings,
    info: () => ({
      locked: locking.isLocked,
      threads: config.threads,
      providers: names,
      residue: residueOf(buffer, providers),
      memory: {
        locked: arena.lock.locked,
        excludedFromDumps: arena.lock.excludedFromDumps,
        bytes: layout.byteLength,
        keysUsed: store.used,
        keysMax: store.capacity,
      },
    }),
  };
  const locking = makeLocking(vault);
  return vault;
};

/** On a real slot: the same calls, over the same kind of memory, as every key will see. */
const testProviders = (store: KeyStore, providers: Providers, scratch: Uint8Array): void => {
  const { slot } = store.add((view) => selfTest(providers, view, scratch));
  store.wipe(slot as Slot);
  store.free(slot as Slot);
};
