// What a new sealed file will hold: the records of the old one that are kept, then new ones. Secrets go from one arena
// buffer to the other, chunk by chunk.
import { VaultError } from '../../src/errors.js';
import type { KeyId } from '../../src/wire/types.js';
import type { Argon2idRequest } from '../kdf/request.js';
import type { Aead } from '../providers/aead.js';
import type { SealedFile } from './file.js';
import { createPacking, MAX_RECORDS, type Packing } from './format.js';
import { policyText, type SealedPolicy } from './policy.js';
import { visitRecords } from './read.js';
import { checkFields, type RecordFields, recordBytes, secretOf } from './record.js';

/** What a file is sealed with. For a new password or other parameters: with a new salt ({@link makeSalt}). */
export interface Seal {
  readonly kdf: Argon2idRequest;
  /** 64 bytes of arena memory, derived by `kdf`; the caller wipes it. */
  readonly derivedKey: Uint8Array;
}

export interface NewRecord {
  readonly id: KeyId;
  readonly type: string;
  readonly policy: SealedPolicy;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** 16 to 64. */
  readonly secretBytes: number;
  /** Fill the view, which is arena memory of `secretBytes` bytes. It must not touch the writer's rooms. */
  copySecretTo(view: Uint8Array): void;
}

/** What a writer works with: two buffers of arena memory of at least 64 KiB each, wiped after use. */
export interface WriterTools {
  readonly aead: Aead;
  /** Where the old file and the new one are decrypted to. */
  readonly reading: Uint8Array;
  /** Where the new file's chunks are put together. */
  readonly writing: Uint8Array;
}

export interface SealedChange {
  /** Come after the records that are kept, in this order. */
  readonly add?: readonly NewRecord[];
  readonly remove?: ReadonlySet<string>;
  /** Seals the new file; without it, the old file's salt, parameters and key do, with a fresh nonce prefix. */
  readonly seal?: Seal;
}

/** Everything that will be in the new file, in its order; the same each time. */
export interface Plan {
  readonly packing: Packing;
  /** Call back for every record, with the secret's source. */
  forEach(put: (fields: RecordFields, copySecretTo: (view: Uint8Array) => void) => void): void;
}

/** Verifies all of the old file. */
export const planOf = (
  old: SealedFile | undefined,
  oldKey: Uint8Array | undefined,
  { aead, reading }: WriterTools,
  { add = [], remove = new Set() }: SealedChange,
): Plan => {
  const packing = createPacking();
  const ids = new Set<string>();
  if (old !== undefined && oldKey !== undefined) {
    visitRecords(old, oldKey, reading, aead, ids, (record) => {
      if (!remove.has(record.id)) packing.place(recordBytes(record));
    });
  }
  for (const id of remove) {
    if (!ids.delete(id)) throw new VaultError('ERR_KEY_NOT_FOUND', `the file has no key ${id}`, { keyId: id });
  }
  const added = add.map((record) => ({ record, fields: { ...record, policy: policyText(record.policy) } }));
  for (const { fields } of added) {
    checkFields(fields);
    if (ids.has(fields.id)) {
      throw new VaultError('ERR_KEY_EXISTS', `the file has a key ${fields.id} already`, { keyId: fields.id });
    }
    ids.add(fields.id);
    packing.place(recordBytes(fields));
  }
  if (ids.size > MAX_RECORDS) throw new RangeError(`expected at most ${MAX_RECORDS} records, got ${ids.size}`);
  return {
    packing,
    forEach(put) {
      if (old !== undefined && oldKey !== undefined) {
        visitRecords(old, oldKey, reading, aead, undefined, (record, chunk) => {
          if (remove.has(record.id)) return;
          put(record, (view) => view.set(secretOf(record, chunk)));
        });
      }
      for (const { record, fields } of added) put(fields, (view) => record.copySecretTo(view));
    },
  };
};
