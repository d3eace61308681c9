// One record of a sealed file, as it lies in a decrypted chunk: in arena memory. Id, type, policy and time become
// strings and numbers; the secret stays where it is, as a view.
import { isKeyId, KEY_ID_RULE } from '../../src/wire/check.js';
import type { KeyId } from '../../src/wire/types.js';
import { CHUNK_BYTES } from './format.js';

export const MIN_SECRET_BYTES = 16;
export const MAX_SECRET_BYTES = 64;
export const MAX_POLICY_BYTES = 4096;
/** The largest time that a Date can hold, in milliseconds since 1970. */
const MAX_TIME = 8_640_000_000_000_000;
const TYPE_PATTERN = /^[a-z0-9][a-z0-9-]{0,31}$/;
/** Lengths of id (1), type (1), policy (2) and secret (1), and the time (8). */
const FIXED_BYTES = 13;

/** What a record says of its key: all public to whoever has the password, and no secret. */
export interface RecordFields {
  readonly id: KeyId;
  /** By name, so that a new type needs no new version of the format. */
  readonly type: string;
  /** JSON text, kept as it was written. */
  readonly policy: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly secretBytes: number;
}

export interface RawRecord extends RecordFields {
  /** Where it begins in its chunk, and where the next one does. */
  readonly at: number;
  readonly end: number;
}

export const recordBytes = ({ id, type, policy, secretBytes }: RecordFields): number =>
  FIXED_BYTES + id.length + type.length + Buffer.byteLength(policy) + secretBytes;

/** @throws {RangeError} a field that a record cannot hold. */
export const checkFields = ({ id, type, policy, created, secretBytes }: RecordFields): void => {
  if (!isKeyId(id)) throw new RangeError(`"id" expected ${KEY_ID_RULE}`);
  if (!TYPE_PATTERN.test(type)) throw new RangeError(`"type" of ${id} expected 1 to 32 of a-z, 0-9 and -`);
  const policyBytes = Buffer.byteLength(policy);
  if (policyBytes < 2 || policyBytes > MAX_POLICY_BYTES) {
    throw new RangeError(`"policy" of ${id} expected 2 to ${MAX_POLICY_BYTES} bytes, got ${policyBytes}`);
  }
  if (!Number.isInteger(created) || created < 0 || created > MAX_TIME) {
    throw new RangeError(`"created" of ${id} expected milliseconds since 1970`);
  }
  if (!Number.isInteger(secretBytes) || secretBytes < MIN_SECRET_BYTES || secretBytes > MAX_SECRET_BYTES) {
    throw new RangeError(`"secretBytes" of ${id} expected ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES}`);
  }
};

/**
 * Write a record, but for its secret.
 *
 * @param chunk - arena memory with room for the record from `at`.
 * @returns where in the chunk the secret goes.
 */
export const putRecord = (fields: RecordFields, chunk: Uint8Array, at: number): Uint8Array => {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  let next = at;
  const putText = (text: string, lengthBytes: 1 | 2): void => {
    const bytes = Buffer.from(text);
    if (lengthBytes === 1) view.setUint8(next, bytes.length);
    else view.setUint16(next, bytes.length, true);
    chunk.set(bytes, next + lengthBytes);
    next += lengthBytes + bytes.length;
  };
  putText(fields.id, 1);
  putText(fields.type, 1);
  putText(fields.policy, 2);
  view.setUint32(next, fields.created % 0x1_0000_0000, true);
  view.setUint32(next + 4, Math.floor(fields.created / 0x1_0000_0000), true);
  view.setUint8(next + 8, fields.secretBytes);
  return chunk.subarray(next + 9, next + 9 + fields.secretBytes);
};

export const secretOf = (record: RawRecord, chunk: Uint8Array): Uint8Array =>
  chunk.subarray(record.end - record.secretBytes, record.end);

/** Reads the records of a chunk in turn; a string says what is wrong with one. */
export interface RecordParser {
  /** @param end - where the chunk's plaintext ends. */
  parse(at: number, end: number): RawRecord | string;
}

/** @param chunk - arena memory that chunks are decrypted to. */
export const createRecordParser = (chunk: Uint8Array): RecordParser => {
  // A view, not a copy: it makes strings of the public fields.
  const bytes = Buffer.from(chunk.buffer as ArrayBuffer, chunk.byteOffset, Math.min(chunk.length, CHUNK_BYTES));
  return {
    parse(at, end) {
      let next = at;
      /** The start of a field of that length, or -1 if it does not fit. */
      const take = (length: number): number => {
        if (next === -1 || next + length > end) next = -1;
        else next += length;
        return next === -1 ? -1 : next - length;
      };
      const takeText = (encoding: 'latin1' | 'utf8', lengthBytes: 1 | 2): string | undefined => {
        const start = take(lengthBytes);
        if (start === -1) return undefined;
        const length = lengthBytes === 1 ? bytes.readUInt8(start) : bytes.readUInt16LE(start);
        const from = take(length);
        return from === -1 ? undefined : bytes.toString(encoding, from, from + length);
      };
      const id = takeText('latin1', 1);
      const type = takeText('latin1', 1);
      const policy = takeText('utf8', 2);
      const time = take(8);
      const length = take(1);
      if (id === undefined || type === undefined || policy === undefined || length === -1) return 'is cut off';
      const secretBytes = bytes.readUInt8(length);
      if (take(secretBytes) === -1) return 'is cut off';
      const created = bytes.readUInt32LE(time) + bytes.readUInt32LE(time + 4) * 0x1_0000_0000;
      const record = { id: id as KeyId, type, policy, created, secretBytes, at, end: next };
      try {
        checkFields(record);
      } catch {
        return 'has a field that no record may have';
      }
      return record;
    },
  };
};
