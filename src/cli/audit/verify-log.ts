// Verifies an audit log: its chain, its signatures, and how it ends. Says the first fault, and of what kind it is.
import {
  type AuditKey,
  type AuditRecord,
  isCheckpoint,
  keyOf,
  MAX_LINE_BYTES,
  parseRecord,
  signedText,
} from '../../wire/audit.js';
import { type ChainFault, cutLines, followChain } from '../../wire/audit-chain.js';
import { followRuns, WITHOUT_KEYS } from '../../wire/audit-runs.js';
import type { KeyType } from '../../wire/types.js';
import { createNotes } from './notes.js';
import { sha256, verifierOf } from './signatures.js';

export type FaultKind =
  /** Bytes of a line were changed. */
  | 'edited'
  /** A record stands before one that came earlier. */
  | 'reordered'
  /** Records are missing. */
  | 'removed'
  /** A record stands where it does not belong, and also where it does. */
  | 'repeated'
  /** The log ends before its 'closed' record. */
  | 'truncated'
  /** It is whole, and its end is not signed; or a part of it that a vault would have signed. */
  | 'unsigned'
  | 'signature'
  /** It is signed with another key than the one that was named. */
  | 'key'
  /** The record whose hash was noted is not in it. */
  | 'head';

export interface LogFault {
  /** From 1; the line after the last, where something is missing at the end. */
  readonly line: number;
  readonly kind: FaultKind;
  readonly reason: string;
}

export interface Expectations {
  /** The key that must have signed, hex. Without it the log is believed about its key. */
  readonly publicKey?: string;
  /** The hash of a record, noted earlier: it must be there. */
  readonly head?: string;
  /** The log may go on, or its vault was killed: the end need not be closed, nor signed. */
  readonly unfinished?: boolean;
}

export interface LogReport {
  readonly fault?: LogFault;
  readonly records: number;
  /** Records that a valid signature covers. */
  readonly signed: number;
  readonly signatures: number;
  readonly key?: { readonly id: string; readonly type: KeyType; readonly publicKey: string };
  readonly from?: string;
  readonly to?: string;
  readonly head: string;
  /** What is no fault, and worth knowing. */
  readonly notes: readonly string[];
}

/** Lines that are looked at after a fault, to tell its kind. */
const MAX_LOOKED_AT = 5_000_000;

interface Line {
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void> {
  const lines = cutLines();
  for await (const chunk of chunks) for (const bytes of lines.add(chunk)) yield { bytes, isWhole: true };
  const rest = lines.rest();
  if (rest.length > 0) yield { bytes: rest, isWhole: false };
}

/** Whoever can write to the log chooses what is in it: only numbers get to the terminal. */
const numberIn = (value: unknown): string => (Number.isSafeInteger(value) ? String(value) : 'some');

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** What a break in the chain was, by what follows it. */
const tellKind = async (fault: ChainFault, bytes: Uint8Array, rest: AsyncIterable<Line>): Promise<LogFault> => {
  const { line, kind, reason, record, expected } = fault;
  const mine = sha256(bytes);
  let follows: boolean | undefined;
  let looked = 0;
  let isLater = false;
  for await (const next of rest) {
    const found = parseRecord(next.bytes);
    follows ??= found?.prev === mine;
    isLater ||= found?.seq === expected.seq;
    looked += 1;
    if (looked > MAX_LOOKED_AT || isLater || kind !== 'removed') break;
  }
  if (kind === 'removed' && isLater) return { line, kind: 'reordered', reason: `record ${expected.seq} stands later` };
  // Of a line and the one after it, it is not the later that was changed if the next follows from that.
  if (kind === 'edited' && record !== undefined && record.prev !== expected.prev && line > 1) {
    if (follows === true) return { line: line - 1, kind, reason: `record ${expected.seq} does not follow from it` };
    return { line, kind, reason: follows === false ? reason : `${reason}: one of the two was changed` };
  }
  return { line, kind, reason };
};

/** Follows the signatures of a log whose chain holds. */
const followSignatures = (expected: string | undefined) => {
  let key: AuditKey | null | undefined;
  let verify: ReturnType<typeof verifierOf> | undefined;
  let signatures = 0;
  let signed = 0;

  const open = (record: AuditRecord): Omit<LogFault, 'line'> | undefined => {
    const named = keyOf(record);
    if (named === undefined) return { kind: 'edited', reason: 'the key of "opened" is malformed' };
    if (named === null && expected !== undefined) return { kind: 'key', reason: 'the log names no key' };
    if (named !== null && expected !== undefined && named.publicKey !== expected) {
      return { kind: 'key', reason: `the log is signed by ${named.publicKey}` };
    }
    if (key !== undefined && key?.publicKey !== named?.publicKey) {
      return { kind: 'key', reason: 'the log goes on with another key than it began with' };
    }
    key = named;
    verify = named === null ? undefined : verifierOf(named);
    return undefined;
  };

  const check = (record: AuditRecord): Omit<LogFault, 'line'> | undefined => {
    const { seq, signature } = record;
    if (signature === undefined && record.type === 'closed') return undefined;
    const bytes =
      typeof signature === 'string' && /^(?:[0-9a-f]{2})+$/.test(signature) && Buffer.from(signature, 'hex');
    if (!bytes || !verify?.(signedText(record), new Uint8Array(bytes))) {
      return { kind: 'signature', reason: `the signature of record ${seq} is not valid` };
    }
    signatures += 1;
    signed = seq + 1;
    return undefined;
  };

  return {
    get key() {
      return key ?? undefined;
    },
    get signatures() {
      return signatures;
    },
    get signed() {
      return signed;
    },
    next(record: AuditRecord): Omit<LogFault, 'line'> | undefined {
      if (record.type === 'opened') return open(record);
      if (key === undefined && record.type !== 'recovered')
        return { kind: 'edited', reason: 'the log does not begin with "opened"' };
      return isCheckpoint(record) ? check(record) : undefined;
    },
  };
};

/** Verify a log, given as chunks of its bytes. */
export const verifyLog = async (chunks: AsyncIterable<Uint8Array>, expectations: Expectations): Promise<LogReport> => {
  const { publicKey, head, unfinished = false } = expectations;
  const chain = followChain(sha256);
  const signing = followSignatures(publicKey);
  const runs = followRuns();
  const noted = createNotes();
  const lines = linesOf(chunks);
  let first: AuditRecord | undefined;
  let last: AuditRecord | undefined;
  let tornBytes = 0;
  let tornLine: Uint8Array = new Uint8Array();
  let endsLocked = false;
  let headFound = head === undefined;
  let headAt = 0;
  let fault: LogFault | undefined;

  const note = (record: AuditRecord): void => {
    const { seq } = record;
    if (last !== undefined && record.time < last.time)
      noted.add('earlier times', `record ${seq} has an earlier time than the one before it`);
    if (record.type === 'recovered') {
      const bytes = numberIn(record.bytes);
      noted.add('torn lines', `a line before record ${seq} was not written to its end: ${bytes} bytes`);
    }
    if (record.type === 'resumed') {
      const lost = numberIn(record.lost);
      noted.add('failures to write', `before record ${seq} the log could not be written: ${lost} records lost`);
    }
    if (record.type === 'opened' && signing.key !== undefined && seq > signing.signed) {
      const text = `records ${signing.signed} to ${seq - 1} were not signed when the vault that wrote them ended`;
      noted.add('runs whose end was not signed', text);
    }
  };

  for await (const { bytes, isWhole } of lines) {
    if (!isWhole) {
      if (bytes.length >= MAX_LINE_BYTES) {
        fault = { line: chain.lines + 1, kind: 'edited', reason: 'longer than a line can be' };
      }
      tornBytes = bytes.length;
      break;
    }
    const read = chain.next(bytes);
    if (read === undefined) {
      tornLine = bytes.slice();
      continue;
    }
    if ('fault' in read) {
      const at = read.fault.line === chain.lines ? bytes.slice() : tornLine;
      fault = await tellKind(read.fault, at, lines);
      break;
    }
    const { record } = read;
    note(record);
    if (record.type === 'signed') endsLocked = last?.type === 'locked';
    else if (!WITHOUT_KEYS.includes(record.type)) endsLocked = false;
    first ??= record;
    last = record;
    if (!headFound && chain.head === head) {
      headFound = true;
      headAt = record.seq;
    }
    const left = runs.next(record);
    const wrong =
      signing.next(record) ?? (left === undefined ? undefined : { kind: 'unsigned' as const, reason: left });
    if (wrong !== undefined) {
      fault = { line: chain.lines, ...wrong };
      break;
    }
  }

  const { records, lines: count } = chain;
  const end = (kind: FaultKind, reason: string): void => {
    fault ??= { line: count + 1, kind, reason };
  };
  if (chain.open !== undefined) fault ??= chain.open;
  if (tornBytes > 0 && !unfinished) end('truncated', `the last line is not complete: ${plural(tornBytes, 'byte')}`);
  const notes = noted.list();
  if (tornBytes > 0 && unfinished) notes.push(`the last line is not complete: ${plural(tornBytes, 'byte')}`);
  if (records === 0) end('truncated', 'the log is empty');
  const uncovered = records - signing.signed;
  const covered =
    signing.signed === 0
      ? 'no record is signed'
      : `${plural(uncovered, 'record')} after record ${signing.signed - 1} not signed`;
  const isSigned = signing.key !== undefined;
  if (!headFound) end('head', 'the record of that hash is not there: the log was cut, or is another');
  if (last?.type !== 'closed' && !unfinished) {
    end(
      'truncated',
      `the last record is "${last?.type}", not "closed"${isSigned && uncovered > 0 ? `; ${covered}` : ''}`,
    );
  }
  if (isSigned && uncovered > 0 && !unfinished) {
    // A vault that is closed while it is locked has no key to sign its end with; nor has who cuts a log there.
    const isLocked = endsLocked ? 'closed while locked, or cut there: --unfinished accepts it; ' : '';
    end('unsigned', `${isLocked}${covered}`);
  }
  if (fault === undefined && isSigned && uncovered > 0) notes.push(`${covered}: they may have been changed or cut`);
  if (fault === undefined && head !== undefined) notes.push(`the noted hash is that of record ${headAt}`);
  if (!isSigned) notes.push('the log is not signed: whoever can write to it can make it anew');
  else if (publicKey === undefined) {
    notes.push('the public key is as the log says it: that shows only that the log is consistent with itself');
  }
  const { key } = signing;
  return {
    ...(fault !== undefined && { fault }),
    records,
    signed: signing.signed,
    signatures: signing.signatures,
    ...(key !== undefined && { key: { id: key.id, type: key.type, publicKey: key.publicKey } }),
    ...(first !== undefined && { from: first.time }),
    ...(last !== undefined && { to: last.time }),
    head: chain.head,
    notes,
  };
};
