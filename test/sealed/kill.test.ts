// A writer that is killed at any moment leaves the old file or the new one, whole; the next writer works, and clears up
// what it left. STRONGROOM_KILLS=500 kills more often.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { withSealedWriter } from '../../dist/workers/sealed/write.js';
import { assert } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { createSealed, makeRecord, makeRecords, makeSeal, readAll } from './rig.js';
import { type TestRecord, tools } from './room.js';

const test = suite('writers that are killed');
const random = seededRandom('writers that are killed');
const kills = Number(process.env.STRONGROOM_KILLS || 16);
test.timeout(60_000 + kills * 1000);

const seal = makeSeal();
const keyHex = Buffer.from(seal.derivedKey).toString('hex');
const program = new URL('./fixtures/writer.js', import.meta.url).pathname;
/** Two chunks, so that a file is written in several calls. */
const records = makeRecords(1100);

const newFile = (): Promise<string> =>
  createSealed([...records, makeRecord('turn/0')], seal, join(tempFolder(), 'keys.sealed'));

/** Every field of some records in one text, which is quick to compare. */
const digestOf = (some: readonly TestRecord[]): string => {
  const hash = createHash('sha256');
  for (const { id, type, allow, created, secret } of some)
    hash.update(`${id} ${type} ${allow} ${created} `).update(secret);
  return hash.digest('hex');
};
const expected = digestOf(records);

/** The file is whole: every record of before is in it as it was, and one turn. */
const turnOf = (path: string): number => {
  const found = readAll(path, seal.derivedKey);
  const turns = found.filter(({ id }) => id.startsWith('turn/'));
  assert.is(digestOf(found.filter(({ id }) => !id.startsWith('turn/'))), expected);
  assert.is(turns.length, 1);
  return Number((turns[0] as TestRecord).id.slice(5));
};

const leftovers = (path: string): string[] => readdirSync(dirname(path)).filter((name) => name !== basename(path));

/** The next writer, in this process, at once. */
const writeNext = async (path: string): Promise<void> => {
  await withSealedWriter(path, tools, (writer) => writer.update(seal.derivedKey, {}));
  assert.equal(leftovers(path), []);
};

/** Run a writer that kills itself before its n-th call to the file system; false if it made fewer and lives. */
const killAtCall = async (path: string, mode: 'turn' | 'naive', call: number): Promise<boolean> => {
  const result = await runNode([program, mode, path, keyHex, String(call)]);
  if (result.signal !== 'SIGKILL') assert.match(result.stdout, /^calls \d+\n$/, result.stderr);
  return result.signal === 'SIGKILL';
};

/** Run a writer that writes over and over, and kill it a while after it began. */
const killAfter = (path: string, ms: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'turn', path, keyHex, '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), ms));
    child.on('error', reject);
    child.on('exit', (_, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error('the writer ended by itself')),
    );
  });

/** Killed before any one of its calls to the file system. */
const killAtCalls = async (): Promise<void> => {
  const path = await newFile();
  let turn = 0;
  let left = 0;
  const turns = { old: 0, new: 0 };
  // Every call in turn where there are kills enough; else every second or third.
  const step = kills >= 200 ? 1 : 3;
  let call = 1 + random.int(step);
  for (; await killAtCall(path, 'turn', call); call += step) {
    const now = turnOf(path);
    assert.ok(now === turn || now === turn + 1, 'the old file or the new one');
    turns[now === turn ? 'old' : 'new']++;
    turn = now;
    if (leftovers(path).length > 0) left++;
    await writeNext(path);
    assert.is(turnOf(path), turn);
  }
  console.log(
    `# killed before a call: ${turns.old} times the old file, ${turns.new} times the new, ${left} left something`,
  );
  assert.ok(call > 20 && left > 0 && turns.old > 0 && turns.new > 0);
};

/** Kills at random moments that may all miss a write. */
const MOST_MISSES = 24;

/** Killed at random moments, by another. */
const killAtRandom = async (): Promise<void> => {
  const path = await newFile();
  let turn = 0;
  let left = 0;
  let turned = 0;
  const wanted = Math.max(1, kills - 20);
  let rounds = 0;
  // Go on until one was hit in the middle of a write: by chance a few are not.
  for (; rounds < wanted || (left === 0 && rounds < MOST_MISSES); rounds++) {
    await killAfter(path, random.int(60));
    const now = turnOf(path);
    assert.ok(now >= turn);
    if (now > turn) turned++;
    turn = now;
    if (leftovers(path).length > 0) left++;
    await writeNext(path);
    assert.is(turnOf(path), turn);
  }
  console.log(`# killed at ${rounds} random moments: ${left} in the middle of a write, ${turned} after a whole one`);
  assert.ok(left > 0, 'some were killed in the middle of a write');
};

// Both at once: they wait for programs to start, most of the time.
test('killed before its calls to the file system, and at random moments: the old file or the new one is there', async () => {
  await Promise.all([killAtCalls(), killAtRandom()]);
});

test('control: a writer that writes over the file in place is caught', async () => {
  const path = await newFile();
  let torn = 0;
  for (let call = 2; call <= 5; call++) {
    assert.ok(await killAtCall(path, 'naive', call));
    try {
      turnOf(path);
    } catch {
      torn++;
    }
    if (torn > 0) break; // what it tore, it cannot read
  }
  assert.ok(torn > 0);
  assert.ok(existsSync(path));
});

test.run();
