// Which files are opened as sealed files at all: the rules of key files, by one descriptor.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { VaultErrorCode } from '../../dist/src/errors.js';
import { openSealedFile } from '../../dist/workers/sealed/file.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { createSealed, fileOf, folder, isRefused, makeRecords, makeSeal, newPath, readAll } from './rig.js';

const test = suite('opening sealed files');
const random = seededRandom('opening sealed files');
const isPosix = process.platform !== 'win32';
const seal = makeSeal();

const refuses = (path: string, code: VaultErrorCode, message: RegExp, key = seal.derivedKey): void =>
  isRefused(path, code, message, key);

test('what is no file, or is missing, is refused as key files are', () => {
  refuses(newPath(), 'ERR_SOURCE_NOT_FOUND', /no such file/);
  const directory = newPath();
  mkdirSync(directory);
  refuses(directory, 'ERR_SOURCE_NOT_FILE', /got a directory/);
  refuses(join(fileOf(new Uint8Array(1)), 'x'), 'ERR_SOURCE_UNREADABLE', /could not be read \(/);
  refuses(fileOf(new Uint8Array(0)), 'ERR_SEALED_FILE', /expected a sealed file, got 0 bytes/);
  refuses(fileOf(random.bytes(5000)), 'ERR_SEALED_FILE', /does not begin as such/);
});

if (isPosix) {
  test('a file that others may read or write is refused, a FIFO or device does not hang, a link is followed', async () => {
    const path = await createSealed(makeRecords(1), seal);
    const link = newPath();
    symlinkSync(path, link);
    assert.is(readAll(link, seal.derivedKey).length, 1);
    for (const mode of [0o640, 0o604, 0o660, 0o620, 0o602, 0o777]) {
      chmodSync(path, mode);
      refuses(path, 'ERR_SOURCE_PERMISSIONS', /expected no access for group and others, got mode 0/);
      refuses(link, 'ERR_SOURCE_PERMISSIONS', /got mode 0/);
      openSealedFile(path, { allowSharedFile: true }).close();
    }
    const fifo = newPath();
    execFileSync('mkfifo', ['-m', '600', fifo]);
    refuses(fifo, 'ERR_SOURCE_NOT_FILE', /got a FIFO, socket or device/);
    refuses('/dev/zero', 'ERR_SOURCE_NOT_FILE', /got a FIFO, socket or device/);
  });
}

if (process.platform === 'linux') {
  test('every descriptor is closed, after success and after failure', async () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const path = await createSealed(makeRecords(1), seal);
    const before = open();
    for (let round = 0; round < 20; round++) {
      readAll(path, seal.derivedKey);
      assert.throws(() => openSealedFile(folder));
      assert.throws(() => openSealedFile(fileOf(new Uint8Array(200))));
      assert.throws(() => readAll(path, makeSeal().derivedKey));
    }
    assert.is(open(), before);
  });
}

test.run();
