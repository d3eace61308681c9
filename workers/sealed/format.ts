// The sealed file's outer form, version 1: a header of public bytes, then chunks of encrypted records. docs/sealed-file.md
// is the specification; all numbers are little-endian. No secret comes here: records are record.ts.
import { createHash, randomBytes } from 'node:crypto';
import { VaultError } from '../../src/errors.js';
import type { Argon2idRequest } from '../kdf/request.js';
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES } from '../providers/aead.js';

export const MAGIC = 'STRONGRM';
export const VERSION = 1;
export const HEADER_BYTES = 128;
/** Plaintext of every chunk but the last, which may have less. */
export const CHUNK_BYTES = 65_536;
export const SEALED_CHUNK_BYTES: number = CHUNK_BYTES + AEAD_TAG_BYTES;
export const MAX_RECORDS = 1_000_000;
export const SALT_BYTES = 16;
/** What the key derivation gives: the key of the AEAD, then the commitment. */
export const DERIVED_BYTES = 64;
export const COMMITMENT_BYTES = 32;
export const NONCE_PREFIX_BYTES = 20;
/** Associated data of a chunk: the header, the chunk's index (u32), and 1 if it is the last one (u8). */
export const ASSOCIATED_BYTES: number = HEADER_BYTES + 5;

const KDF_ARGON2ID = 1;
const AEAD_XCHACHA20POLY1305 = 1;
const LANES = 1;
/** Argon2 asks for 8 blocks of 1 KiB for each lane (RFC 9106 §3.1). */
const MIN_MEMORY_KIB = 8;
const CHECKSUM_BYTES = 16;

const AT = {
  magic: 0,
  version: 8,
  headerBytes: 10,
  kdf: 12,
  aead: 13,
  lanes: 14,
  passes: 16,
  memoryKiB: 20,
  records: 24,
  chunks: 28,
  salt: 32,
  commitment: 48,
  noncePrefix: 80,
  lastChunkBytes: 100,
  reserved: 104,
  checksum: 112,
} as const;

/** How much the body holds: it follows from the lengths of the records. */
export interface BodyShape {
  readonly records: number;
  /** 1 or more. */
  readonly chunks: number;
  /** Plaintext bytes of the last chunk. */
  readonly lastChunkBytes: number;
}

export interface SealedHeader extends BodyShape {
  /** What the key is derived by. Its cost is whatever the file says: hold it against a limit first. */
  readonly kdf: Argon2idRequest;
  /** Bytes 32 to 63 of the derived key. */
  readonly commitment: Uint8Array;
  readonly noncePrefix: Uint8Array;
  /** The 128 bytes themselves: every chunk authenticates them. */
  readonly bytes: Uint8Array;
}

export const damaged = (path: string, reason: string): VaultError =>
  new VaultError('ERR_SEALED_FILE', `file ${path}: ${reason}`);

/** Bytes of the whole file. */
export const fileBytesOf = ({ chunks, lastChunkBytes }: BodyShape): number =>
  HEADER_BYTES + (chunks - 1) * SEALED_CHUNK_BYTES + lastChunkBytes + AEAD_TAG_BYTES;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const checksumOf = (bytes: Uint8Array): Uint8Array =>
  createHash('sha256').update(bytes.subarray(0, AT.checksum)).digest().subarray(0, CHECKSUM_BYTES);

/** A new salt for a key derivation: 16 random bytes. */
export const makeSalt = (): Uint8Array => Uint8Array.from(randomBytes(SALT_BYTES));

/**
 * A header with a fresh nonce prefix.
 *
 * @throws {RangeError} a parameter that the header cannot hold.
 */
export const makeHeader = (kdf: Argon2idRequest, commitment: Uint8Array, shape: BodyShape): SealedHeader => {
  const { passes, memoryKiB, salt } = kdf;
  const isCount = (value: number, least: number): boolean =>
    Number.isInteger(value) && value >= least && value <= 0xffff_ffff;
  if (!isCount(passes, 1)) throw new RangeError(`"passes" expected 1 or more, got ${passes}`);
  if (!isCount(memoryKiB, MIN_MEMORY_KIB)) throw new RangeError(`"memoryKiB" expected 8 or more, got ${memoryKiB}`);
  if (salt.length !== SALT_BYTES) throw new RangeError(`"salt" expected ${SALT_BYTES} bytes, got ${salt.length}`);
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  const noncePrefix = Uint8Array.from(randomBytes(NONCE_PREFIX_BYTES));
  bytes.set(Buffer.from(MAGIC, 'latin1'), AT.magic);
  view.setUint16(AT.version, VERSION, true);
  view.setUint16(AT.headerBytes, HEADER_BYTES, true);
  view.setUint8(AT.kdf, KDF_ARGON2ID);
  view.setUint8(AT.aead, AEAD_XCHACHA20POLY1305);
  view.setUint16(AT.lanes, LANES, true);
  view.setUint32(AT.passes, passes, true);
  view.setUint32(AT.memoryKiB, memoryKiB, true);
  view.setUint32(AT.records, shape.records, true);
  view.setUint32(AT.chunks, shape.chunks, true);
  bytes.set(salt, AT.salt);
  bytes.set(commitment, AT.commitment);
  bytes.set(noncePrefix, AT.noncePrefix);
  view.setUint32(AT.lastChunkBytes, shape.lastChunkBytes, true);
  bytes.set(checksumOf(bytes), AT.checksum);
  return { ...shape, kdf, commitment: Uint8Array.from(commitment), noncePrefix, bytes };
};

/** What is wrong with the numbers of a body, if anything: they bound what a reader does. */
const faultOfShape = ({ records, chunks, lastChunkBytes }: BodyShape): string | undefined => {
  if (records > MAX_RECORDS) return `expected at most ${MAX_RECORDS} records, got ${records}`;
  // Every chunk holds a record, but for the one of a file without any.
  if (chunks < 1 || chunks > Math.max(1, records)) return `expected 1 to ${Math.max(1, records)} chunks, got ${chunks}`;
  if (lastChunkBytes > CHUNK_BYTES) return `expected a last chunk of at most ${CHUNK_BYTES}, got ${lastChunkBytes}`;
  return undefined;
};

/**
 * Read a header.
 *
 * @param bytes - the first 128 bytes of the file, or all of a shorter one.
 * @param fileBytes - the size of the file: one of another size than the header states is torn.
 * @throws {VaultError} ERR_SEALED_FILE - no sealed file, another version, damaged or torn.
 */
export const parseHeader = (path: string, bytes: Uint8Array, fileBytes: number): SealedHeader => {
  const refuse = (reason: string): VaultError => damaged(path, reason);
  if (bytes.length < HEADER_BYTES) throw refuse(`expected a sealed file, got ${bytes.length} bytes`);
  if (Buffer.from(bytes.subarray(0, AT.version)).toString('latin1') !== MAGIC) {
    throw refuse('expected a sealed file, got one that does not begin as such');
  }
  const view = viewOf(bytes);
  const version = view.getUint16(AT.version, true);
  if (version !== VERSION) throw refuse(`expected a sealed file of version ${VERSION}, got version ${version}`);
  // Before anything is believed, and before a key derivation is paid for: damage by accident is told from a wrong
  // password here. Damage by intent is told by the chunks.
  if (!Buffer.from(checksumOf(bytes)).equals(bytes.subarray(AT.checksum, HEADER_BYTES))) {
    throw refuse('the header is damaged: its checksum does not match');
  }
  const expect = (name: string, got: number, expected: number): void => {
    if (got !== expected) throw refuse(`expected ${name} ${expected}, got ${got}`);
  };
  expect('a header length of', view.getUint16(AT.headerBytes, true), HEADER_BYTES);
  expect('key derivation', view.getUint8(AT.kdf), KDF_ARGON2ID);
  expect('encryption', view.getUint8(AT.aead), AEAD_XCHACHA20POLY1305);
  expect('lanes of', view.getUint16(AT.lanes, true), LANES);
  if (bytes.subarray(AT.reserved, AT.checksum).some((byte) => byte !== 0)) throw refuse('reserved bytes are not zero');
  const passes = view.getUint32(AT.passes, true);
  const memoryKiB = view.getUint32(AT.memoryKiB, true);
  if (passes < 1 || memoryKiB < MIN_MEMORY_KIB) {
    throw refuse(`expected 1 pass or more over 8 KiB or more, got ${passes} over ${memoryKiB}`);
  }
  const shape: BodyShape = {
    records: view.getUint32(AT.records, true),
    chunks: view.getUint32(AT.chunks, true),
    lastChunkBytes: view.getUint32(AT.lastChunkBytes, true),
  };
  const fault = faultOfShape(shape);
  if (fault !== undefined) throw refuse(fault);
  if (fileBytes !== fileBytesOf(shape)) {
    throw refuse(`expected ${fileBytesOf(shape)} bytes, got ${fileBytes}: it was torn, truncated or added to`);
  }
  const copy = Uint8Array.from(bytes);
  return {
    ...shape,
    kdf: { kdf: 'argon2id', passes, memoryKiB, salt: copy.slice(AT.salt, AT.salt + SALT_BYTES) },
    commitment: copy.slice(AT.commitment, AT.commitment + COMMITMENT_BYTES),
    noncePrefix: copy.slice(AT.noncePrefix, AT.noncePrefix + NONCE_PREFIX_BYTES),
    bytes: copy,
  };
};

/** Nonce and associated data of a chunk. Both are public, and valid until the next call. */
export interface ChunkParameters {
  readonly nonce: Uint8Array;
  readonly associated: Uint8Array;
}

/** The parameters of each chunk of a file in turn. */
export const chunkParameters = ({ bytes, noncePrefix, chunks }: SealedHeader): ((index: number) => ChunkParameters) => {
  const nonce = new Uint8Array(AEAD_NONCE_BYTES);
  const associated = new Uint8Array(ASSOCIATED_BYTES);
  nonce.set(noncePrefix);
  associated.set(bytes);
  return (index) => {
    viewOf(nonce).setUint32(NONCE_PREFIX_BYTES, index, true);
    viewOf(associated).setUint32(HEADER_BYTES, index, true);
    associated[ASSOCIATED_BYTES - 1] = index === chunks - 1 ? 1 : 0;
    return { nonce, associated };
  };
};

/** Puts records into chunks by their lengths, in order. The same lengths give the same places. */
export interface Packing {
  /** Place a record: where it starts, and whether a new chunk had to be begun for it. */
  place(bytes: number): { readonly at: number; readonly isNewChunk: boolean };
  shape(): BodyShape;
}

export const createPacking = (): Packing => {
  let records = 0;
  let chunks = 1;
  let used = 0;
  return {
    place(bytes) {
      const isNewChunk = used + bytes > CHUNK_BYTES;
      const at = isNewChunk ? 0 : used;
      if (isNewChunk) chunks++;
      used = at + bytes;
      records++;
      return { at, isNewChunk };
    },
    shape: () => ({ records, chunks, lastChunkBytes: used }),
  };
};
