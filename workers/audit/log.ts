// The audit log of an open vault: records in order, each with the hash of the one before, and now and then a signature
// over all of them. No secrets: a record holds ids, names, codes and counts, and never a message or its digest.
import { readFileSync } from 'node:fs';
import type { VaultError } from '../../src/errors.js';
import {
  type AuditEvent,
  type AuditRecord,
  canonical,
  MAX_LINE_BYTES,
  signedText,
  type WireAudit,
} from '../../src/wire/audit.js';
import type { AuditStats } from '../../src/wire/stats.js';
import type { AuditEntry } from './entries.js';
import { assertContinues, type ExistingLog, readExisting, sha256 } from './existing.js';
import { type AuditFile, type AuditSystem, auditError, openAuditFile, SYSTEM } from './file.js';
import type { AuditSigner } from './signer.js';
import { createWriter } from './writer.js';

/** Records after which, and time after which, what is not signed yet is signed. */
const MAX_UNSIGNED = 1000;
const SIGN_MS = 60_000;

export interface AuditLog {
  readonly operations: WireAudit['operations'];
  /** The log cannot be written now: later entries may be lost. */
  readonly failing: boolean;
  /** Why the vault should do no work with its keys: the log cannot be written, and the settings do not say `continue`. */
  readonly refusal: VaultError | undefined;
  /**
   * The keys are loaded: write what waits, from 'opened' on, and sign it. Once. Entries that came before have waited.
   *
   * @throws {VaultError} ERR_AUDIT_LOG - it cannot be written, or was begun with another key.
   */
  begin(signer: AuditSigner | undefined): void;
  append(entry: AuditEntry): void;
  /** Sign what is not signed yet: before the key is wiped. */
  checkpoint(): void;
  stats(): AuditStats;
  /** Write 'closed', sign it, and let go of the file. */
  close(): void;
}

export interface AuditLogOptions {
  /** What the log itself has to tell. */
  readonly tell: (event: AuditEvent) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly system?: AuditSystem;
}

const readVersion = (): string => {
  try {
    const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return 'unknown'; // workers that were copied elsewhere
  }
};

/**
 * Open a log: read what is there, and keep others out.
 *
 * @throws {VaultError} ERR_AUDIT_LOG - it cannot be opened, another vault has it, or its chain does not hold.
 */
export const openAuditLog = (
  config: WireAudit,
  { tell, now = Date.now, system = SYSTEM }: AuditLogOptions,
): AuditLog => {
  const openedAt = now();
  const file = openAuditFile(config.path, system);
  let existing: ExistingLog;
  try {
    existing = readExisting(file);
  } catch (error) {
    file.close();
    throw error;
  }
  return createLog(config, file, existing, openedAt, tell, now);
};

const createLog = (
  { operations, onError }: WireAudit,
  file: AuditFile,
  existing: ExistingLog,
  openedAt: number,
  tell: AuditLogOptions['tell'],
  now: () => number,
): AuditLog => {
  let state: 'waiting' | 'begun' | 'closed' = 'waiting';
  let signer: AuditSigner | undefined;
  let { records, head } = existing;
  let signed = existing.lastSigned === undefined ? 0 : existing.lastSigned.record.seq + 1;
  /** Records since the last that was signed. */
  let unsigned = records - signed;
  /** When the first of them was made. */
  let unsignedAt = openedAt;
  const early: { readonly entry: AuditEntry; readonly at: number }[] = [];

  let signTimer: NodeJS.Timeout | undefined;

  const writer = createWriter(file, now, {
    failed: (reason) =>
      tell({ type: 'audit-failed', reason: `the audit log ${file.path} cannot be written: ${reason}` }),
    recovered() {
      const lost = resume();
      tell({ type: 'audit-resumed', lost });
      settle();
      writer.syncLater();
    },
  });

  const add = (entry: AuditEntry, at: number, isSignature = false): void => {
    const record = { ...entry, seq: records, time: new Date(at).toISOString(), prev: head };
    const line = Buffer.from(`${canonical(record)}\n`);
    if (line.length > MAX_LINE_BYTES) {
      add({ type: entry.type, tooLong: line.length }, at);
      return;
    }
    if (!writer.put(line, isSignature)) return;
    if (unsigned === 0) unsignedAt = at;
    records += 1;
    unsigned += 1;
    head = sha256(line.subarray(0, -1));
  };

  /** Add a record that is signed, if the key is there. */
  const addSigned = (type: 'signed' | 'closed', at = now()): boolean => {
    if (signer === undefined) return false;
    const { id } = signer;
    const record: AuditRecord = { type, key: id, seq: records, time: new Date(at).toISOString(), prev: head };
    let signature: Uint8Array | undefined;
    try {
      signature = signer.sign(signedText(record));
    } catch {
      writer.fail('the key could not sign'); // why stays with the provider: its text is not ours
    }
    if (signature === undefined) return false;
    const before = records;
    add({ type, key: id, signature: Buffer.from(signature).toString('hex') }, at, true);
    if (records === before) return false;
    unsigned = 0;
    signed = records;
    return true;
  };

  /** Add a record, and before it the signature that is due: after a sleep of the machine no timer has seen that it is. */
  const addInTime = (entry: AuditEntry, at: number): void => {
    const isDue = unsigned >= MAX_UNSIGNED || Math.abs(at - unsignedAt) > SIGN_MS;
    if (unsigned > 0 && isDue) addSigned('signed', at);
    add(entry, at);
  };

  const checkpoint = (): void => {
    clearTimeout(signTimer);
    signTimer = undefined;
    if (state !== 'begun' || unsigned === 0) return;
    if (!addSigned('signed')) return;
    if (writer.write()) writer.syncLater();
  };

  /** It can be written again, and says that it could not. @returns the records that were lost. */
  const resume = (): number => {
    const { lost, reason } = writer.takeLoss();
    addInTime({ type: 'resumed', lost, reason }, now());
    return lost;
  };

  /** After entries were added: write them, and see to their signature. */
  const settle = (): void => {
    if (!writer.write()) return;
    if (unsigned >= MAX_UNSIGNED) checkpoint();
    if (unsigned > 0 && signer !== undefined) signTimer ??= setTimeout(checkpoint, SIGN_MS).unref();
  };

  /** Say how the file ended: a line that was not written to its end stays, and the record after it says so. */
  const recover = (): void => {
    const { torn, whole } = existing;
    if (torn.length === 0) return;
    writer.put(Buffer.from('\n'));
    if (whole === undefined) add({ type: 'recovered', bytes: torn.length, torn: sha256(torn) }, openedAt);
  };

  return {
    operations,
    get failing() {
      return writer.lastError !== undefined;
    },
    get refusal() {
      const { lastError } = writer;
      if (lastError === undefined || onError === 'continue') return undefined;
      return auditError(file.path, `it cannot be written (${lastError}), and nothing is done that it does not tell`);
    },
    begin(given) {
      assertContinues(file.path, existing, given);
      signer = given;
      recover();
      const key = given && { id: given.id, type: given.type, scheme: given.scheme, publicKey: given.publicKey };
      add({ type: 'opened', version: readVersion(), operations, ...(key && { key }) }, openedAt);
      for (const { entry, at } of early.splice(0)) {
        addInTime(entry, at);
        writer.flush();
      }
      const isSigned = addSigned('signed');
      if (writer.flush()) writer.syncNow();
      const { lastError } = writer;
      if (lastError !== undefined) throw auditError(file.path, `it cannot be written (${lastError})`);
      if (given !== undefined && !isSigned) throw auditError(file.path, 'its key is not there any more');
      state = 'begun';
      writer.start();
    },
    append(entry) {
      if (state === 'closed') return;
      if (state === 'waiting') {
        early.push({ entry, at: now() });
        return;
      }
      addInTime(entry, now());
      settle();
    },
    checkpoint,
    stats() {
      const { lastError } = writer;
      return { file: file.path, records, signed, head, ...(lastError !== undefined && { lastError }) };
    },
    close() {
      if (state === 'closed') return;
      clearTimeout(signTimer);
      writer.stop();
      const wasBegun = state === 'begun';
      state = 'closed';
      try {
        if (!wasBegun) return;
        if (writer.lastError !== undefined && writer.flush()) resume();
        if (!addSigned('closed')) add({ type: 'closed' }, now());
        if (writer.flush()) writer.syncNow();
      } finally {
        file.close();
      }
    },
  };
};
