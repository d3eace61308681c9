// Writing sealed files: what is kept, what is refused, and that a file is never half written, nor given up for nothing.
import {
  chmodSync,
  linkSync,
  readdirSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { WriterTools } from '../../dist/workers/sealed/change.js';
import { openSealedFile } from '../../dist/workers/sealed/file.js';
import { makeSalt } from '../../dist/workers/sealed/format.js';
import { type SealedWriter, withSealedWriter } from '../../dist/workers/sealed/write.js';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { runProgram } from '../support/child.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import {
  build,
  bytesOf,
  createSealed,
  failsUntouched,
  fileOf,
  inFolder,
  isAlone,
  makeRecord,
  makeRecords,
  makeSeal,
  newPath,
  readAll,
  recordOf,
} from './rig.js';
import { aead, asNew, inArena, isWiped, NO_SODIUM, nativeAead, staging, tools } from './room.js';

const test = suite('writing sealed files');
const random = seededRandom('writing sealed files');
const isPosix = process.platform !== 'win32';
const seal = makeSeal();

const ids = (path: string): string[] => readAll(path, seal.derivedKey).map(({ id }) => id);

test('a new file has mode 0600 under any umask, and nothing is beside it', async () => {
  for (const mask of [0o000, 0o022, 0o377]) {
    const path = inFolder();
    const before = process.umask(mask);
    try {
      await createSealed(makeRecords(3), seal, path);
    } finally {
      process.umask(before);
    }
    if (isPosix) assert.is(statSync(path).mode & 0o7777, 0o600);
    assert.ok(isAlone(path));
    assert.ok(isWiped());
  }
});

test('records that are kept stay in their order and as they were, new ones follow', async () => {
  const path = inFolder();
  const old = makeRecords(3000);
  const added = makeRecords(1200, 'new');
  const remove = new Set(old.filter((_, i) => i % 3 === 0).map(({ id }) => id));
  await createSealed(old, seal, path);
  await withSealedWriter(path, tools, (writer) => {
    assert.is(writer.header?.records, 3000);
    writer.update(seal.derivedKey, { add: added.map(asNew), remove });
  });
  assert.equal(readAll(path, seal.derivedKey), [...old.filter(({ id }) => !remove.has(id)), ...added]);
  assert.ok(isAlone(path));
  assert.ok(isWiped());
  await withSealedWriter(path, tools, (writer) => {
    writer.update(seal.derivedKey, {
      remove: new Set([...old, ...added].map(({ id }) => id).filter((id) => !remove.has(id))),
    });
  });
  assert.equal(readAll(path, seal.derivedKey), []);
});

test('a record that was removed may be added anew in the same write', async () => {
  const path = await createSealed(makeRecords(3), seal);
  const again = makeRecord('key/1', 64);
  await withSealedWriter(path, tools, (writer) => {
    writer.update(seal.derivedKey, { add: [asNew(again)], remove: new Set(['key/1']) });
  });
  assert.equal(ids(path), ['key/0', 'key/2', 'key/1']);
  assert.equal(readAll(path, seal.derivedKey)[2], again);
});

test('what this version does not understand is kept as it is', async () => {
  const policy = '{"maxSignatures":5}';
  const unknown = recordOf('key/0', 'a-type-to-come', policy, 5, random.bytes(48));
  const path = fileOf(build(seal, { records: 1, chunks: [unknown] }));
  await withSealedWriter(path, tools, (writer) => {
    writer.update(seal.derivedKey, { add: [asNew(makeRecord('key/1'))] });
  });
  const file = openSealedFile(path);
  const plain = new Uint8Array(file.header.lastChunkBytes);
  const associated = Uint8Array.from([...file.header.bytes, 0, 0, 0, 0, 1]);
  const nonce = Uint8Array.from([...file.header.noncePrefix, 0, 0, 0, 0]);
  const body = bytesOf(path).subarray(128);
  file.close();
  assert.ok(aead.open(seal.derivedKey.subarray(0, 32), nonce, associated, body, plain));
  assert.ok(Buffer.from(plain.subarray(0, unknown.length)).equals(Buffer.from(unknown)));
});

test('every write has a nonce prefix of its own, and keeps the salt where it keeps the key', async () => {
  const path = await createSealed(makeRecords(1), seal);
  const seen = new Set<string>();
  for (let round = 0; round < 5; round++) {
    const file = openSealedFile(path);
    file.close();
    seen.add(Buffer.from(file.header.noncePrefix).toString('hex'));
    equalBytes(file.header.kdf.salt, seal.kdf.salt);
    await withSealedWriter(path, tools, (writer) => writer.update(seal.derivedKey, {}));
  }
  assert.is(seen.size, 5);
  const salts = Array.from({ length: 10 }, () => Buffer.from(makeSalt()).toString('hex'));
  assert.is(new Set(salts).size, 10);
});

test('a new password or new parameters: the same records, and the old key opens nothing any more', async () => {
  const path = inFolder();
  const records = makeRecords(50);
  await createSealed(records, seal, path);
  const next = {
    kdf: { kdf: 'argon2id', passes: 4, memoryKiB: 1024, salt: makeSalt() },
    derivedKey: inArena(random.bytes(64)),
  } as const;
  await withSealedWriter(path, tools, (writer) => writer.update(seal.derivedKey, { seal: next }));
  assert.equal(readAll(path, next.derivedKey), records);
  await rejects((async () => readAll(path, seal.derivedKey))(), 'ERR_PASSWORD');
  const file = openSealedFile(path);
  file.close();
  assert.is(file.header.kdf.passes, 4);
  assert.is(file.header.kdf.memoryKiB, 1024);
  equalBytes(file.header.kdf.salt, next.kdf.salt);
});

test('a writer writes once, and only under its lock', async () => {
  const path = inFolder();
  let kept: SealedWriter | undefined;
  await withSealedWriter(path, tools, (writer) => {
    kept = writer;
    writer.create(seal, []);
    assert.throws(() => writer.update(seal.derivedKey, {}), /written once/);
  });
  assert.throws(() => kept?.update(seal.derivedKey, {}), /written once/);
  await failsUntouched(path, 'ERR_FILE_EXISTS', /never|not overwritten/, (writer) => writer.create(seal, []));
  await failsUntouched(inFolder(), 'ERR_SOURCE_NOT_FOUND', /no such file/, (w) => w.update(seal.derivedKey, {}));
});

test('a file that another program put there meanwhile is not overwritten', async () => {
  const path = inFolder();
  const foreign = Buffer.from('foreign');
  await rejects(
    withSealedWriter(path, tools, (writer) => {
      writeFileSync(path, foreign);
      writer.create(seal, []);
    }),
    'ERR_FILE_EXISTS',
  );
  equalBytes(bytesOf(path), foreign);
  assert.ok(isAlone(path));
  const exchanged = await createSealed([], seal, inFolder());
  const other = await createSealed(makeRecords(2), seal);
  await rejects(
    withSealedWriter(exchanged, tools, (writer) => {
      renameSync(other, exchanged);
      writer.update(seal.derivedKey, { add: [asNew(makeRecord('a'))] });
    }),
    'ERR_FILE_WRITE',
    /exchanged by another program/,
  );
  assert.equal(ids(exchanged), ['key/0', 'key/1']);
  assert.ok(isAlone(exchanged));
});

test('a folder that is missing is an error of writing', async () => {
  await rejects(
    withSealedWriter(join(newPath(), 'keys.sealed'), tools, () => {}),
    'ERR_FILE_WRITE',
    /could not be written \(ENOENT\)/,
  );
});

test('what killed writers left is removed, and nothing that only looks like it', async () => {
  const path = await createSealed([], seal, inFolder());
  const hex = '0123456789abcdef'.repeat(2);
  const left = ['new', 'draft', 'claim'].map((kind) => `.keys.sealed.${hex}.${kind}`);
  const others = [`.keys.sealed.${hex}`, `.other.sealed.${hex}.new`, `.keys.sealed.${hex}0.new`, 'keys.sealed.new'];
  for (const name of [...left, ...others]) writeFileSync(join(dirname(path), name), 'x');
  await withSealedWriter(path, tools, (writer) => writer.update(seal.derivedKey, {}));
  assert.equal(readdirSync(dirname(path)).sort(), ['keys.sealed', ...others].sort());
});

if (isPosix) {
  test('a symbolic link stands for its file, which is replaced and locked in its own folder', async () => {
    const path = await createSealed(makeRecords(1), seal, inFolder());
    const link = join(tempFolder(), 'link.sealed');
    symlinkSync(path, link);
    await withSealedWriter(link, tools, async (writer) => {
      await rejects(
        withSealedWriter(path, tools, () => {}),
        'ERR_FILE_LOCKED',
      );
      writer.update(seal.derivedKey, { add: [asNew(makeRecord('new'))] });
    });
    assert.is(readlinkSync(link), path);
    assert.equal(ids(path), ['key/0', 'new']);
    assert.ok(isAlone(link) && isAlone(path));
    const dangling = join(tempFolder(), 'dangling.sealed');
    symlinkSync(newPath(), dangling);
    await rejects(
      withSealedWriter(dangling, tools, (writer) => writer.create(seal, [])),
      'ERR_FILE_EXISTS',
    );
  });

  test('another name of the file (a hard link) keeps the old one', async () => {
    const path = await createSealed(makeRecords(1), seal);
    const kept = newPath();
    linkSync(path, kept);
    await withSealedWriter(path, tools, (writer) => writer.update(seal.derivedKey, { remove: new Set(['key/0']) }));
    assert.equal(ids(path), []);
    assert.equal(ids(kept), ['key/0']);
  });

  test('a file that others may read is refused; where that is allowed, the new one is private', async () => {
    const path = await createSealed(makeRecords(1), seal);
    chmodSync(path, 0o644);
    await failsUntouched(path, 'ERR_SOURCE_PERMISSIONS', /mode 0644/, (w) => w.update(seal.derivedKey, {}));
    await withSealedWriter(path, tools, (w) => w.update(seal.derivedKey, {}), { allowSharedFile: true });
    assert.is(statSync(path).mode & 0o7777, 0o600);
  });

  if (process.getuid?.() === 0) test.skip('a folder that cannot be written to', 'root may write everywhere');
  else {
    test('a folder that cannot be written to is an error of writing', async () => {
      const path = await createSealed([], seal, inFolder());
      chmodSync(dirname(path), 0o500);
      try {
        await failsUntouched(path, 'ERR_FILE_WRITE', /\(EACCES\)/, (w) => w.update(seal.derivedKey, {}));
      } finally {
        chmodSync(dirname(path), 0o700);
      }
    });
  }

  test('a disk that takes only a part of the new file leaves the old one, and nothing else', async () => {
    const path = await createSealed(makeRecords(2200), seal, inFolder());
    const before = bytesOf(path);
    const program = new URL('./fixtures/writer.js', import.meta.url).pathname;
    const key = Buffer.from(seal.derivedKey).toString('hex');
    // 64 blocks of a file (32 or 64 KiB) are all that this process may write.
    const script = 'ulimit -f 64; exec "$0" "$1" add "$2" "$3" late 1';
    const result = await runProgram('/bin/sh', ['-c', script, process.execPath, program, path, key]);
    assert.is(result.stdout.trim(), 'ERR_FILE_WRITE (EFBIG)', result.stderr);
    equalBytes(bytesOf(path), before);
    assert.ok(isAlone(path));
  });
}

if (process.platform === 'linux') {
  test('every descriptor is closed, after success and after failure', async () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const path = await createSealed(makeRecords(1), seal);
    const before = open();
    for (let round = 0; round < 10; round++) {
      await withSealedWriter(path, tools, (writer) => writer.update(seal.derivedKey, {}));
      await rejects(
        withSealedWriter(path, tools, (writer) => writer.update(makeSeal().derivedKey, {})),
        'ERR_PASSWORD',
      );
    }
    assert.is(open(), before);
  });
}

const native = nativeAead;
if (native === undefined) test.skip('secrets are in arena memory only', NO_SODIUM);
else {
  test('the native functions are given secrets in the arena only, and wipe it (control: a copy is noticed)', async () => {
    const outside: string[] = [];
    const watched = (copying: boolean): WriterTools => {
      const look = (what: string, bytes: Uint8Array): Uint8Array => {
        const given = copying ? Uint8Array.from(bytes) : bytes;
        if (given.buffer !== staging.buffer) outside.push(what);
        return given;
      };
      const watching: WriterTools['aead'] = {
        name: 'native',
        seal: (key, nonce, ad, text, sealed) => native.seal(look('key', key), nonce, ad, look('text', text), sealed),
        open(key, nonce, ad, sealed, text) {
          const into = look('text', text);
          const isOpen = native.open(look('key', key), nonce, ad, sealed, into);
          if (into !== text) text.set(into);
          return isOpen;
        },
      };
      return { ...tools, aead: watching };
    };
    const path = await createSealed(makeRecords(2000), seal);
    await withSealedWriter(path, watched(false), (w) => w.update(seal.derivedKey, { remove: new Set(['key/7']) }));
    assert.equal(outside, []);
    assert.ok(isWiped());
    await withSealedWriter(path, watched(true), (w) => w.update(seal.derivedKey, {}));
    assert.ok(outside.length > 0, 'the control');
  });
}

test.run();
