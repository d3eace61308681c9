// Packed frames: many operations in one ArrayBuffer, and their replies. No secrets travel here: an operation names a
// slot and carries a message, to be signed, or an operator's input (operators.ts); the code of a scheme says which.
//
//   frame  = magic u32 · count u32 · operations
//   operation = slot u32 · generation u32 · message length u32 · scheme u8 · hash u8 · status u8 · flags u8
//               [auxRand, 32 bytes, when flag bit 0 is set] · message · padding to 4 bytes
//   reply  = count u32 · status u8 × count · the signatures, or answers, of the operations whose status is 0, in order
//
// Numbers are in the byte order of the machine: a frame never leaves it.
import type { VaultErrorCode } from '../errors.js';
import {
  AUX_RAND_BYTES,
  HASHES,
  type HashName,
  type KeyHandle,
  SCHEMES,
  type Scheme,
  SIGNATURE_BYTES,
} from './types.js';

export const FRAME_MAGIC = 0x31465253; // 'SRF1'
export const FRAME_HEADER_BYTES = 8;
export const OPERATION_HEADER_BYTES = 16;
export const REPLY_HEADER_BYTES = 4;
/** A buffer below this is copied to the other thread, which takes less than to hand it over (measured on Node 20). */
const COPY_BELOW_BYTES = 16 * 1024;
/** What a message should hand over of these buffers: all or none. */
export const handedOver = (buffers: readonly ArrayBuffer[]): ArrayBuffer[] =>
  buffers.some((buffer) => buffer.byteLength >= COPY_BELOW_BYTES) ? [...buffers] : [];

/** Operations in one frame, at most. */
export const MAX_FRAME_OPERATIONS = 65_536;

/** Flag bit 0: 32 bytes of BIP-340 auxiliary randomness stand before the message. */
export const FLAG_AUX_RAND = 1;
/** Flag bit 1: this operation and the next are of one call, on one key: a policy gives leave to all of them or to none. */
export const FLAG_TOGETHER = 2;

/** A scheme's code in a frame is its place in SCHEMES plus one; 0 is no scheme. */
export const schemeCode = (scheme: Scheme): number => SCHEMES.indexOf(scheme) + 1;
export const schemeOf = (code: number): Scheme | undefined => SCHEMES[code - 1];
/** A hash's code in a frame is its place in HASHES plus one; 0 is no hash. */
export const hashCode = (hash: HashName | undefined): number => (hash === undefined ? 0 : HASHES.indexOf(hash) + 1);
export const hashOf = (code: number): HashName | undefined => HASHES[code - 1];

/** Bytes of a signature by scheme code. */
export const SIGNATURE_BYTES_BY_CODE: readonly number[] = [0, ...SCHEMES.map((scheme) => SIGNATURE_BYTES[scheme])];

/** What became of an operation: 0, or the place of its error code in this list. */
export const STATUS_CODES: readonly (VaultErrorCode | 'OK')[] = [
  'OK',
  'ERR_KEY_NOT_FOUND',
  'ERR_OPERATION_UNSUPPORTED',
  'ERR_SCHEME_UNSUPPORTED',
  'ERR_VAULT_BUSY',
  'ERR_VAULT_CLOSED',
  'ERR_SIGNER_FAILED',
  'ERR_SIGNATURE_FAULT',
  'ERR_INTERNAL',
  'ERR_NOT_ALLOWED',
  'ERR_SCHEME_NOT_ALLOWED',
  'ERR_KEY_EXHAUSTED',
  'ERR_RATE_LIMITED',
  'ERR_KEY_EXPIRED',
  'ERR_KEY_IDLE',
  'ERR_VAULT_LOCKED',
  'ERR_NOT_GRANTED',
  'ERR_GRANT_EXHAUSTED',
  'ERR_PEER_KEY',
  'ERR_DECRYPTION',
];
export const statusOf = (code: VaultErrorCode): number => {
  const status = STATUS_CODES.indexOf(code);
  return status > 0 ? status : STATUS_CODES.indexOf('ERR_INTERNAL');
};

/** Bytes from one operation's start to the next. */
export const operationBytes = (messageLength: number, flags: number): number =>
  (OPERATION_HEADER_BYTES + ((flags & FLAG_AUX_RAND) === 0 ? 0 : AUX_RAND_BYTES) + messageLength + 3) & ~3;

export interface FrameWriter {
  readonly count: number;
  readonly byteLength: number;
  /** Append one operation. The message is copied. `length` is its true length, where its own word is not to be trusted. */
  add(
    handle: KeyHandle,
    scheme: number,
    hash: number,
    message: Uint8Array,
    auxRand: Uint8Array | undefined,
    length?: number,
    together?: boolean,
  ): void;
  /** The frame; the writer is spent. */
  finish(): ArrayBuffer;
}

/** @param expectedBytes - room to start with; a frame grows as needed. */
export const createFrameWriter = (expectedBytes: number): FrameWriter => {
  let buffer = new ArrayBuffer((Math.max(expectedBytes, 256) + 3) & ~3);
  let words = new Uint32Array(buffer);
  let bytes = new Uint8Array(buffer);
  let used = FRAME_HEADER_BYTES;
  let count = 0;

  const reserve = (needed: number): void => {
    if (used + needed <= buffer.byteLength) return;
    const larger = new ArrayBuffer((Math.max(used + needed, buffer.byteLength * 2) + 3) & ~3);
    const largerBytes = new Uint8Array(larger);
    largerBytes.set(bytes.subarray(0, used));
    buffer = larger;
    bytes = largerBytes;
    words = new Uint32Array(larger);
  };

  return {
    get count() {
      return count;
    },
    get byteLength() {
      return used;
    },
    add(handle, scheme, hash, message, auxRand, length = message.length, together = false) {
      const flags = (auxRand === undefined ? 0 : FLAG_AUX_RAND) | (together ? FLAG_TOGETHER : 0);
      reserve(operationBytes(length, flags));
      const word = used >> 2;
      words[word] = handle.slot;
      words[word + 1] = handle.generation;
      words[word + 2] = length;
      words[word + 3] = scheme | (hash << 8) | (flags << 24);
      let at = used + OPERATION_HEADER_BYTES;
      if (auxRand !== undefined) {
        bytes.set(auxRand, at);
        at += AUX_RAND_BYTES;
      }
      bytes.set(message, at);
      used = (at + length + 3) & ~3;
      count++;
    },
    finish() {
      words[0] = FRAME_MAGIC;
      words[1] = count;
      return used === buffer.byteLength ? buffer : buffer.slice(0, used);
    },
  };
};
