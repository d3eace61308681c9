// Audit logs for tests: keys of every signing type in a real arena, logs in folders of their own, and the verifier.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Expectations, type LogReport, verifyLog } from '../../dist/src/cli/audit/verify-log.js';
import type { WireAudit } from '../../dist/src/wire/audit.js';
import { KEY_TYPE_FACTS, type KeyId, type KeyType, type Scheme, type Slot } from '../../dist/src/wire/types.js';
import { type AuditLog, type AuditLogOptions, openAuditLog } from '../../dist/workers/audit/log.js';
import { type AuditSigner, auditSigner } from '../../dist/workers/audit/signer.js';
import type { KeyEntry } from '../../dist/workers/vault/key-table.js';
import { policyFor } from '../../dist/workers/vault/policy.js';
import { loadKey, native, noble, publicKeyIn, scratch, slotView } from '../providers/rig.js';
import { seededRandom } from '../support/random.js';
import { tempFolder } from '../support/temp.js';

export const random = seededRandom('audit logs');
const providers = native ?? noble;
const SLOTS: readonly KeyType[] = ['ed25519', 'secp256k1', 'bls12-381', 'x25519'];

export const secrets = new Map<string, Uint8Array>();

/** Generations by slot: one more is what a wipe leaves. */
export const generations: number[] = [];

export const makeEntry = (
  id: string,
  type: KeyType,
  schemes?: readonly Scheme[],
  allow?: readonly ['sign'],
): KeyEntry => {
  const slot = SLOTS.indexOf(type) as Slot;
  const secret = random.bytes(32);
  secret[0]! &= 0x3f; // below the order of every group
  secrets.set(id, Uint8Array.from(secret));
  const view = loadKey(providers[type], secret, slot);
  generations[slot] = (generations[slot] ?? 0) + 1;
  const policy = policyFor(type, { ...(schemes && { schemes }), ...(allow && { allow }) });
  return {
    info: {
      id,
      type,
      publicKey: KEY_TYPE_FACTS[type].publicKeyBytes === 0 ? new Uint8Array() : publicKeyIn(view, providers[type]),
      provider: 'native',
      source: 'generate',
      allow: policy.allow,
      schemes: policy.schemes,
      state: 'ready',
      limits: {},
    },
    policy,
    statuses: new Uint8Array(),
    quota: undefined,
    lifetime: undefined,
    origin: undefined,
    uses: [],
    handle: { slot, generation: generations[slot]! },
    inFlight: 0,
    gone: undefined,
    drained: [],
  };
};

export const signingTools = {
  slots: { view: slotView, generation: (slot: Slot) => generations[slot]! },
  providers,
  scratch,
};

export const makeSigner = (type: KeyType = 'ed25519', schemes?: readonly Scheme[]): Promise<AuditSigner> =>
  auditSigner('node/audit', makeEntry('node/audit', type, schemes), signingTools);

export const newPath = (): string => join(tempFolder(), 'audit.log');

export const open = (path: string, more: Partial<WireAudit> & Partial<AuditLogOptions> = {}): AuditLog => {
  const { operations = 'summary', onError = 'refuse', key = 'node/audit' as KeyId, tell = () => undefined } = more;
  return openAuditLog(
    { path, operations, onError, key },
    { tell, ...(more.now && { now: more.now }), ...(more.system && { system: more.system }) },
  );
};

/** A closed log of some records. */
export const writeLog = (path: string, signer: AuditSigner | undefined, records = 5): void => {
  const log = open(path);
  log.begin(signer);
  for (let i = 0; i < records; i++) log.append({ type: 'used', keys: { 'node/identity': { sign: i + 1 } } });
  log.close();
};

export const verifyBytes = (bytes: Uint8Array, expectations: Expectations = {}): Promise<LogReport> => {
  // In pieces that fall anywhere.
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0, size = 0; at < bytes.length; at += size) {
      size = 1 + random.int(2000);
      yield bytes.slice(at, at + size);
    }
  }
  return verifyLog(chunks(), expectations);
};

export const verifyFile = (path: string, expectations: Expectations = {}): Promise<LogReport> =>
  verifyBytes(readFileSync(path), expectations);

export interface CaughtTimers {
  /** Milliseconds of the timers that wait. */
  readonly waiting: number[];
  /** Let the last timer of that length run out. */
  fire(ms: number): void;
}

/** Timers that run out when the test says so. */
export const withTimers = async (body: (timers: CaughtTimers) => Promise<void> | void): Promise<void> => {
  const real = globalThis.setTimeout;
  let timers: { readonly run: () => void; readonly ms: number }[] = [];
  globalThis.setTimeout = ((run: () => void, ms: number) => {
    const timer = { run, ms, unref: () => timer };
    timers.push(timer);
    return timer;
  }) as unknown as typeof setTimeout;
  try {
    await body({
      get waiting() {
        return timers.map(({ ms }) => ms);
      },
      fire(ms) {
        const timer = timers.findLast((each) => each.ms === ms);
        if (timer === undefined) throw new Error(`no timer of ${ms} ms waits`);
        timers = timers.filter((each) => each !== timer);
        timer.run();
      },
    });
  } finally {
    globalThis.setTimeout = real;
  }
};

export interface LogRecord {
  readonly type: string;
  readonly seq: number;
  readonly [field: string]: unknown;
}

export const recordsOf = (path: string): LogRecord[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogRecord);

export const typesOf = (path: string): string[] => recordsOf(path).map(({ type }) => type);
