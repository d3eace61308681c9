// Arena memory, both implementations of the AEAD, keys and records for the tests of the sealed file; and a writer of
// files made after docs/sealed-file.md alone, which can also make what ours never would.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { VaultError, VaultErrorCode } from '../../dist/src/errors.js';
import type { Argon2idRequest } from '../../dist/workers/kdf/request.js';
import type { Aead } from '../../dist/workers/providers/aead.js';
import type { Seal, WriterTools } from '../../dist/workers/sealed/change.js';
import { openSealedFile } from '../../dist/workers/sealed/file.js';
import { openSealed } from '../../dist/workers/sealed/read.js';
import { type SealedWriter, withSealedWriter } from '../../dist/workers/sealed/write.js';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { tempFolder } from '../support/temp.js';
import { aead, asNew, inArena, isWiped, staging, type TestRecord, tools } from './room.js';

const random = seededRandom('sealed files');

export const makeSeal = (): Seal => ({
  kdf: { kdf: 'argon2id', passes: 3, memoryKiB: 65_536, salt: random.bytes(16) },
  derivedKey: inArena(random.bytes(64)),
});

export const makeRecord = (id: string, secretBytes = 32): TestRecord => ({
  id,
  type: secretBytes === 32 ? 'bls12-381' : 'seed',
  created: 1_700_000_000_000 + random.int(1_000_000),
  secret: random.bytes(secretBytes),
  ...(random.int(2) === 0 && { allow: ['sign', 'export'] as const }),
});

export const makeRecords = (count: number, prefix = 'key'): TestRecord[] =>
  Array.from({ length: count }, (_, i) => makeRecord(`${prefix}/${i}`, i % 7 === 3 ? 16 + random.int(49) : 32));

export const folder: string = tempFolder();
let count = 0;
export const newPath = (): string => join(folder, `keys-${count++}.sealed`);

export const createSealed = async (records: readonly TestRecord[], seal: Seal, path = newPath()): Promise<string> => {
  await withSealedWriter(path, tools, (writer) => writer.create(seal, records.map(asNew)));
  return path;
};

/** A file of these bytes, with mode 0600. */
export const fileOf = (bytes: Uint8Array, path = newPath()): string => {
  writeFileSync(path, bytes, { mode: 0o600 });
  chmodSync(path, 0o600);
  return path;
};

export const bytesOf = (path: string): Uint8Array<ArrayBuffer> => Uint8Array.from(readFileSync(path));

/** Every record of a file. A record that is not understood has no secret. */
export const readAll = (path: string, derivedKey: Uint8Array, by: Aead = aead): TestRecord[] => {
  const file = openSealedFile(path);
  const records: TestRecord[] = [];
  try {
    openSealed(file, derivedKey, staging, by, {
      onRecord: ({ id, type, policy, created }, secret) =>
        void records.push({ id, type, ...policy, created, secret: Uint8Array.from(secret) }),
    });
  } finally {
    file.close();
  }
  return records;
};

const u16 = (value: number): number[] => [value & 0xff, value >> 8];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];

/** A record by the document. */
export const recordOf = (id: string, type: string, policy: string, created: number, secret: Uint8Array): number[] => {
  const [idBytes, typeBytes, policyBytes] = [id, type, policy].map((text) => [...Buffer.from(text)]) as [
    number[],
    number[],
    number[],
  ];
  return [
    ...[idBytes.length, ...idBytes],
    ...[typeBytes.length, ...typeBytes],
    ...[...u16(policyBytes.length), ...policyBytes],
    ...[...u32(created % 2 ** 32), ...u32(Math.floor(created / 2 ** 32))],
    ...[secret.length, ...secret],
  ];
};

export interface Body {
  readonly records: number;
  /** Plaintexts. All but the last are filled up with zeros to 65,536 bytes. */
  readonly chunks: readonly (readonly number[])[];
}

/** Change header bytes after they were made, and before the checksum is. */
export type Spoil = (header: Uint8Array, view: DataView) => void;

/** A file by the document. */
export const build = (
  { kdf, derivedKey }: { readonly kdf: Argon2idRequest; readonly derivedKey: Uint8Array },
  { records, chunks }: Body,
  noncePrefix: Uint8Array = random.bytes(20),
  spoil: Spoil = () => {},
): Uint8Array => {
  const last = chunks.at(-1) ?? [];
  const header = Uint8Array.from([
    ...Buffer.from('STRONGRM'),
    ...[...u16(1), ...u16(128), 1, 1, ...u16(1), ...u32(kdf.passes), ...u32(kdf.memoryKiB)],
    ...[...u32(records), ...u32(chunks.length), ...kdf.salt, ...derivedKey.subarray(32), ...noncePrefix],
    ...[...u32(last.length), ...new Array<number>(24).fill(0)],
  ]);
  spoil(header, new DataView(header.buffer));
  header.set(createHash('sha256').update(header.subarray(0, 112)).digest().subarray(0, 16), 112);
  const sealed = chunks.map((chunk, index) => {
    const isLast = index === chunks.length - 1;
    const plaintext = new Uint8Array(isLast ? chunk.length : 65_536);
    plaintext.set(chunk);
    const nonce = Uint8Array.from([...noncePrefix, ...u32(index)]);
    const associated = Uint8Array.from([...header, ...u32(index), isLast ? 1 : 0]);
    return xchacha20poly1305(Uint8Array.from(derivedKey.subarray(0, 32)), nonce, associated).encrypt(plaintext);
  });
  return Uint8Array.from(Buffer.concat([header, ...sealed]));
};

/** The file is refused before any record of it is seen, and nothing is left in memory. */
export const isRefused = (path: string, code: VaultErrorCode, message: RegExp, derivedKey: Uint8Array): void => {
  staging.fill(0x5a, 0, 100);
  let seen = 0;
  try {
    const file = openSealedFile(path);
    try {
      openSealed(file, derivedKey, staging, aead, { onRecord: () => void seen++ });
    } finally {
      file.close();
    }
  } catch (error) {
    assert.is((error as VaultError).code, code, (error as Error).message);
    assert.match((error as Error).message, message);
    assert.ok((error as Error).message.startsWith(`file ${path}: `));
    assert.is(seen, 0, 'no record was visited');
    staging.fill(0, 0, 100); // a file that was not opened has no use for it
    assert.ok(isWiped());
    return;
  }
  assert.unreachable(`read: ${message}`);
};

/** A path in an empty folder of its own. */
export const inFolder = (): string => join(tempFolder(), 'keys.sealed');
export const isAlone = (path: string): boolean => readdirSync(dirname(path)).join() === basename(path);

/** The call fails, the file is as it was, and nothing is left beside it or in memory. */
export const failsUntouched = async (
  path: string,
  code: VaultErrorCode | typeof RangeError,
  message: RegExp,
  body: (writer: SealedWriter) => void,
  by: WriterTools = tools,
): Promise<void> => {
  const before = existsSync(path) ? bytesOf(path) : undefined;
  const names = readdirSync(dirname(path)).join();
  await rejects(withSealedWriter(path, by, body), code, message);
  if (before !== undefined) equalBytes(bytesOf(path), before);
  assert.is(readdirSync(dirname(path)).join(), names);
  assert.ok(isWiped());
};
