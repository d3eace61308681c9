// Checks a frame of operations as if its sender were hostile: the whole layout first, then each operation against the
// key table. A malformed frame is refused whole; an operation that names a key that is gone, or asks what its type
// cannot do, gets a status and is not signed.
import { VaultError } from '../../src/errors.js';
import {
  FLAG_AUX_RAND,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  hashOf,
  MAX_FRAME_OPERATIONS,
  OPERATION_HEADER_BYTES,
  operationBytes,
  schemeOf,
  statusOf,
} from '../../src/wire/frame.js';
import { DIGEST_BYTES, KEY_TYPE_FACTS, MAX_MESSAGE_BYTES, type Scheme } from '../../src/wire/types.js';
import type { KeyEntry, KeyTable } from './key-table.js';

export interface AdmittedFrame {
  readonly buffer: ArrayBuffer;
  readonly count: number;
  /** Where each operation starts; one more for the end. */
  readonly offsets: Uint32Array;
  /** The key of each operation, or undefined where a status says why it is not signed. */
  readonly entries: readonly (KeyEntry | undefined)[];
  readonly messageBytes: number;
}

/** Offsets into a frame are 32-bit numbers. */
const MAX_FRAME_BYTES = 0xffff_fffc;

const KEY_NOT_FOUND = statusOf('ERR_KEY_NOT_FOUND');
const OPERATION_UNSUPPORTED = statusOf('ERR_OPERATION_UNSUPPORTED');
const SCHEME_UNSUPPORTED = statusOf('ERR_SCHEME_UNSUPPORTED');
const NOT_ALLOWED = statusOf('ERR_NOT_ALLOWED');

const refuse = (reason: string): never => {
  throw new VaultError('ERR_REFUSED', `the vault refused the frame: ${reason}`);
};

/** @throws {VaultError} ERR_REFUSED - the frame is not what a client builds. */
export const admitFrame = (frame: unknown, table: KeyTable): AdmittedFrame => {
  // A buffer that the sender shares could change between this check and the signature.
  if (!(frame instanceof ArrayBuffer)) return refuse('expected an ArrayBuffer');
  if (frame.byteLength < FRAME_HEADER_BYTES || frame.byteLength % 4 !== 0) return refuse('wrong length');
  if (frame.byteLength > MAX_FRAME_BYTES) return refuse('too long');
  const words = new Uint32Array(frame);
  const count = words[1]!;
  if (words[0] !== FRAME_MAGIC) return refuse('not a frame');
  if (count === 0 || count > MAX_FRAME_OPERATIONS) return refuse(`expected 1 to ${MAX_FRAME_OPERATIONS} operations`);
  if (frame.byteLength < FRAME_HEADER_BYTES + count * OPERATION_HEADER_BYTES) return refuse('truncated');

  const offsets = new Uint32Array(count + 1);
  const entries: (KeyEntry | undefined)[] = new Array(count);
  let messageBytes = 0;
  let at = FRAME_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + OPERATION_HEADER_BYTES > frame.byteLength) return refuse('truncated');
    const word = at >> 2;
    const length = words[word + 2]!;
    const packed = words[word + 3]!;
    const scheme = schemeOf(packed & 0xff);
    const hash = (packed >>> 8) & 0xff;
    const flags = packed >>> 24;
    if (scheme === undefined) return refuse('unknown scheme');
    if (hash !== 0 && (hashOf(hash) === undefined || !takesHash(scheme))) return refuse('unknown hash');
    if ((packed & 0xff0000) !== 0) return refuse('an operation arrives with a status');
    if ((flags & ~FLAG_AUX_RAND) !== 0 || (flags !== 0 && scheme !== 'schnorr')) return refuse('unknown flags');
    if (length > MAX_MESSAGE_BYTES) return refuse('a message is too long');
    if (hash === 0 && takesDigest(scheme) && length !== DIGEST_BYTES) return refuse('a digest is not 32 bytes');
    const entry = table.at(words[word]!, words[word + 1]!);
    const status = statusFor(entry, scheme);
    if (status === 0) entries[i] = entry;
    else words[word + 3] = packed | (status << 16);
    offsets[i] = at;
    messageBytes += length;
    at += operationBytes(length, flags);
  }
  if (at !== frame.byteLength) return refuse('the operations do not fill it');
  offsets[count] = at;
  return { buffer: frame, count, offsets, entries, messageBytes };
};

const takesHash = (scheme: Scheme): boolean => takesDigest(scheme) || scheme === 'schnorr';
const takesDigest = (scheme: Scheme): boolean => scheme === 'ecdsa' || scheme === 'ecdsa-recoverable';

const statusFor = (entry: KeyEntry | undefined, scheme: Scheme): number => {
  if (entry === undefined) return KEY_NOT_FOUND;
  const { schemes } = KEY_TYPE_FACTS[entry.info.type];
  if (schemes.length === 0) return OPERATION_UNSUPPORTED;
  if (!entry.maySign) return NOT_ALLOWED;
  return schemes.includes(scheme) ? 0 : SCHEME_UNSUPPORTED;
};
