// Checks a frame of operations as if its sender were hostile: the whole layout first, then each operation against the
// key table, the port's grant and the key's policy. A malformed frame is refused whole; an operation that names a key
// that is gone, or asks what it may not, gets a status and is not done. What policies limit is taken here, in one step.
import { VaultError } from '../../src/errors.js';
import {
  FLAG_AUX_RAND,
  FLAG_TOGETHER,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  hashOf,
  MAX_FRAME_OPERATIONS,
  OPERATION_HEADER_BYTES,
  operationBytes,
  REPLY_HEADER_BYTES,
  schemeOf,
  statusOf,
} from '../../src/wire/frame.js';
import { answerBytes, operatorOf } from '../../src/wire/operators.js';
import { DIGEST_BYTES, KEY_TYPES, type KeyType, MAX_MESSAGE_BYTES } from '../../src/wire/types.js';
import { GONE_CODES, type KeyEntry, type KeyTable } from './key-table.js';
import type { Session } from './sessions.js';

export interface AdmittedFrame {
  readonly session: Session;
  readonly buffer: ArrayBuffer;
  readonly count: number;
  /** Where each operation starts; one more for the end. */
  readonly offsets: Uint32Array;
  /** The key of each operation, or undefined where a status says why it is not done. */
  readonly entries: readonly (KeyEntry | undefined)[];
  readonly messageBytes: number;
  /** Whether a quota or a lifetime of a key or of the port is concerned. */
  readonly limited: boolean;
}

/** Offsets into a frame are 32-bit numbers. */
const MAX_FRAME_BYTES = 0xffff_fffc;

const KEY_NOT_FOUND = statusOf('ERR_KEY_NOT_FOUND');
const NOT_GRANTED = statusOf('ERR_NOT_GRANTED');
const GONE: Readonly<Record<keyof typeof GONE_CODES, number>> = {
  released: statusOf(GONE_CODES.released),
  expired: statusOf(GONE_CODES.expired),
  idle: statusOf(GONE_CODES.idle),
  locked: statusOf(GONE_CODES.locked),
};

const refuse = (reason: string): never => {
  throw new VaultError('ERR_REFUSED', `the vault refused the frame: ${reason}`);
};

/**
 * @throws {VaultError} ERR_REFUSED - the frame is not what a client builds. ERR_GRANT_REVOKED - the port's time is over.
 */
export const admitFrame = (frame: unknown, table: KeyTable, session: Session): AdmittedFrame => {
  // A buffer that the sender shares could change between this check and the signature.
  if (!(frame instanceof ArrayBuffer)) return refuse('expected an ArrayBuffer');
  if (frame.byteLength < FRAME_HEADER_BYTES || frame.byteLength % 4 !== 0) return refuse('wrong length');
  if (frame.byteLength > MAX_FRAME_BYTES) return refuse('too long');
  const words = new Uint32Array(frame);
  const count = words[1]!;
  if (words[0] !== FRAME_MAGIC) return refuse('not a frame');
  if (count === 0 || count > MAX_FRAME_OPERATIONS) return refuse(`expected 1 to ${MAX_FRAME_OPERATIONS} operations`);
  if (frame.byteLength < FRAME_HEADER_BYTES + count * OPERATION_HEADER_BYTES) return refuse('truncated');
  if (session.isOver()) throw new VaultError('ERR_GRANT_REVOKED');

  const offsets = new Uint32Array(count + 1);
  const entries: (KeyEntry | undefined)[] = new Array(count);
  const bytes = new Uint8Array(frame);
  let limited = session.quotas.length > 0;
  let messageBytes = 0;
  let at = FRAME_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + OPERATION_HEADER_BYTES > frame.byteLength) return refuse('truncated');
    const word = at >> 2;
    const length = words[word + 2]!;
    const packed = words[word + 3]!;
    const code = packed & 0xff;
    const flags = packed >>> 24;
    if ((packed & 0xff0000) !== 0) return refuse('an operation arrives with a status');
    if (length > MAX_MESSAGE_BYTES) return refuse('a message is too long');
    const next = at + operationBytes(length, flags);
    if (next > frame.byteLength) return refuse('truncated');
    checkOperation(code, (packed >>> 8) & 0xff, flags, length);
    if (operatorOf(code) !== undefined && answerBytes(code, bytes, at + OPERATION_HEADER_BYTES, length) === undefined) {
      return refuse('the input of an operator is malformed');
    }
    const entry = table.at(words[word]!, words[word + 1]!);
    const status =
      entry === undefined ? whyNone(table, words[word]!, words[word + 1]!, session) : statusFor(entry, code, session);
    if (status === 0) {
      entries[i] = entry;
      // A signer knows slots, not keys: for an operator the place of the hash tells it the key's type.
      if (entry !== undefined && operatorOf(code) !== undefined) words[word + 3] = packed | typeCode(entry.info.type);
      limited ||= entry?.quota !== undefined || entry?.lifetime !== undefined;
    } else words[word + 3] = packed | (status << 16);
    if ((flags & FLAG_TOGETHER) !== 0 && !isTogether(words, word, next >> 2, i + 1 < count)) {
      return refuse('operations of one call are not of one key');
    }
    offsets[i] = at;
    messageBytes += length;
    at = next;
  }
  if (at !== frame.byteLength) return refuse('the operations do not fill it');
  offsets[count] = at;
  if (limited) takeAll(words, offsets, entries, session);
  return { session, buffer: frame, count, offsets, entries, messageBytes, limited };
};

/** Layout and arguments of one operation. @throws {VaultError} ERR_REFUSED */
const checkOperation = (code: number, hash: number, flags: number, length: number): void => {
  const scheme = schemeOf(code);
  if (scheme === undefined && operatorOf(code) === undefined) refuse('unknown scheme');
  const digest = scheme === 'ecdsa' || scheme === 'ecdsa-recoverable';
  if (hash !== 0 && (hashOf(hash) === undefined || !(digest || scheme === 'schnorr'))) refuse('unknown hash');
  if ((flags & ~(FLAG_AUX_RAND | FLAG_TOGETHER)) !== 0) refuse('unknown flags');
  if ((flags & FLAG_AUX_RAND) !== 0 && scheme !== 'schnorr') refuse('unknown flags');
  if (hash === 0 && digest && length !== DIGEST_BYTES) refuse('a digest is not 32 bytes');
};

/** Above the code of the operation, in the place of a hash. */
const typeCode = (type: KeyType): number => (KEY_TYPES.indexOf(type) + 1) << 8;

const isTogether = (words: Uint32Array, word: number, next: number, hasNext: boolean): boolean =>
  hasNext &&
  next + 3 < words.length &&
  words[next] === words[word] &&
  words[next + 1] === words[word + 1] &&
  (words[next + 3]! & 0xff) === (words[word + 3]! & 0xff);

const whyNone = (table: KeyTable, slot: number, generation: number, { sees }: Session): number => {
  const gone = table.goneAt(slot, generation);
  return gone === undefined || !sees(gone.entry) ? KEY_NOT_FOUND : GONE[gone.reason];
};

const statusFor = (entry: KeyEntry, code: number, { statuses, sees }: Session): number => {
  if (statuses !== undefined) {
    // What a port does not see is not there.
    if (!sees(entry)) return KEY_NOT_FOUND;
    if (statuses[code] !== 0) return NOT_GRANTED;
  }
  return entry.statuses[code]!;
};

/** Take from quotas what the operations ask, call by call: those of one call get all or nothing. */
const takeAll = (
  words: Uint32Array,
  offsets: Uint32Array,
  entries: (KeyEntry | undefined)[],
  session: Session,
): void => {
  const now = performance.now();
  for (let from = 0, to = 0; from < entries.length; from = to) {
    while ((words[(offsets[to]! >> 2) + 3]! >>> 24) & FLAG_TOGETHER) to++;
    to++;
    const entry = entries[from];
    if (entry === undefined) continue;
    const signs = schemeOf(words[(offsets[from]! >> 2) + 3]! & 0xff) !== undefined;
    const status = take(entry, session, to - from, signs ? to - from : 0, now);
    if (status === 0) continue;
    for (let i = from; i < to; i++) {
      words[(offsets[i]! >> 2) + 3]! |= status << 16;
      entries[i] = undefined;
    }
  }
};

/**
 * Take from the quotas of a key and of a port, all or nothing, and count it as use.
 *
 * @returns 0, or the status of the refusal.
 */
export const take = (
  { quota, lifetime }: KeyEntry,
  session: Session,
  operations: number,
  signatures: number,
  now: number,
): number => {
  const over = lifetime?.end();
  if (over !== undefined) return GONE[over];
  const quotas = quota === undefined ? session.quotas : [...session.quotas, quota];
  for (const [i, each] of quotas.entries()) {
    const status = each.take(operations, signatures, now);
    if (status === 0) continue;
    for (const taken of quotas.slice(0, i)) taken.refund(signatures, operations);
    return status;
  }
  lifetime?.touch();
  return 0;
};

/** Give back what was taken for signatures that did not leave the vault. */
export const refund = ({ quota }: KeyEntry, session: Session, signatures: number): void => {
  quota?.refund(signatures);
  for (const each of session.quotas) each.refund(signatures);
};

/** What replies say was not signed is given back; without replies, all of it. */
export const refundFailed = (frame: AdmittedFrame, replies: readonly ArrayBuffer[] | undefined): void => {
  const words = new Uint32Array(frame.buffer);
  let operation = 0;
  const look = (failed: boolean): void => {
    const entry = frame.entries[operation];
    const code = words[(frame.offsets[operation]! >> 2) + 3]! & 0xff;
    if (failed && entry !== undefined && schemeOf(code) !== undefined) refund(entry, frame.session, 1);
    operation++;
  };
  if (replies === undefined) {
    while (operation < frame.count) look(true);
    return;
  }
  for (const reply of replies) {
    const count = new Uint32Array(reply, 0, 1)[0]!;
    for (const status of new Uint8Array(reply, REPLY_HEADER_BYTES, count)) look(status !== 0);
  }
};
