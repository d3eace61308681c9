import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import type { VaultErrorCode } from '../../dist/src/errors.js';
import { OPERATIONS } from '../../dist/src/wire/types.js';
import { nobleAead } from '../../dist/workers/providers/noble/aead.js';
import { openSealedFile } from '../../dist/workers/sealed/file.js';
import { openSealed, type SealedVisitor } from '../../dist/workers/sealed/read.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import {
  build,
  bytesOf,
  createSealed,
  fileOf,
  isRefused,
  makeRecord,
  makeRecords,
  makeSeal,
  readAll,
  recordOf,
  type Spoil,
} from './rig.js';
import { aead, inArena, isWiped, staging } from './room.js';

const test = suite('reading sealed files');
const random = seededRandom('reading sealed files');
const seal = makeSeal();

const refuses = (path: string, code: VaultErrorCode, message: RegExp, key = seal.derivedKey): void =>
  isRefused(path, code, message, key);

test('0, 1 and 10,000 records come back in their order, with every field', async () => {
  for (const count of [0, 1, 10_000]) {
    const records = makeRecords(count);
    const path = await createSealed(records, seal);
    assert.equal(readAll(path, seal.derivedKey), records);
    assert.ok(isWiped());
    if (count <= 1) assert.equal(readAll(path, seal.derivedKey, nobleAead), records);
  }
});

test('a file made after the document alone is read: the longest fields, full chunks, and a time of any size', () => {
  const secret = random.bytes(64);
  const policy = JSON.stringify({ allow: OPERATIONS });
  const id = `a${'/:._-Z9'.repeat(18)}b`;
  const longest = recordOf(id, 'x'.repeat(32), policy, 8_640_000_000_000_000, secret);
  // 512 records of 128 bytes fill a chunk to its last byte.
  const full = Array.from({ length: 512 }, (_, i) =>
    recordOf(`${1000 + i}${'y'.repeat(73)}`, 'seed', '{}', i, random.bytes(32)),
  );
  assert.is(full.flat().length, 65_536);
  for (const chunks of [
    [full.flat(), longest],
    [longest, full.flat()],
  ]) {
    const records = readAll(fileOf(build(seal, { records: 513, chunks })), seal.derivedKey);
    const record = records.find((each) => each.id === id);
    assert.is(record?.created, 8_640_000_000_000_000);
    assert.equal(record?.allow, OPERATIONS);
    assert.ok(record !== undefined && Buffer.from(record.secret).equals(secret));
    assert.is(records.filter(({ id }) => id.endsWith('y')).length, 512);
  }
});

test('the header is read without a key: parameters, salt and counts', async () => {
  const path = await createSealed(makeRecords(3), seal);
  const file = openSealedFile(path);
  file.close();
  assert.is(file.header.records, 3);
  assert.is(file.header.chunks, 1);
  assert.is(file.header.kdf.passes, seal.kdf.passes);
  assert.is(file.header.kdf.memoryKiB, seal.kdf.memoryKiB);
  equalBytes(file.header.kdf.salt, seal.kdf.salt);
});

test('every flipped bit of the header, and of a small body, is refused whole', async () => {
  const path = await createSealed([makeRecord('key/0')], seal);
  const whole = bytesOf(path);
  const descriptor = openSync(path, 'r+');
  const put = (at: number, byte: number): void => void writeSync(descriptor, Uint8Array.of(byte), 0, 1, at);
  for (let bit = 0; bit < 8 * whole.length; bit++) {
    const at = bit >> 3;
    put(at, whole[at]! ^ (1 << (bit & 7)));
    refuses(path, 'ERR_SEALED_FILE', at < 128 ? /damaged|expected/ : /chunk 1 of 1 does not verify/);
    put(at, whole[at]!);
  }
  closeSync(descriptor);
  assert.is(readAll(path, seal.derivedKey).length, 1);
});

test('a header that was altered with its checksum is refused too: each chunk authenticates it', () => {
  const chunks = [recordOf('key/0', 'seed', '{}', 0, random.bytes(32))];
  const prefix = random.bytes(20);
  const honest = build(seal, { records: 1, chunks }, prefix);
  assert.is(readAll(fileOf(honest), seal.derivedKey).length, 1);
  /** The header that others would have made, before the chunks of the honest file. */
  const altered = (spoil: Spoil): string =>
    fileOf(
      Uint8Array.from([
        ...build(seal, { records: 1, chunks }, prefix, spoil).subarray(0, 128),
        ...honest.subarray(128),
      ]),
    );
  refuses(
    altered((_, view) => view.setUint32(16, 1, true)),
    'ERR_SEALED_FILE',
    /does not verify/,
  );
  refuses(
    altered((_, view) => view.setUint32(20, 8, true)),
    'ERR_SEALED_FILE',
    /does not verify/,
  );
  refuses(
    altered((_, view) => view.setUint32(24, 2, true)),
    'ERR_SEALED_FILE',
    /does not verify/,
  );
  refuses(
    altered((header) => header.fill(1, 32, 48)),
    'ERR_SEALED_FILE',
    /does not verify/,
  );
  refuses(
    altered((header) => header.fill(1, 80, 100)),
    'ERR_SEALED_FILE',
    /does not verify/,
  );
  // What the commitment says is taken for a password that is wrong.
  refuses(
    altered((header) => header.fill(1, 48, 80)),
    'ERR_PASSWORD',
    /does not open it/,
  );
});

test('what a header may not say is refused before a key is derived', () => {
  const chunks = [recordOf('key/0', 'seed', '{}', 0, random.bytes(32))];
  const cases: readonly (readonly [Spoil, RegExp])[] = [
    [(header) => header.set(Buffer.from('strongrm')), /does not begin as such/],
    [(_, view) => view.setUint16(8, 2, true), /expected a sealed file of version 1, got version 2/],
    [(_, view) => view.setUint16(8, 0, true), /got version 0/],
    [(_, view) => view.setUint16(10, 256, true), /header length of 128, got 256/],
    [(header) => header.fill(2, 12, 13), /key derivation 1, got 2/],
    [(header) => header.fill(0, 13, 14), /encryption 1, got 0/],
    [(_, view) => view.setUint16(14, 4, true), /lanes of 1, got 4/],
    [(_, view) => view.setUint32(16, 0, true), /1 pass or more/],
    [(_, view) => view.setUint32(20, 7, true), /8 KiB or more, got 3 over 7/],
    [(_, view) => view.setUint32(24, 1_000_001, true), /at most 1000000 records/],
    [(_, view) => view.setUint32(28, 0, true), /expected 1 to 1 chunks, got 0/],
    [(_, view) => view.setUint32(28, 2, true), /expected 1 to 1 chunks, got 2/],
    [(_, view) => view.setUint32(100, 65_537, true), /last chunk of at most 65536/],
    [(_, view) => view.setUint32(100, 1, true), /expected 145 bytes/],
    [(header) => header.fill(1, 111, 112), /reserved bytes are not zero/],
  ];
  for (const [spoil, message] of cases) {
    refuses(fileOf(build(seal, { records: 1, chunks }, undefined, spoil)), 'ERR_SEALED_FILE', message);
  }
});

test('a file that was cut or added to, at every boundary and beside it, is refused', async () => {
  const whole = bytesOf(await createSealed(makeRecords(2200), seal));
  const boundaries = [0, 8, 112, 128, 144, 128 + 65_552, 128 + 2 * 65_552, whole.length];
  assert.ok(whole.length > 128 + 2 * 65_552);
  for (const at of boundaries.flatMap((boundary) => [boundary - 1, boundary, boundary + 1])) {
    if (at < 0 || at === whole.length) continue;
    const cut = at < whole.length ? whole.subarray(0, at) : Uint8Array.from([...whole, 0]);
    refuses(fileOf(cut), 'ERR_SEALED_FILE', /expected/);
  }
});

test('chunks that were exchanged, repeated, left out, cut, or come from another file are refused', async () => {
  const records = makeRecords(2200);
  const path = await createSealed(records, seal);
  const whole = bytesOf(path);
  const other = bytesOf(await createSealed(records, seal)); // the same key and records
  const chunk = (index: number, of = whole): Uint8Array =>
    of.subarray(128 + index * 65_552, Math.min(of.length, 128 + (index + 1) * 65_552));
  const header = whole.subarray(0, 128);
  const join = (...parts: Uint8Array[]): string => fileOf(Uint8Array.from(Buffer.concat(parts)));
  assert.is(readAll(join(header, chunk(0), chunk(1), chunk(2)), seal.derivedKey).length, 2200);
  refuses(join(header, chunk(1), chunk(0), chunk(2)), 'ERR_SEALED_FILE', /chunk 1 of 3 does not verify/);
  refuses(join(header, chunk(0), chunk(0), chunk(2)), 'ERR_SEALED_FILE', /chunk 2 of 3 does not verify/);
  refuses(join(header, chunk(0), chunk(1, other), chunk(2)), 'ERR_SEALED_FILE', /chunk 2 of 3 does not verify/);
  refuses(join(header, chunk(0), chunk(1), chunk(2, other)), 'ERR_SEALED_FILE', /chunk 3 of 3 does not verify/);
  refuses(join(header, chunk(0), chunk(2)), 'ERR_SEALED_FILE', /expected \d+ bytes, got/);
  refuses(join(header, chunk(0), chunk(1), chunk(2), chunk(2)), 'ERR_SEALED_FILE', /expected \d+ bytes, got/);
  refuses(join(other.subarray(0, 128), chunk(0), chunk(1), chunk(2)), 'ERR_SEALED_FILE', /chunk 1 of 3/);
  for (let round = 0; round < 60; round++) {
    const bit = random.int(8 * (whole.length - 128)) + 8 * 128;
    const flipped = Uint8Array.from(whole);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    refuses(fileOf(flipped), 'ERR_SEALED_FILE', /chunk \d of 3 does not verify/);
  }
});

test('the last chunk cannot be made of an earlier one: the flag is authenticated', () => {
  const secrets = [random.bytes(32), random.bytes(32)];
  const records = secrets.map((secret, i) => recordOf(`key/${i}`, 'seed', '{}', 0, secret));
  const prefix = random.bytes(20);
  const two = build(seal, { records: 2, chunks: records }, prefix);
  // The header of a file of one full chunk, with the first chunk of the file of two.
  const full = [...records[0]!, ...new Array<number>(65_536 - records[0]!.length).fill(0)];
  const one = build(seal, { records: 1, chunks: [full] }, prefix);
  const forged = Uint8Array.from([...one.subarray(0, 128), ...two.subarray(128, 128 + 65_552)]);
  refuses(fileOf(forged), 'ERR_SEALED_FILE', /chunk 1 of 1 does not verify/);
});

test('a wrong password is told from a damaged file', async () => {
  const path = await createSealed(makeRecords(2), seal);
  refuses(path, 'ERR_PASSWORD', /the password does not open it$/, makeSeal().derivedKey);
  const wrong = Uint8Array.from(seal.derivedKey);
  wrong[63]! ^= 1;
  refuses(path, 'ERR_PASSWORD', /the password does not open it$/, inArena(wrong));
  // The commitment alone opens nothing.
  wrong[63]! ^= 1;
  wrong[0]! ^= 1;
  refuses(path, 'ERR_SEALED_FILE', /chunk 1 of 1 does not verify/, inArena(wrong));
});

test('an authenticated body that breaks a rule is refused whole', () => {
  const secret = random.bytes(32);
  const good = recordOf('key/0', 'seed', '{}', 0, secret);
  const second = recordOf('key/1', 'seed', '{}', 0, secret);
  const cases: readonly (readonly [number, readonly (readonly number[])[], RegExp])[] = [
    [2, [[...good, ...good]], /two records have the id key\/0/],
    [2, [good, good], /chunk 2 of 2 is malformed: two records have the id key\/0/],
    [1, [[...good, ...second]], /expected no more than 1 records/],
    [3, [[...good, ...second]], /expected 3 records, got 2/],
    [0, [good], /expected no more than 0 records/],
    [1, [[...good, 0]], /more follows its last record/],
    [2, [[...good, 0, 7], second], /more follows its last record/],
    [2, [[], second], /chunk 1 of 2 is malformed: it holds no record/],
    [2, [[...good, ...second], []], /chunk 2 of 2 is malformed: it holds no record/],
    [1, [good.slice(0, -1)], /record 1 is cut off/],
    [1, [good.slice(0, 3)], /record 1 is cut off/],
    [1, [[255, 1]], /record 1 is cut off/],
    [1, [recordOf('-key', 'seed', '{}', 0, secret)], /record 1 has a field that no record may have/],
    [1, [recordOf('ключ', 'seed', '{}', 0, secret)], /has a field/],
    [1, [recordOf('key', 'Seed', '{}', 0, secret)], /has a field/],
    [1, [recordOf('key', '', '{}', 0, secret)], /has a field/],
    [1, [recordOf('key', 'x'.repeat(33), '{}', 0, secret)], /has a field/],
    [1, [recordOf('key', 'seed', '', 0, secret)], /has a field/],
    [1, [recordOf('key', 'seed', '{}', 8_640_000_000_000_001, secret)], /has a field/],
    [1, [recordOf('key', 'seed', '{}', 0, random.bytes(15))], /has a field/],
    [1, [recordOf('key', 'seed', '{}', 0, random.bytes(65))], /has a field/],
    [1, [recordOf('key', 'seed', `"${'x'.repeat(4095)}"`, 0, secret)], /has a field/],
  ];
  for (const [records, chunks, message] of cases) {
    refuses(fileOf(build(seal, { records, chunks })), 'ERR_SEALED_FILE', message);
  }
});

test('a policy that is not understood keeps its key out: of the file, or where asked, alone', () => {
  const secret = random.bytes(32);
  const policies = [
    '{"maxSignatures":1}',
    '{"allow":["sign"],"idleMs":5}',
    '{"allow":["sign","teleport"]}',
    '{"allow":["sign","sign"]}',
    '{"allow":"sign"}',
    '{"allow":null}',
    '{"allow":["sign"],"allow":["export"]}',
    '{ "allow":["sign"]}',
    '["sign"]',
    'null',
    '{"__proto__":{"allow":["export"]}}',
    'not JSON',
  ];
  for (const policy of policies) {
    const chunks = [[...recordOf('key/0', 'seed', '{}', 0, secret), ...recordOf('key/1', 'seed', policy, 0, secret)]];
    const path = fileOf(build(seal, { records: 2, chunks }));
    refuses(path, 'ERR_SEALED_FILE', /the record key\/1 is not understood: its policy /);
    const file = openSealedFile(path);
    const seen: string[] = [];
    openSealed(file, seal.derivedKey, staging, aead, {
      onRecord: ({ id }) => void seen.push(id),
      onUnread: ({ id, reason }) => void seen.push(`${id}: ${reason.slice(0, 10)}`),
    });
    file.close();
    assert.equal(seen, ['key/0', 'key/1: its policy'], policy);
  }
  const known = recordOf('key/0', 'a-type-to-come', '{"allow":[]}', 0, secret);
  const [record] = readAll(fileOf(build(seal, { records: 1, chunks: [known] })), seal.derivedKey);
  assert.equal([record?.type, record?.allow], ['a-type-to-come', []], 'types are for the caller to judge');
});

test('without verifyFirst records come before the damage is found; the error comes all the same', async () => {
  const whole = bytesOf(await createSealed(makeRecords(2200), seal));
  whole[whole.length - 1]! ^= 1;
  const file = openSealedFile(fileOf(whole));
  let seen = 0;
  const visitor: SealedVisitor = { onRecord: () => void seen++, verifyFirst: false };
  assert.throws(() => openSealed(file, seal.derivedKey, staging, aead, visitor), /chunk 3 of 3 does not verify/);
  file.close();
  assert.ok(seen > 0);
  assert.ok(isWiped());
  const twice = recordOf('key/0', 'seed', '{}', 0, random.bytes(32));
  const repeated = openSealedFile(fileOf(build(seal, { records: 2, chunks: [[...twice, ...twice]] })));
  assert.throws(() => openSealed(repeated, seal.derivedKey, staging, aead, visitor), /two records have the id/);
  repeated.close();
});

test('what the visitor throws comes through, and nothing is left; the secret it sees lies in the room', async () => {
  const path = await createSealed(makeRecords(2), seal);
  const file = openSealedFile(path);
  let hadSecret = false;
  const thrown = new Error('enough');
  const onRecord: SealedVisitor['onRecord'] = (_, secret) => {
    hadSecret = secret.some((byte) => byte !== 0) && secret.buffer === staging.buffer;
    throw thrown;
  };
  assert.throws(
    () => openSealed(file, seal.derivedKey, staging, aead, { onRecord }),
    (error: Error) => error === thrown,
  );
  file.close();
  assert.ok(hadSecret, 'there was a secret to wipe');
  assert.ok(isWiped());
});

test('a file that shrinks while it is read is refused', async () => {
  const path = await createSealed(makeRecords(2200), seal);
  const file = openSealedFile(path);
  truncateSync(path, 70_000);
  assert.throws(() => openSealed(file, seal.derivedKey, staging, aead, { onRecord() {} }), /became shorter/);
  file.close();
  assert.ok(isWiped());
});

test('rooms and keys of a wrong length are bugs of the caller', async () => {
  const file = openSealedFile(await createSealed([], seal));
  const visitor: SealedVisitor = { onRecord() {} };
  const isRange = (error: Error): boolean => error instanceof RangeError;
  assert.throws(() => openSealed(file, seal.derivedKey, staging.subarray(0, 65_535), aead, visitor), isRange);
  assert.throws(() => openSealed(file, seal.derivedKey.subarray(1), staging, aead, visitor), isRange);
  file.close();
});

test.run();
