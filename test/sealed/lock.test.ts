// The lock against two writers: who has it, who may take it over, and that two never have it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { VaultError } from '../../dist/src/errors.js';
import { lockFile, lockFileWithin, lockPathOf } from '../../dist/workers/sealed/lock.js';
import { judgeOwner, newOwner, type Owner, ownerText, parseOwner } from '../../dist/workers/sealed/owner.js';
import { withSealedWriter } from '../../dist/workers/sealed/write.js';
import { assert, rejects } from '../support/assert.js';
import { type ChildResult, runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { createSealed, makeRecords, makeSeal, readAll } from './rig.js';
import { tools } from './room.js';

const test = suite('the lock of a sealed file');
const isLinux = process.platform === 'linux';
const seal = makeSeal();
const program = (name: string): string => new URL(`./fixtures/${name}.js`, import.meta.url).pathname;

const newTarget = (): string => join(tempFolder(), 'keys.sealed');
/** No process has this number. */
const deadOwner = (): Owner => ({ ...newOwner(), pid: 0x7fff_fff0 });

const isLocked = (target: string, message: RegExp): void => {
  try {
    lockFile(target).release();
  } catch (error) {
    assert.is((error as VaultError).code, 'ERR_FILE_LOCKED');
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable('locked twice');
};

test('a second writer is told at once whose the file is, and nothing is left of its try', () => {
  const target = newTarget();
  const lock = lockFile(target);
  isLocked(target, new RegExp(`process ${process.pid} is writing it$`));
  assert.equal(readdirSync(dirname(target)), ['keys.sealed.lock']);
  lock.release();
  assert.equal(readdirSync(dirname(target)), []);
  lockFile(target).release();
});

test('a writer that may wait gets the lock when the other is done, or is told after that time', async () => {
  const target = newTarget();
  const lock = lockFile(target);
  const start = performance.now();
  await rejects(lockFileWithin(target, 60), 'ERR_FILE_LOCKED');
  assert.ok(performance.now() - start >= 55);
  setTimeout(() => lock.release(), 50);
  (await lockFileWithin(target, 20_000)).release();
});

test('the lock is released when the body of the writer throws', async () => {
  const path = await createSealed([], seal, newTarget());
  const thrown = new RangeError('enough');
  await rejects(
    withSealedWriter(path, tools, () => {
      throw thrown;
    }),
    RangeError,
  );
  assert.equal(readdirSync(dirname(path)), ['keys.sealed']);
});

test('the lock of a dead process is taken over, and so is a claim that a dead process had on it', () => {
  const target = newTarget();
  const [first, second, third] = [deadOwner(), deadOwner(), deadOwner()];
  const beside = (name: string): string => join(dirname(target), `.keys.sealed.${name}`);
  writeFileSync(lockPathOf(target), ownerText(first));
  lockFile(target).release();
  assert.equal(readdirSync(dirname(target)), []);
  writeFileSync(lockPathOf(target), ownerText(first));
  writeFileSync(beside(`${first.token}.claim`), ownerText(second));
  writeFileSync(beside(`${second.token}.claim`), ownerText(third));
  writeFileSync(beside(`${third.token}.draft`), '');
  lockFile(target).release();
  assert.equal(readdirSync(dirname(target)), []);
});

test('a claim that a living process has keeps others out', () => {
  const target = newTarget();
  const dead = deadOwner();
  writeFileSync(lockPathOf(target), ownerText(dead));
  writeFileSync(join(dirname(target), `.keys.sealed.${dead.token}.claim`), ownerText(newOwner()));
  isLocked(target, /process \d+ is writing it$/);
});

test('a lock of another machine, of another container, or of nobody that can be read is left alone', () => {
  const elsewhere: (Owner | string)[] = [{ ...newOwner(), host: `${hostname()}x` }, '', 'x', '{}', '{"token":"a"}'];
  if (isLinux) elsewhere.push({ ...deadOwner(), space: 'pid:[1]' });
  for (const owner of elsewhere) {
    const target = newTarget();
    writeFileSync(lockPathOf(target), typeof owner === 'string' ? owner : ownerText(owner));
    isLocked(target, /cannot be seen from here is writing it; if there is none, remove .*keys\.sealed\.lock$/);
    assert.ok(existsSync(lockPathOf(target)));
  }
});

test('a lock that was removed by hand and taken by another is not released by its first owner', () => {
  const target = newTarget();
  const lock = lockFile(target);
  const other = ownerText(newOwner());
  writeFileSync(lockPathOf(target), other);
  lock.release();
  assert.is(readFileSync(lockPathOf(target), 'utf8'), other);
});

test('owners are told alive from dead: by number, by start, by thread, and by the start of the system', () => {
  const me = newOwner();
  assert.equal(parseOwner(ownerText(me)), me);
  assert.is(judgeOwner(me), 'alive');
  assert.is(judgeOwner(deadOwner()), 'dead');
  assert.is(judgeOwner({ ...me, pid: 0 }), 'dead');
  assert.is(judgeOwner({ ...me, host: 'elsewhere.invalid' }), 'unknown');
  if (!isLinux) return;
  assert.is(judgeOwner({ ...me, started: '1' }), 'dead', 'the number was given to another');
  assert.is(judgeOwner({ ...me, thread: 0x7fff_fff0 }), 'dead', 'its thread has ended');
  assert.is(judgeOwner({ ...me, boot: 'another' }), 'dead');
  assert.is(judgeOwner({ ...me, space: 'pid:[1]' }), 'unknown');
  assert.is(judgeOwner({ ...me, pid: 1, thread: 0, started: '' }), 'alive', 'a process of another user, or of ours');
});

if (!isLinux) test.skip('a thread that was ended', 'elsewhere than on Linux an owner is a process');
else {
  test('the lock of a thread that was ended is taken over, though its process lives', async () => {
    const target = newTarget();
    const module = new URL('../../dist/workers/sealed/lock.js', import.meta.url).href;
    const source = `import(${JSON.stringify(module)}).then(({ lockFile }) => {
      lockFile(${JSON.stringify(target)});
      require('node:worker_threads').parentPort.postMessage('locked');
      setInterval(() => {}, 1000);
    });`;
    const worker = new Worker(source, { eval: true });
    await new Promise((resolve) => worker.once('message', resolve));
    isLocked(target, /is writing it/);
    await worker.terminate();
    lockFile(target).release();
  });
}

test('two processes that write at the same time lose nothing', async () => {
  const path = await createSealed(makeRecords(3), seal, newTarget());
  const key = Buffer.from(seal.derivedKey).toString('hex');
  const names = ['a', 'b', 'c'];
  const results = await Promise.all(names.map((name) => runNode([program('writer'), 'add', path, key, name, '8'])));
  for (const { code, stdout, stderr } of results) assert.is(code, 0, stdout + stderr);
  const ids = readAll(path, seal.derivedKey).map(({ id }) => id);
  assert.equal(ids.slice(0, 3), ['key/0', 'key/1', 'key/2']);
  assert.equal(
    ids.slice(3).sort(),
    names.flatMap((name) => Array.from({ length: 8 }, (_, i) => `${name}/${i}`)).sort(),
  );
  assert.equal(readdirSync(dirname(path)), ['keys.sealed']);
});

/** Processes that all take a lock over from the dead, again and again; each leaves it as a dead one would. */
const raceOf = async (how: 'ours' | 'naive', rounds: number): Promise<{ entered: number; together: number }> => {
  const target = newTarget();
  const race = (): Promise<ChildResult> => runNode([program('takers'), how, target, String(rounds)]);
  const results = await Promise.all([race(), race(), race()]);
  const sum = { entered: 0, together: 0 };
  for (const { stdout, stderr, code } of results) {
    assert.is(code, 0, stderr);
    const [, entered, together] = /entered (\d+) together (\d+)/.exec(stdout) ?? [];
    sum.entered += Number(entered);
    sum.together += Number(together);
  }
  return sum;
};

test('of many that find the same dead owner, one takes the lock (control: the naive way, two do)', async () => {
  const ours = await raceOf('ours', 30);
  assert.is(ours.together, 0);
  assert.ok(ours.entered >= 60, `${ours.entered} times taken over`);
  const naive = await raceOf('naive', 30);
  assert.ok(naive.together > 0, 'the control');
});

test.run();
