// What the vault did, as numbers, events and records of the audit log. Counting is on the path of every operation, and
// so costs nanoseconds there; everything else happens when somebody asks, or once a second.
import { performance } from 'node:perf_hooks';
import type { VaultError, VaultErrorCode } from '../../src/errors.js';
import type { VaultEvent } from '../../src/wire/events.js';
import { REPLY_HEADER_BYTES, STATUS_CODES } from '../../src/wire/frame.js';
import { GRANTED_METHODS, VAULT_METHODS } from '../../src/wire/protocol.js';
import type { Gauges, OperationStats, VaultStats } from '../../src/wire/stats.js';
import { OPERATIONS, OPERATORS } from '../../src/wire/types.js';
import { type AuditEntry, auditEntries, usedEntries } from '../audit/entries.js';
import type { AuditLog } from '../audit/log.js';
import type { AdmittedFrame } from './admission.js';
import type { Asked } from './asked.js';
import type { KeyEntry, KeyTable } from './key-table.js';
import { createLatency, type Latency } from './latency.js';
import { operationOf } from './operations.js';
import { CODES } from './policy.js';
import { createRefusals } from './refusals.js';

/** How often the log is told what the keys were used for. */
const USED_MS = 1000;
/** What is none of the vault's: ports can make names up without end. */
const OTHER = 'other';
/** Nothing that needs the secret: counted, and no use of the key. */
const NO_USE: readonly string[] = ['publicKey', 'verify', 'release'];

export interface Journal {
  /** Tell the owner and the log. Refusals are told by the journal itself. */
  record(event: VaultEvent): void;
  /**
   * A frame of operations is answered: once for each frame, before its replies are handed over.
   *
   * @param microseconds - since it arrived.
   */
  frame(
    frame: Pick<AdmittedFrame, 'buffer' | 'offsets' | 'entries'>,
    replies: readonly ArrayBuffer[],
    microseconds: number,
  ): void;
  /**
   * Any other call is answered.
   *
   * @param ids - the keys that it named: counted as used, if it was done.
   * @param code - why it was refused; undefined: it was done.
   */
  call(asked: Asked, code: VaultErrorCode | undefined, microseconds: number): void;
  /** Why no work should be done with keys: it could not be logged. */
  readonly refusal: VaultError | undefined;
  /** Log and sign all that was done: before keys are wiped, of which one may sign the log. */
  beforeLock(): void;
  stats(gauges: Gauges): VaultStats;
  /** Tell and log the rest. The log itself is closed too. */
  close(): void;
}

export interface JournalOptions {
  readonly tell: (event: VaultEvent) => void;
  readonly table: Pick<KeyTable, 'find' | 'entries' | 'at'>;
  readonly audit: AuditLog | undefined;
  /** Of the settings' operators. */
  readonly names: readonly string[];
  /** Milliseconds, of a clock that only goes forward. */
  readonly now?: () => number;
}

interface Counter {
  readonly name: string;
  count: number;
  refused: number;
  readonly latency: Latency;
}

export const createJournal = ({
  tell,
  table,
  audit,
  names,
  now = () => performance.now(),
}: JournalOptions): Journal => {
  const startedAt = now();
  /** By place. `uses` of a key are counted by the same places, but for place 0: there 1 says that some are not logged. */
  const counters: Counter[] = [newCounter('')];
  const places = new Map<string, number>();
  const placeOfCode = new Uint8Array(256);
  const refusalCounts: Partial<Record<VaultErrorCode, number>> = {};
  /** Keys with uses that are not logged. */
  let unlogged: KeyEntry[] = [];
  const logged = new WeakMap<KeyEntry, number[]>();
  let usedTimer: NodeJS.Timeout | undefined;
  let unlockFailures = 0;
  let last = { at: startedAt, busyMs: 0 };

  // All of them at the start: a name that came later could have been kept out by those that somebody made up.
  for (const name of new Set([OTHER, ...OPERATIONS, ...OPERATORS, ...names, ...VAULT_METHODS, ...GRANTED_METHODS]))
    places.set(name, counters.push(newCounter(name)) - 1);
  const other = places.get(OTHER)!;
  const placeOf = (name: string): number => places.get(name) ?? other;
  for (let code = 0; code < CODES; code++) placeOfCode[code] = placeOf(operationOf(code).operation ?? OTHER);
  placeOfCode.fill(other, CODES);

  const log = (entries: Iterable<AuditEntry>): void => {
    if (audit !== undefined) for (const entry of entries) audit.append(entry);
  };

  const logUses = (): void => {
    clearTimeout(usedTimer);
    usedTimer = undefined;
    if (audit === undefined || unlogged.length === 0) return;
    if (audit.failing) {
      usedTimer = setTimeout(logUses, USED_MS).unref(); // the counts wait: what was done is not lost
      return;
    }
    const keys = unlogged;
    unlogged = [];
    log(usedEntries(keys.map((entry) => [entry.info.id, newUses(entry)] as const)));
  };

  const newUses = (entry: KeyEntry): Record<string, number> => {
    const { uses } = entry;
    const before = logged.get(entry) ?? [];
    const found: Record<string, number> = {};
    for (let place = 1; place < uses.length; place++) {
      const count = (uses[place] ?? 0) - (before[place] ?? 0);
      const { name } = counters[place]!;
      if (count > 0 && !NO_USE.includes(name)) found[name] = count;
    }
    uses[0] = 0;
    logged.set(entry, uses.slice());
    return found;
  };

  const use = (entry: KeyEntry, place: number, count: number): void => {
    const { uses } = entry;
    while (uses.length <= place) uses.push(0);
    uses[place]! += count;
    if (audit === undefined || uses[0] === 1 || NO_USE.includes(counters[place]!.name)) return;
    uses[0] = 1;
    unlogged.push(entry);
    usedTimer ??= setTimeout(logUses, USED_MS).unref();
  };

  const record = (event: VaultEvent): void => {
    if (event.type === 'unlock-failed') unlockFailures += 1;
    // What a key was used for comes before what became of it.
    if (event.type !== 'refused') logUses();
    if (audit !== undefined) log(auditEntries(event));
    tell(event);
  };
  const refusals = createRefusals(record);

  const refuse = (id: string | undefined, place: number, code: VaultErrorCode): void => {
    const counter = counters[place]!;
    counter.refused += 1;
    refusalCounts[code] = (refusalCounts[code] ?? 0) + 1;
    refusals.add(id, counter.name, code);
  };

  const done = (place: number, count: number, microseconds: number): void => {
    const counter = counters[place]!;
    counter.count += count;
    counter.latency.add(microseconds, count);
  };

  return {
    record,
    frame({ buffer, offsets, entries }, replies, microseconds) {
      const words = new Uint32Array(buffer);
      // Operations of one key and kind mostly follow one another: they are counted in runs.
      let key: KeyEntry | undefined;
      let place = 0;
      let keyRun = 0;
      let placeRun = 0;
      let at = 0;
      for (const reply of replies) {
        const count = new Uint32Array(reply, 0, 1)[0]!;
        const statuses = new Uint8Array(reply, REPLY_HEADER_BYTES, count);
        for (let i = 0; i < count; i++, at++) {
          const word = offsets[at]! >> 2;
          const nextPlace = placeOfCode[words[word + 3]! & 0xff]!;
          const next = entries[at];
          if (statuses[i] !== 0) {
            const named = next ?? table.at(words[word]!, words[word + 1]!);
            refuse(named?.info.id, nextPlace, (STATUS_CODES[statuses[i]!] ?? 'ERR_INTERNAL') as VaultErrorCode);
            continue;
          }
          if (next !== key || nextPlace !== place) {
            if (key !== undefined && keyRun > 0) use(key, place, keyRun);
            keyRun = 0;
            key = next;
          }
          if (nextPlace !== place) {
            if (placeRun > 0) done(place, placeRun, microseconds);
            placeRun = 0;
            place = nextPlace;
          }
          keyRun += 1;
          placeRun += 1;
        }
      }
      if (key !== undefined && keyRun > 0) use(key, place, keyRun);
      if (placeRun > 0) done(place, placeRun, microseconds);
      if (audit?.operations === 'each') logUses();
    },
    call({ operation, ids }, code, microseconds) {
      const place = placeOf(operation);
      if (code !== undefined) {
        refuse(ids.length === 1 && ids !== 'all' ? ids[0] : undefined, place, code);
        return;
      }
      done(place, 1, microseconds);
      const entries = ids === 'all' ? table.entries() : ids.map(table.find);
      for (const entry of entries) if (entry !== undefined) use(entry, place, 1);
      if (audit?.operations === 'each') logUses();
    },
    get refusal() {
      return audit?.refusal;
    },
    beforeLock() {
      logUses();
      audit?.checkpoint();
    },
    stats(gauges) {
      const at = now();
      const share = (busyMs: number, ms: number): number => Math.min(1, busyMs / Math.max(1, ms * gauges.threads));
      const busy = {
        sinceStart: share(gauges.busyMs, at - startedAt),
        sinceLast: share(gauges.busyMs - last.busyMs, at - last.at),
      };
      last = { at, busyMs: gauges.busyMs };
      const { pending, pendingBytes, queued, maxPending, threads, batchesOut, grants } = gauges;
      return {
        sinceMs: at - startedAt,
        keys: [...table.entries()].flatMap((entry) => keyStats(entry, counters)),
        operations: Object.fromEntries(counters.filter(isUsed).map((each) => [each.name, operationStats(each)])),
        refusals: { ...refusalCounts },
        queue: { pending, pendingBytes, queued, maxPending },
        pool: { threads, batchesOut, busy },
        grants,
        unlockFailures,
        ...(audit !== undefined && { audit: audit.stats() }),
      };
    },
    close() {
      refusals.close();
      logUses();
      clearTimeout(usedTimer);
      audit?.close();
    },
  };
};

const newCounter = (name: string): Counter => ({ name, count: 0, refused: 0, latency: createLatency() });

const isUsed = ({ count, refused }: Counter): boolean => count > 0 || refused > 0;

const operationStats = ({ count, refused, latency }: Counter): OperationStats => ({
  count,
  refused,
  latency: latency.stats(),
});

const keyStats = ({ info, uses }: KeyEntry, counters: readonly Counter[]): VaultStats['keys'][number][] => {
  const operations: Record<string, number> = {};
  for (let place = 1; place < uses.length; place++)
    if (uses[place]! > 0) operations[counters[place]!.name] = uses[place]!;
  return Object.keys(operations).length === 0 ? [] : [{ id: info.id, operations }];
};
