// The journal: what it counts, what it tells, and what of it reaches the log. Counts are exact; refusals are told a few
// times a second, however many there are.
import { setTimeout as wait } from 'node:timers/promises';
import type { VaultErrorCode } from '../../dist/src/errors.js';
import type { VaultEvent } from '../../dist/src/wire/events.js';
import { createFrameWriter, REPLY_HEADER_BYTES, schemeCode, statusOf } from '../../dist/src/wire/frame.js';
import type { Gauges, VaultStats } from '../../dist/src/wire/stats.js';
import { OPERATIONS, OPERATORS } from '../../dist/src/wire/types.js';
import type { AuditEntry } from '../../dist/workers/audit/entries.js';
import { auditEntries, usedEntries } from '../../dist/workers/audit/entries.js';
import type { AuditLog } from '../../dist/workers/audit/log.js';
import { askedOf } from '../../dist/workers/vault/asked.js';
import { createJournal, type Journal } from '../../dist/workers/vault/journal.js';
import type { KeyEntry } from '../../dist/workers/vault/key-table.js';
import { createLatency } from '../../dist/workers/vault/latency.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { makeEntry, makeSigner, newPath, open, random, recordsOf, typesOf, verifyFile, withTimers } from './rig.js';

const test = suite('the journal');

const GAUGES: Gauges = {
  pending: 3,
  pendingBytes: 96,
  queued: 1,
  maxPending: 65_536,
  threads: 2,
  batchesOut: 2,
  busyMs: 0,
  grants: 1,
};

interface Rig {
  readonly journal: Journal;
  readonly told: VaultEvent[];
  readonly entries: KeyEntry[];
  stats(gauges?: Partial<Gauges>): VaultStats;
  clock(ms: number): void;
}

const rig = (entries: KeyEntry[], audit?: AuditLog): Rig => {
  const told: VaultEvent[] = [];
  let now = 1000;
  const journal = createJournal({
    tell: (event) => told.push(event),
    table: {
      find: (id) => entries.find(({ info }) => info.id === id),
      entries: () => entries.values(),
      at: (slot) => entries.find(({ handle }) => handle.slot === slot),
    },
    audit,
    names: ['sphinx/unwrap'],
    now: () => now,
  });
  return {
    journal,
    told,
    entries,
    stats: (gauges = {}) => journal.stats({ ...GAUGES, ...gauges }),
    clock(ms) {
      now += ms;
    },
  };
};

interface Operation {
  readonly entry: KeyEntry;
  readonly code: number;
  readonly refused?: VaultErrorCode;
}

/** A frame and its replies, cut at places that random chooses. */
const answer = (journal: Journal, operations: readonly Operation[], microseconds: number): void => {
  const writer = createFrameWriter(0);
  const offsets = new Uint32Array(operations.length + 1);
  operations.forEach(({ entry, code }, i) => {
    offsets[i] = writer.byteLength;
    writer.add(entry.handle, code, 0, new Uint8Array(random.int(40)), undefined);
  });
  const replies: ArrayBuffer[] = [];
  for (let from = 0, size = 0; from < operations.length; from += size) {
    size = 1 + random.int(operations.length - from);
    const reply = new ArrayBuffer(REPLY_HEADER_BYTES + size * 65);
    new Uint32Array(reply, 0, 1)[0] = size;
    operations.slice(from, from + size).forEach(({ refused }, i) => {
      new Uint8Array(reply)[REPLY_HEADER_BYTES + i] = refused === undefined ? 0 : statusOf(refused);
    });
    replies.push(reply);
  }
  const entries = operations.map(({ entry, refused }) => (refused === undefined ? entry : undefined));
  journal.frame({ buffer: writer.finish(), offsets, entries }, replies, microseconds);
};

const entryOf = (id: string, type: 'ed25519' | 'secp256k1' | 'x25519' = 'ed25519'): KeyEntry => makeEntry(id, type);
const ED25519 = schemeCode('ed25519');
const ECDSA = schemeCode('ecdsa');
const SCHNORR = schemeCode('schnorr');

test('operations are counted exactly, by key and by operation, in whatever order they come', () => {
  const [a, b] = [entryOf('a'), entryOf('b', 'secp256k1')];
  const { journal, stats } = rig([a, b]);
  const counts = { a: 0, b: 0, refused: 0 };
  for (let round = 0; round < 200; round++) {
    const operations = Array.from({ length: 1 + random.int(50) }, (): Operation => {
      const which = random.int(4);
      if (which === 3) {
        counts.refused += 1;
        return { entry: a, code: ED25519, refused: 'ERR_NOT_ALLOWED' };
      }
      if (which === 0) counts.a += 1;
      else counts.b += 1;
      return which === 0 ? { entry: a, code: ED25519 } : { entry: b, code: which === 1 ? ECDSA : SCHNORR };
    });
    answer(journal, operations, 100);
  }
  const { keys, operations, refusals } = stats();
  assert.equal(keys, [
    { id: 'a', operations: { sign: counts.a } },
    { id: 'b', operations: { sign: counts.b } },
  ]);
  assert.equal(Object.keys(operations), ['sign']);
  assert.is(operations.sign?.count, counts.a + counts.b);
  assert.is(operations.sign?.refused, counts.refused);
  assert.equal(refusals, { ERR_NOT_ALLOWED: counts.refused });
  journal.close();
});

test('other calls are counted by what they asked for, and by the keys that they named', () => {
  const a = entryOf('a');
  const { journal, stats } = rig([a, entryOf('b')]);
  journal.call(askedOf('publicKey', ['a']), undefined, 10);
  journal.call(askedOf('verify', [{ id: 'a' }]), undefined, 10);
  journal.call(askedOf('execute', [{ id: 'a', operator: 'sphinx/unwrap' }]), undefined, 10);
  journal.call(askedOf('exportKeystore', [{ id: 'a' }]), undefined, 10);
  journal.call(askedOf('seal', [{}]), undefined, 10);
  journal.call(askedOf('register', [{ id: 'c' }]), undefined, 10);
  journal.call(askedOf('verify', [{ id: 'none' }]), 'ERR_KEY_NOT_FOUND', 10);
  const { keys, operations, refusals } = stats();
  assert.equal(keys, [
    { id: 'a', operations: { publicKey: 1, verify: 1, 'sphinx/unwrap': 1, export: 2 } },
    { id: 'b', operations: { export: 1 } },
  ]);
  assert.is(operations.register?.count, 1);
  assert.equal([operations.verify?.count, operations.verify?.refused], [1, 1]);
  assert.equal(refusals, { ERR_KEY_NOT_FOUND: 1 });
  journal.close();
});

test('of a call, only what is well formed is taken', () => {
  const none = { operation: 'verify', ids: [] };
  for (const odd of [undefined, null, 7, 'a', {}, { id: 7 }, { id: '../..' }, [], { id: {} }]) {
    assert.equal(askedOf('verify', [odd]), none);
  }
  assert.equal(askedOf('execute', [{ id: 'a', operator: 'x'.repeat(1000) }]), { operation: 'execute', ids: ['a'] });
  assert.equal(askedOf('execute', [{ id: 'a', operator: 'provePossession' }]), {
    operation: 'provePossession',
    ids: ['a'],
  });
  assert.equal(askedOf('seal', [{ ids: ['a', 7, 'b'] }]), { operation: 'export', ids: ['a', 'b'] });
});

test('names that callers make up do not fill the memory, nor take the place of real ones', () => {
  const { journal, stats } = rig([entryOf('a')]);
  for (let i = 0; i < 1000; i++) {
    journal.call(askedOf('execute', [{ id: 'a', operator: `a/n${i}` }]), 'ERR_OPERATION_UNSUPPORTED', 1);
  }
  const { operations, refusals } = stats();
  assert.equal(Object.keys(operations), ['other']);
  assert.is(operations.other?.refused, 1000);
  assert.is(refusals.ERR_OPERATION_UNSUPPORTED, 1000);
  const real = [...OPERATIONS, ...OPERATORS, 'sphinx/unwrap'];
  for (const operation of real) journal.call({ operation, ids: ['a'] }, undefined, 1);
  assert.equal(Object.keys(stats().keys[0]!.operations).sort(), [...new Set(real)].sort());
  journal.close();
});

test('a key that is gone is not listed, and its uses stay in the totals', () => {
  const { journal, stats, entries } = rig([entryOf('a'), entryOf('b')]);
  answer(
    journal,
    entries.map((entry) => ({ entry, code: ED25519 })),
    5,
  );
  entries.shift();
  assert.equal(
    stats().keys.map(({ id }) => id),
    ['b'],
  );
  assert.is(stats().operations.sign?.count, 2);
  journal.close();
});

test('percentiles are within 1.6%, the largest is exact, and frames weigh as their operations', () => {
  const latency = createLatency();
  const values: number[] = [];
  for (let i = 0; i < 5000; i++) {
    const value = Math.round(2 ** (random.int(28_000) / 1000));
    values.push(value);
    latency.add(value, 1);
  }
  values.sort((x, y) => x - y);
  const { p50, p90, p99, max } = latency.stats();
  for (const [found, quantile] of [
    [p50, 0.5],
    [p90, 0.9],
    [p99, 0.99],
  ] as const) {
    const exact = values[Math.ceil(quantile * values.length) - 1]!;
    assert.ok(Math.abs(found - exact) <= exact / 64 + 0.5, `${quantile}: ${found} for ${exact}`);
  }
  assert.is(max, values.at(-1));
  const weighted = createLatency();
  weighted.add(10, 90);
  weighted.add(1000, 10);
  assert.is(weighted.stats().p90, 10);
  assert.ok(weighted.stats().p99 > 980);
  assert.equal(createLatency().stats(), { p50: 0, p90: 0, p99: 0, max: 0 });
  const far = createLatency();
  far.add(0.2, 1);
  far.add(1e12, 1);
  assert.is(far.stats().p50, 0);
});

test('stats tell the queue, the pool and how busy it was, in all and since the last time', () => {
  const { journal, stats, clock } = rig([]);
  clock(1000);
  const first = stats({ busyMs: 1000 });
  assert.is(first.sinceMs, 1000);
  assert.equal(first.queue, { pending: 3, pendingBytes: 96, queued: 1, maxPending: 65_536 });
  assert.equal(first.pool, { threads: 2, batchesOut: 2, busy: { sinceStart: 0.5, sinceLast: 0.5 } });
  clock(1000);
  assert.equal(stats({ busyMs: 3000 }).pool.busy, { sinceStart: 0.75, sinceLast: 1 });
  clock(2000);
  assert.equal(stats({ busyMs: 3000 }).pool.busy, { sinceStart: 0.375, sinceLast: 0 });
  assert.is(first.grants, 1);
  journal.record({ type: 'unlock-failed', code: 'ERR_PASSWORD', failures: 1 });
  journal.record({ type: 'unlock-failed', code: 'ERR_PASSWORD', failures: 2 });
  assert.is(stats().unlockFailures, 2);
  assert.is('audit' in first, false);
  journal.close();
});

test('refusals are told at once, and then as counts, at most four times a second of each kind', async () => {
  const a = entryOf('a');
  const { journal, told } = rig([a]);
  const refused = (code: VaultErrorCode): Operation => ({ entry: a, code: ED25519, refused: code });
  answer(journal, [refused('ERR_RATE_LIMITED'), refused('ERR_NOT_ALLOWED')], 1);
  assert.equal(told, [
    { type: 'refused', id: 'a', operation: 'sign', code: 'ERR_RATE_LIMITED', count: 1 },
    { type: 'refused', id: 'a', operation: 'sign', code: 'ERR_NOT_ALLOWED', count: 1 },
  ]);
  const start = performance.now();
  let sent = 1;
  while (performance.now() - start < 1100) {
    answer(
      journal,
      Array.from({ length: 100 }, () => refused('ERR_RATE_LIMITED')),
      1,
    );
    sent += 100;
    await wait(5);
  }
  journal.close();
  const limited = told.flatMap((event) =>
    event.type === 'refused' && event.code === 'ERR_RATE_LIMITED' ? [event.count] : [],
  );
  assert.is(
    limited.reduce((sum, count) => sum + count, 0),
    sent,
  );
  assert.ok(limited.length >= 3 && limited.length <= 7, `${limited.length} events`);
});

test('a flood of refusals of ids that are made up tells no more than a few of them', () => {
  const { journal, told, stats } = rig([]);
  for (let i = 0; i < 10_000; i++) journal.call(askedOf('publicKey', [`id/${i}`]), 'ERR_KEY_NOT_FOUND', 1);
  journal.close();
  assert.ok(told.length <= 34, `${told.length} events`);
  assert.is(
    told.reduce((sum, event) => sum + (event.type === 'refused' ? event.count : 0), 0),
    10_000,
  );
  assert.is(stats().refusals.ERR_KEY_NOT_FOUND, 10_000);
});

test('the log gets every event, and what keys were used for once a second and before what becomes of them', async () => {
  const path = newPath();
  const audit = open(path);
  const a = entryOf('a');
  audit.begin(await makeSigner());
  const { journal, told, stats } = rig([a], audit);
  journal.record({ type: 'registered', id: 'a', keyType: 'ed25519', source: 'generate' });
  await withTimers((timers) => {
    for (let i = 0; i < 10; i++)
      answer(
        journal,
        [
          { entry: a, code: ED25519 },
          { entry: a, code: ED25519 },
        ],
        5,
      );
    journal.call(askedOf('publicKey', ['a']), undefined, 1); // no use of the secret: not logged
    assert.equal(typesOf(path), ['opened', 'signed', 'registered']);
    timers.fire(1000);
  });
  assert.equal(recordsOf(path).at(-1)?.keys, { a: { sign: 20 } });
  answer(journal, [{ entry: a, code: ED25519 }], 5);
  journal.record({ type: 'released', id: 'a', reason: 'released' });
  assert.equal(typesOf(path).slice(3), ['used', 'used', 'released']);
  assert.equal(recordsOf(path).at(-2)?.keys, { a: { sign: 1 } });
  answer(journal, [{ entry: a, code: ED25519 }], 5);
  journal.beforeLock();
  assert.equal(typesOf(path).slice(-2), ['used', 'signed']);
  assert.is(stats().audit?.records, 8);
  assert.is(stats().audit?.signed, 8);
  assert.equal(
    told.map(({ type }) => type),
    ['registered', 'released'],
  );
  journal.close();
  const { fault, head } = await verifyFile(path);
  assert.is(fault, undefined);
  assert.is(head, stats().audit?.head);
});

test("with operations 'each' every call is a record of its own", async () => {
  const path = newPath();
  const audit = open(path, { operations: 'each' });
  audit.begin(undefined);
  const [a, b] = [entryOf('a'), entryOf('b', 'secp256k1')];
  const { journal } = rig([a, b], audit);
  answer(
    journal,
    [
      { entry: a, code: ED25519 },
      { entry: b, code: ECDSA },
      { entry: a, code: ED25519 },
    ],
    5,
  );
  answer(journal, [{ entry: b, code: ECDSA }], 5);
  journal.call(askedOf('exportKeystore', [{ id: 'a' }]), undefined, 5);
  journal.call(askedOf('publicKey', ['a']), undefined, 5);
  journal.close();
  assert.equal(
    recordsOf(path)
      .filter(({ type }) => type === 'used')
      .map(({ keys }) => keys),
    [{ a: { sign: 2 }, b: { sign: 1 } }, { b: { sign: 1 } }, { a: { export: 1 } }],
  );
});

test('while the log cannot be written the counts wait, and work is refused', async () => {
  const a = entryOf('a');
  const written: AuditEntry[] = [];
  const state = { failing: true };
  const audit: AuditLog = {
    operations: 'each',
    get failing() {
      return state.failing;
    },
    get refusal() {
      return undefined;
    },
    begin: () => undefined,
    append: (entry) => written.push(entry),
    checkpoint: () => undefined,
    stats: () => ({ file: '', records: 0, signed: 0, head: '' }),
    close: () => undefined,
  };
  const { journal } = rig([a], audit);
  for (let i = 0; i < 5; i++) answer(journal, [{ entry: a, code: ED25519 }], 5);
  assert.equal(written, []);
  state.failing = false;
  journal.beforeLock();
  assert.equal(written, [{ type: 'used', keys: { a: { sign: 5 } } }]);
  journal.close();
});

test('events and uses of many keys are cut into records that fit a line', () => {
  const ids = Array.from({ length: 2000 }, (_, i) => `${'x'.repeat(120)}/${i}`);
  const locked = [...auditEntries({ type: 'locked', reason: 'asked', locked: ids, gone: ids.slice(0, 1000) })];
  assert.equal(
    locked.flatMap((entry) => entry.locked),
    ids,
  );
  assert.equal(
    locked.flatMap((entry) => entry.gone),
    ids.slice(0, 1000),
  );
  const unlocked = [...auditEntries({ type: 'unlocked', keys: ids })];
  assert.equal(
    unlocked.flatMap((entry) => entry.keys),
    ids,
  );
  const operations = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`${'y'.repeat(60)}/${i}`, 1e15]));
  const used = [...usedEntries(ids.map((id) => [id, operations] as const))];
  assert.equal(
    used.flatMap(({ keys }) => Object.keys(keys as object)),
    ids,
  );
  for (const entry of [...locked, ...unlocked, ...used]) assert.ok(JSON.stringify(entry).length < 250_000);
  assert.equal([...usedEntries([])], []);
  assert.is([...auditEntries({ type: 'locked', reason: 'idle', locked: [], gone: [] })].length, 1);
});

test.run();
