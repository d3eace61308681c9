// Key files: what is read, what is refused and how it is said, and how new ones are written.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { VaultError, VaultErrorCode } from '../../dist/src/errors.js';
import { readKeyFile, writeKeyFile } from '../../dist/workers/sources/file.js';
import { assert, equalSecret } from '../support/assert.js';
import { runProgram } from '../support/child.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

/** Not in node's own types. */
declare const WebAssembly: {
  readonly Memory: new (of: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const test = suite('key files');
const random = seededRandom('key files');
const folder = tempFolder();
const isPosix = process.platform !== 'win32';
const isLinux = process.platform === 'linux';

const INTO_BYTES = 65_536 + 4096;
const into = new Uint8Array(new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true }).buffer, 0, INTO_BYTES);
const isWiped = (): boolean => into.every((byte) => byte === 0);

let count = 0;
const file = (content: Uint8Array | string, mode = 0o600): string => {
  const path = join(folder, `key-${count++}`);
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
  return path;
};

const reads = (path: string, content: Uint8Array, allowSharedFile = false): void => {
  into.fill(0);
  assert.is(readKeyFile(path, { allowSharedFile }, into), content.length);
  equalSecret(into.subarray(0, content.length), content);
  assert.ok(into.subarray(content.length).every((byte) => byte === 0));
};

const refuses = (path: string, code: VaultErrorCode, message: string, allowSharedFile = false): void => {
  into.fill(0x5a);
  try {
    readKeyFile(path, { allowSharedFile }, into);
  } catch (error) {
    assert.is((error as VaultError).code, code, (error as Error).message);
    assert.is((error as Error).message, `file ${path}: ${message}`);
    assert.is((error as Error).cause, undefined);
    assert.ok(isWiped(), 'nothing is left');
    return;
  }
  assert.unreachable(`read: ${message}`);
};

test('a file of its owner alone is read whole, up to 64 KiB', () => {
  for (const length of [1, 32, 4097, 65_536]) {
    const content = random.bytes(length);
    reads(file(content), content);
    reads(file(content, 0o400), content);
  }
});

test('a symbolic link is followed, as mounted secrets are made of them', () => {
  const content = random.bytes(32);
  mkdirSync(join(folder, '..data'));
  writeFileSync(join(folder, '..data', 'secret'), content, { mode: 0o600 });
  symlinkSync(join('..data', 'secret'), join(folder, 'secret'));
  reads(join(folder, 'secret'), content);
  if (isPosix) {
    chmodSync(join(folder, '..data', 'secret'), 0o644);
    assert.throws(() => readKeyFile(join(folder, 'secret'), { allowSharedFile: false }, into), /got mode 0644/);
  }
});

test('a missing file, and a link to nowhere, are not found', () => {
  refuses(join(folder, 'none'), 'ERR_SOURCE_NOT_FOUND', 'no such file');
  symlinkSync(join(folder, 'none'), join(folder, 'dangling'));
  refuses(join(folder, 'dangling'), 'ERR_SOURCE_NOT_FOUND', 'no such file');
});

test('an empty file is empty', () => {
  refuses(file(''), 'ERR_SOURCE_EMPTY', 'expected a key, got an empty file');
});

test('a file over 64 KiB is too large', () => {
  refuses(file(new Uint8Array(65_537)), 'ERR_SOURCE_TOO_LARGE', 'expected at most 65536 bytes, got 65537');
  refuses(file(new Uint8Array(1 << 20)), 'ERR_SOURCE_TOO_LARGE', 'expected at most 65536 bytes, got 1048576');
});

test('a directory is not a file', () => {
  refuses(folder, 'ERR_SOURCE_NOT_FILE', 'expected a regular file, got a directory', true);
});

if (isPosix) {
  test('a file that group or others can read or write is refused, unless that is allowed', () => {
    const content = random.bytes(32);
    for (const mode of [0o640, 0o604, 0o644, 0o660, 0o620, 0o602, 0o440, 0o777]) {
      const path = file(content, mode);
      const said = mode.toString(8).padStart(4, '0');
      const message = `expected no access for group and others, got mode ${said}; run chmod 600, or set allowSharedFile`;
      refuses(path, 'ERR_SOURCE_PERMISSIONS', message);
      reads(path, content, true);
    }
    reads(file(content, 0o711), content); // it can be started as a program, and neither read nor written
  });

  test('other errors of the system come by name', () => {
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
    refuses(join(folder, 'loop'), 'ERR_SOURCE_UNREADABLE', 'could not be read (ELOOP)');
    refuses(join(file('x'), 'key'), 'ERR_SOURCE_UNREADABLE', 'could not be read (ENOTDIR)');
    refuses(join(folder, 'a\0b'), 'ERR_SOURCE_UNREADABLE', 'could not be read (ERR_INVALID_ARG_VALUE)');
  });

  if (process.getuid?.() === 0) test.skip('a file without permission is unreadable', 'root may read everything');
  else {
    test('a file without permission is unreadable', () => {
      refuses(file('x', 0o000), 'ERR_SOURCE_UNREADABLE', 'could not be read (EACCES)');
    });
  }

  test('a FIFO, a device and a socket are not files, and none of them hangs', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    refuses(fifo, 'ERR_SOURCE_NOT_FILE', 'expected a regular file, got a FIFO, socket or device');
    refuses('/dev/zero', 'ERR_SOURCE_NOT_FILE', 'expected a regular file, got a FIFO, socket or device');
    const path = join(folder, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      refuses(path, 'ERR_SOURCE_NOT_FILE', 'expected a regular file, got a socket or device');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

if (isLinux) {
  test('the stated size is not trusted: a file that grows is read to its end, or refused', () => {
    assert.is(statSync('/proc/self/status').size, 0);
    into.fill(0);
    assert.ok(readKeyFile('/proc/self/status', { allowSharedFile: true }, into) > 100);
    const large = '/proc/kallsyms';
    if (existsSync(large) && readFileSync(large).length > 65_536) {
      refuses(large, 'ERR_SOURCE_TOO_LARGE', 'expected at most 65536 bytes, got more than 65536', true);
    }
  });

  test('every descriptor is closed, after success and after failure', () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    const good = file(random.bytes(32));
    const bad = file('', 0o644);
    for (let round = 0; round < 50; round++) {
      readKeyFile(good, { allowSharedFile: false }, into);
      assert.throws(() => readKeyFile(bad, { allowSharedFile: false }, into));
      assert.throws(() => readKeyFile(folder, { allowSharedFile: false }, into));
      assert.throws(() => writeKeyFile(good, into.subarray(0, 32)));
    }
    assert.is(open(), before);
  });
}

test('room for less than a file of 64 KiB and one byte is a bug of the caller', () => {
  assert.throws(
    () => readKeyFile(file('x'), { allowSharedFile: false }, into.subarray(0, 65_536)),
    (error: Error) =>
      error instanceof RangeError && error.message === '"into" expected at least 65537 bytes, got 65536',
  );
});

const writeRefuses = (path: string, code: VaultErrorCode, message: string): void => {
  try {
    writeKeyFile(path, into.subarray(0, 32));
  } catch (error) {
    assert.is((error as VaultError).code, code, (error as Error).message);
    assert.is((error as Error).message, `file ${path}: ${message}`);
    return;
  }
  assert.unreachable(`written: ${message}`);
};

test('a new file is written whole with mode 0600, under any umask', () => {
  const content = random.bytes(1000);
  into.fill(0);
  into.set(content);
  for (const mask of [0o000, 0o022, 0o377, 0o777]) {
    const path = join(folder, `new-${mask}`);
    const before = process.umask(mask);
    try {
      writeKeyFile(path, into.subarray(0, content.length));
    } finally {
      process.umask(before);
    }
    if (isPosix) assert.is(statSync(path).mode & 0o7777, 0o600);
    reads(path, content);
  }
});

test('what exists is never overwritten: a file, a folder, a link to nowhere', () => {
  const content = random.bytes(16);
  const path = file(content);
  const message = 'exists already; it is not overwritten';
  writeRefuses(path, 'ERR_FILE_EXISTS', message);
  equalSecret(readFileSync(path), content);
  writeRefuses(folder, 'ERR_FILE_EXISTS', message);
  symlinkSync(join(folder, 'target'), join(folder, 'link'));
  writeRefuses(join(folder, 'link'), 'ERR_FILE_EXISTS', message);
  assert.not.ok(existsSync(join(folder, 'target')));
});

test('a folder that is missing is an error of writing', () => {
  writeRefuses(join(folder, 'none', 'key'), 'ERR_FILE_WRITE', 'could not be written (ENOENT)');
});

if (isPosix) {
  test('a file that could be written in part only is removed', async () => {
    const path = join(folder, 'partial');
    const module = new URL('../../dist/workers/sources/file.js', import.meta.url).href;
    const script = `
      import { existsSync } from 'node:fs';
      const { writeKeyFile } = await import(${JSON.stringify(module)});
      try { writeKeyFile(${JSON.stringify(path)}, new Uint8Array(8192)); } catch (error) {
        console.log(error.code, error.message.slice(-7), existsSync(${JSON.stringify(path)}));
      }`;
    // One block of a file is all that this process may write.
    const limited = ['-c', 'ulimit -f 1; exec "$0" --input-type=module --eval "$1"', process.execPath, script];
    const result = await runProgram('/bin/sh', limited);
    assert.is(result.stdout.trim(), 'ERR_FILE_WRITE (EFBIG) false', result.stderr);
  });
}

test.run();
