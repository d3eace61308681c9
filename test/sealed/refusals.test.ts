import type { KeyId } from '../../dist/src/wire/types.js';
import type { NewRecord, WriterTools } from '../../dist/workers/sealed/change.js';
import { type SealedWriter, withSealedWriter } from '../../dist/workers/sealed/write.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { bytesOf, createSealed, failsUntouched, fileOf, inFolder, makeRecord, makeRecords, makeSeal } from './rig.js';
import { aead, asNew, decoded, tools } from './room.js';

const test = suite('refusals of writers');
const seal = makeSeal();

test('a file that is damaged, torn, or of another password is never replaced', async () => {
  const whole = bytesOf(await createSealed(makeRecords(2200), seal));
  const update = (writer: SealedWriter): void => writer.update(seal.derivedKey, { add: [asNew(makeRecord('new'))] });
  const spoiled = Uint8Array.from(whole);
  spoiled[spoiled.length - 1]! ^= 1;
  for (const [bytes, message] of [
    [spoiled, /chunk 3 of 3 does not verify/],
    [whole.subarray(0, 70_000), /expected \d+ bytes, got 70000/],
    [new Uint8Array(0), /got 0 bytes/],
    [Buffer.from('something else of that name'.repeat(10)), /does not begin as such/],
  ] as const) {
    const path = fileOf(bytes, inFolder());
    await failsUntouched(path, 'ERR_SEALED_FILE', message, update);
    await failsUntouched(path, bytes === spoiled ? 'ERR_FILE_EXISTS' : 'ERR_SEALED_FILE', /./, (writer) => {
      writer.create(seal, [asNew(makeRecord('new'))]);
    });
  }
  const path = fileOf(whole, inFolder());
  const other = makeSeal();
  await failsUntouched(path, 'ERR_PASSWORD', /does not open it/, (writer) => writer.update(other.derivedKey, {}));
  await failsUntouched(path, 'ERR_PASSWORD', /does not open it/, (writer) => {
    writer.update(other.derivedKey, { seal: other });
  });
});

test('ids that come twice, or are not there to be removed, are refused', async () => {
  const path = await createSealed(makeRecords(3), seal, inFolder());
  const record = asNew(makeRecord('key/1'));
  const twice = [asNew(makeRecord('a')), asNew(makeRecord('a'))];
  await failsUntouched(path, 'ERR_KEY_EXISTS', /key\/1/, (writer) => writer.update(seal.derivedKey, { add: [record] }));
  await failsUntouched(path, 'ERR_KEY_EXISTS', /a already/, (writer) => writer.update(seal.derivedKey, { add: twice }));
  await failsUntouched(path, 'ERR_KEY_NOT_FOUND', /no key x/, (writer) => {
    writer.update(seal.derivedKey, { remove: new Set(['x']) });
  });
  await failsUntouched(inFolder(), 'ERR_KEY_EXISTS', /a already/, (writer) => writer.create(seal, twice));
});

test('fields and parameters that a file cannot hold are bugs of the caller', async () => {
  const good = asNew(makeRecord('a'));
  const bad: readonly Partial<NewRecord>[] = [
    { id: '-a' as KeyId },
    { type: 'Seed' },
    { created: -1 },
    { created: 1.5 },
    { secretBytes: 15 },
    { secretBytes: 65 },
  ];
  for (const part of bad) {
    await failsUntouched(inFolder(), RangeError, /expected/, (writer) => writer.create(seal, [{ ...good, ...part }]));
  }
  for (const part of [{ passes: 0 }, { memoryKiB: 7 }, { salt: new Uint8Array(15) }, { passes: 2 ** 32 }]) {
    await failsUntouched(inFolder(), RangeError, /expected/, (writer) => {
      writer.create({ ...seal, kdf: { ...seal.kdf, ...part } }, [good]);
    });
  }
  await failsUntouched(inFolder(), RangeError, /"derivedKey" expected 64/, (writer) => {
    writer.create({ ...seal, derivedKey: new Uint8Array(32) }, [good]);
  });
  await rejects(
    withSealedWriter(inFolder(), { ...tools, reading: new Uint8Array(9) }, () => {}),
    RangeError,
  );
  await rejects(
    withSealedWriter(inFolder(), { ...tools, writing: new Uint8Array(9) }, () => {}),
    RangeError,
  );
});

test('what a source of secrets throws comes through; no file is made, and the secrets before it are wiped', async () => {
  let hadSecret = false;
  const failing: NewRecord = {
    ...asNew(makeRecord('z')),
    copySecretTo: () => {
      hadSecret = decoded.some((byte) => byte !== 0);
      throw new RangeError('expected to fail');
    },
  };
  const add = [...makeRecords(2000).map(asNew), failing];
  await failsUntouched(inFolder(), RangeError, /expected to fail/, (writer) => writer.create(seal, add));
  assert.ok(hadSecret);
  const path = await createSealed([], seal, inFolder());
  await failsUntouched(path, RangeError, /expected to fail/, (writer) => writer.update(seal.derivedKey, { add }));
});

test('an AEAD that writes nothing, or something else, costs no file: what was written is read back first', async () => {
  const path = await createSealed(makeRecords(5), seal, inFolder());
  const broken: WriterTools = { ...tools, aead: { ...aead, seal: () => {} } };
  await failsUntouched(path, 'ERR_SEALED_FILE', /does not verify/, (w) => w.update(seal.derivedKey, {}), broken);
  await failsUntouched(inFolder(), 'ERR_SEALED_FILE', /does not verify/, (w) => w.create(seal, []), broken);
});

test.run();
