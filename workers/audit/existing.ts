// Reads a log that is to be continued: its whole chain must hold, and no part of it may
// lack signatures that a vault would have made. Of these the last is looked at, so that
// nothing is signed over which an earlier run had signed otherwise.
import { hash } from 'node:crypto';
import {
  type AuditKey,
  type AuditRecord,
  isCheckpoint,
  keyOf,
  MAX_LINE_BYTES,
  signedText,
} from '../../src/wire/audit.js';
import { type ChainFault, cutLines, followChain } from '../../src/wire/audit-chain.js';
import { followRuns } from '../../src/wire/audit-runs.js';
import { type AuditFile, auditError } from './file.js';
import type { AuditSigner } from './signer.js';

export interface ExistingLog {
  readonly records: number;
  readonly head: string;
  /** The key that the log was begun with; null: without one. Undefined: the log is new. */
  readonly key: AuditKey | null | undefined;
  readonly lastSigned: { readonly record: AuditRecord; readonly line: number } | undefined;
  /** Bytes after the last line feed: of a record that was not written to its end. Empty: there are none. */
  readonly torn: Uint8Array;
  /** The record that these bytes are, if they lack the line feed alone. */
  readonly whole: AuditRecord | undefined;
}

export const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes);

const HEX = /^(?:[0-9a-f]{2})+$/;

/** @throws {VaultError} ERR_AUDIT_LOG - the chain does not hold; the message names the line. */
export const readExisting = (file: AuditFile): ExistingLog => {
  const chain = followChain(sha256);
  const runs = followRuns();
  const lines = cutLines();
  let key: AuditKey | null | undefined;
  let lastSigned: ExistingLog['lastSigned'];

  const damaged = ({ line, reason }: Pick<ChainFault, 'line' | 'reason'>): never => {
    throw auditError(file.path, `line ${line}: ${reason}; move the file elsewhere, and a new one is begun`);
  };
  const take = (line: Uint8Array): AuditRecord | undefined => {
    const read = chain.next(line);
    if (read === undefined) return undefined;
    if ('fault' in read) return damaged(read.fault);
    const { record } = read;
    if (record.type === 'opened' && key === undefined) key = keyOf(record);
    if (key === undefined && record.type !== 'recovered')
      return damaged({ line: chain.lines, reason: 'the log does not begin with "opened"' });
    const unsigned = runs.next(record);
    if (unsigned !== undefined) return damaged({ line: chain.lines, reason: unsigned });
    if (isCheckpoint(record) && record.signature !== undefined) lastSigned = { record, line: chain.lines };
    return record;
  };

  for (const chunk of file.read()) for (const line of lines.add(chunk)) take(line);
  if (chain.open !== undefined) damaged(chain.open);
  const torn = lines.rest().slice();
  if (torn.length >= MAX_LINE_BYTES) damaged({ line: chain.lines + 1, reason: 'longer than a line can be' });
  const { records, head } = chain;
  // The same chain goes on to see whether the bytes are a record.
  const whole = torn.length === 0 ? undefined : take(torn);
  return whole === undefined
    ? { records, head, key, lastSigned, torn, whole }
    : { records: chain.records, head: chain.head, key, lastSigned, torn, whole };
};

const sameKey = (a: AuditKey | null, b: AuditKey | null): boolean =>
  a?.publicKey === b?.publicKey && a?.type === b?.type;

/** @throws {VaultError} ERR_AUDIT_LOG - the log is another key's, or its last signature is not by its key. */
export const assertContinues = (path: string, log: ExistingLog, signer: AuditSigner | undefined): void => {
  if (log.key === undefined) return;
  if (!sameKey(log.key, signer ?? null)) {
    const begun = log.key === null ? 'without a key' : `with the key "${log.key.id}" (${log.key.publicKey})`;
    const reason = `it was begun ${begun}, and a log has one; move the file elsewhere, and a new one is begun`;
    throw auditError(path, reason);
  }
  if (log.lastSigned === undefined || signer === undefined) return;
  const { record, line } = log.lastSigned;
  const { signature } = record;
  const bytes = typeof signature === 'string' && HEX.test(signature) ? Buffer.from(signature, 'hex') : undefined;
  if (bytes !== undefined && signer.verify(signedText(record), new Uint8Array(bytes))) return;
  throw auditError(
    path,
    `line ${line}: the signature is not by the key; move the file elsewhere, and a new one is begun`,
  );
};
