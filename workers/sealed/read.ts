// Reads sealed files: each chunk is decrypted into arena memory, its records are visited there, and the memory is wiped.
// Nothing of a secret leaves that memory but by the visitor.
import { VaultError } from '../../src/errors.js';
import type { KeyId } from '../../src/wire/types.js';
import { AEAD_KEY_BYTES, AEAD_TAG_BYTES, type Aead } from '../providers/aead.js';
import { readAt, type SealedFile } from './file.js';
import { CHUNK_BYTES, chunkParameters, DERIVED_BYTES, damaged, HEADER_BYTES, SEALED_CHUNK_BYTES } from './format.js';
import { readPolicy, type SealedPolicy } from './policy.js';
import { createRecordParser, type RawRecord, secretOf } from './record.js';

export interface SealedRecord {
  readonly id: KeyId;
  /** Not every version knows every type: the caller judges it. */
  readonly type: string;
  readonly policy: SealedPolicy;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/** A record whose policy says something that this version does not know: its secret is not given out. */
export interface UnreadRecord {
  readonly id: KeyId;
  readonly type: string;
  readonly reason: string;
}

export interface SealedVisitor {
  /** @param secret - 16 to 64 bytes of `room`, valid during the call only. */
  onRecord(record: SealedRecord, secret: Uint8Array): void;
  /** Without it, such a record refuses the file. */
  onUnread?(record: UnreadRecord): void;
  /**
   * Verify the whole file before the first record is visited, so that a file that is damaged at its end is refused whole.
   * Default true. False halves the work, for callers that can take back what they did.
   */
  readonly verifyFirst?: boolean;
}

export const checkRoom = (name: string, room: Uint8Array): void => {
  if (room.length < CHUNK_BYTES) throw new RangeError(`"${name}" expected ${CHUNK_BYTES} bytes, got ${room.length}`);
};

/**
 * Whether a derived key is that of the file.
 *
 * @param derivedKey - 64 bytes of arena memory.
 * @throws {VaultError} ERR_PASSWORD - it is that of another password.
 */
export const checkDerivedKey = ({ path, header }: SealedFile, derivedKey: Uint8Array): void => {
  if (derivedKey.length !== DERIVED_BYTES) {
    throw new RangeError(`"derivedKey" expected ${DERIVED_BYTES} bytes, got ${derivedKey.length}`);
  }
  let difference = 0;
  for (let i = 0; i < header.commitment.length; i++) {
    difference |= header.commitment[i]! ^ derivedKey[AEAD_KEY_BYTES + i]!;
  }
  if (difference !== 0) throw new VaultError('ERR_PASSWORD', `file ${path}: the password does not open it`);
};

/**
 * Verify a sealed file from its first chunk to its last, and visit every record as it is.
 *
 * @param room - at least 64 KiB of arena memory; wiped when the call returns.
 * @param ids - collects the ids, to notice one that comes twice; undefined when the file was verified before.
 * @throws {VaultError} ERR_PASSWORD, ERR_SEALED_FILE
 */
export const visitRecords = (
  file: SealedFile,
  derivedKey: Uint8Array,
  room: Uint8Array,
  aead: Aead,
  ids: Set<string> | undefined,
  visit: (record: RawRecord, chunk: Uint8Array) => void,
): void => {
  checkRoom('room', room);
  checkDerivedKey(file, derivedKey);
  const { path, header } = file;
  const key = derivedKey.subarray(0, AEAD_KEY_BYTES);
  const parametersOf = chunkParameters(header);
  const parser = createRecordParser(room);
  const ciphertext = new Uint8Array(SEALED_CHUNK_BYTES);
  const used = room.subarray(0, CHUNK_BYTES);
  let records = 0;
  try {
    for (let index = 0; index < header.chunks; index++) {
      const isLast = index === header.chunks - 1;
      const refuse = (reason: string): VaultError => damaged(path, `chunk ${index + 1} of ${header.chunks} ${reason}`);
      const length = isLast ? header.lastChunkBytes : CHUNK_BYTES;
      const sealed = ciphertext.subarray(0, length + AEAD_TAG_BYTES);
      readAt(path, file.descriptor, sealed, HEADER_BYTES + index * SEALED_CHUNK_BYTES);
      const { nonce, associated } = parametersOf(index);
      if (!aead.open(key, nonce, associated, sealed, room.subarray(0, length))) {
        throw refuse('does not verify: it is damaged, or the file was altered');
      }
      let at = 0;
      for (; at < length && room[at] !== 0; records++) {
        const record = parser.parse(at, length);
        if (typeof record === 'string') throw refuse(`is malformed: record ${records + 1} ${record}`);
        if (ids?.has(record.id)) throw refuse(`is malformed: two records have the id ${record.id}`);
        ids?.add(record.id);
        if (records === header.records) throw refuse(`is malformed: expected no more than ${header.records} records`);
        at = record.end;
        visit(record, room);
      }
      if (at === 0 && header.records > 0) throw refuse('is malformed: it holds no record');
      if (isLast ? at !== length : room.subarray(at, length).some((byte) => byte !== 0)) {
        throw refuse('is malformed: more follows its last record');
      }
    }
    if (records !== header.records) {
      throw damaged(path, `malformed: expected ${header.records} records, got ${records}`);
    }
  } finally {
    used.fill(0);
  }
};

/**
 * Open a sealed file: visit every record, with its secret in arena memory. Takes constant memory, but for the ids.
 *
 * @param derivedKey - 64 bytes of arena memory, derived by `file.header.kdf`; the caller wipes it.
 * @param room - at least 64 KiB of arena memory (the staging buffer), which the visitor must not write to; wiped when
 *   the call returns.
 * @throws {VaultError} ERR_PASSWORD - the key is that of another password.
 * @throws {VaultError} ERR_SEALED_FILE - torn, altered, malformed, or with a record that is not understood and no `onUnread`.
 *   No record was visited then, unless `verifyFirst` is false.
 * @throws whatever the visitor throws.
 */
export const openSealed = (
  file: SealedFile,
  derivedKey: Uint8Array,
  room: Uint8Array,
  aead: Aead,
  visitor: SealedVisitor,
): void => {
  const refuseUnread = (record: RawRecord, reason: string): VaultError =>
    new VaultError('ERR_SEALED_FILE', `file ${file.path}: the record ${record.id} is not understood: ${reason}`, {
      keyId: record.id,
    });
  const ids = new Set<string>();
  const isVerifiedFirst = visitor.verifyFirst ?? true;
  if (isVerifiedFirst) {
    visitRecords(file, derivedKey, room, aead, ids, (record) => {
      const policy = readPolicy(record.policy);
      if (typeof policy === 'string' && visitor.onUnread === undefined) throw refuseUnread(record, policy);
    });
  }
  visitRecords(file, derivedKey, room, aead, isVerifiedFirst ? undefined : ids, (record, chunk) => {
    const { id, type, created } = record;
    const policy = readPolicy(record.policy);
    if (typeof policy !== 'string') visitor.onRecord({ id, type, policy, created }, secretOf(record, chunk));
    else if (visitor.onUnread === undefined) throw refuseUnread(record, policy);
    else visitor.onUnread({ id, type, reason: policy });
  });
};
