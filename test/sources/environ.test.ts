// Environment variables, claimed from inside a worker in a process of its own, and looked at from outside.
import { ChildProcess, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { claimVariable } from '../../dist/workers/sources/environ.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const test = suite('environment variables');
const random = seededRandom('environ');
const MODULE = new URL('../../dist/workers/sources/environ.js', import.meta.url).href;

interface Claim {
  readonly length?: number;
  readonly scrubbed?: boolean;
  /** SHA-256 of the value that was claimed. */
  readonly digest?: string;
  /** Everything after the value is zero. */
  readonly restIsZero: boolean;
  readonly code?: string;
  readonly message?: string;
}
interface Report {
  readonly claims: readonly Claim[];
  /** Length of process.env[name] in main, before and after. */
  readonly mainBefore: readonly (number | null)[];
  readonly mainAfter: readonly (number | null)[];
  /** SHA-256 of /proc/PID/environ as another process sees it, with NULs dropped, before and after. */
  readonly outside: {
    readonly before: string;
    readonly after: string;
    readonly bytesBefore: number;
    readonly bytesAfter: number;
  };
}

const WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { createHash } = require('node:crypto');
  import(workerData.module).then(({ claimVariable }) => {
    const into = new Uint8Array(new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true }).buffer, 0, 65536 + 4096);
    parentPort.postMessage(workerData.names.map((name) => {
      into.fill(0x5a);
      try {
        const claim = claimVariable(name, into);
        const length = claim?.length ?? 0;
        const digest = createHash('sha256').update(into.subarray(0, length)).digest('hex');
        return { ...claim, digest, restIsZero: into.subarray(length).every((byte) => byte === 0) };
      } catch (error) {
        return { code: error.code, message: error.message, restIsZero: into.every((byte) => byte === 0) };
      }
    }));
  });`;

const MAIN = `
  import { spawnSync } from 'node:child_process';
  import { createHash } from 'node:crypto';
  import { Worker } from 'node:worker_threads';
  const { names, module, worker, title } = JSON.parse(process.argv[1]);
  if (title !== undefined) process.title = title;
  const look = () => spawnSync('/bin/cat', ['/proc/' + process.pid + '/environ'], { env: {}, maxBuffer: 1 << 26 }).stdout;
  const digest = (bytes) => createHash('sha256').update(bytes.filter((byte) => byte !== 0)).digest('hex');
  const lengths = () => names.map((name) => process.env[name]?.length ?? null);
  const mainBefore = lengths();
  const before = look();
  const thread = new Worker(worker, { eval: true, env: {}, execArgv: [], workerData: { names, module } });
  const claims = await new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
  const after = look();
  console.log(JSON.stringify({ claims, mainBefore, mainAfter: lengths(),
    outside: { before: digest(before), after: digest(after), bytesBefore: before.length, bytesAfter: after.length } }));`;

interface RunOptions {
  readonly program?: string;
  /** A program and its arguments that start what follows them. */
  readonly starter?: readonly string[];
  readonly title?: string;
}

/** Start node with exactly these entries, in this order: duplicates need the layer below `spawn`. */
const run = (entries: readonly string[], names: readonly string[], options: RunOptions = {}): Promise<Report> =>
  new Promise((resolve, reject) => {
    const child = new ChildProcess() as ChildProcess & { spawn(options: object): number };
    const settings = JSON.stringify({ names, module: MODULE, worker: WORKER, title: options.title });
    const program = options.program ?? process.execPath;
    const args = [...(options.starter ?? []), program, '--input-type=module', '--eval', MAIN, settings];
    const file = args[0];
    const failed = child.spawn({ file, args, envPairs: entries, stdio: ['ignore', 'pipe', 'pipe'] });
    if (failed !== 0) return reject(new Error(`spawn failed with ${failed}`));
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    child.on('close', () => {
      try {
        resolve(JSON.parse(stdout) as Report);
      } catch {
        reject(new Error(`the child said: ${stdout} ${stderr}`));
      }
    });
  });

const canStart = ([program, ...args]: readonly string[]): boolean => {
  try {
    execFileSync(program as string, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const digest = (value: string | Uint8Array): string => createHash('sha256').update(value).digest('hex');
/** What is seen from outside once the values are gone: all entries, NULs dropped. */
const seen = (entries: readonly string[]): string => digest(entries.join(''));
const word = (length: number): string => Buffer.from(random.bytes(length)).toString('hex').slice(0, length);

const isClaimed = (claim: Claim | undefined, value: string): void => {
  assert.is(claim?.length, Buffer.byteLength(value));
  assert.is(claim?.digest, digest(value));
  assert.is(claim?.scrubbed, true);
  assert.is(claim?.restIsZero, true);
};

if (process.platform !== 'linux') {
  test('elsewhere than on Linux nothing is claimed', () => {
    assert.is(claimVariable('PATH', new Uint8Array(65_536 + 4096)), undefined);
  });
  test.skip('values are claimed and scrubbed', 'there is no /proc/self/environ on this system');
} else {
  test('a value is claimed by a worker without environment, and gone for main and for other processes', async () => {
    const value = word(64);
    const before = ['A=first', `NODE_KEY=${value}`, 'Z=last'];
    const report = await run(before, ['NODE_KEY']);
    isClaimed(report.claims[0], value);
    assert.equal(report.mainBefore, [64]); // the control: it was there
    assert.is(report.outside.before, seen(before));
    assert.equal(report.mainAfter, [0]);
    assert.is(report.outside.after, seen(['A=first', 'NODE_KEY=', 'Z=last']));
    assert.is(report.outside.bytesAfter, report.outside.bytesBefore);
  });

  test('first and last variables, and values of any text, are found', async () => {
    const values = [
      `0x${word(64)}`,
      '-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n',
      'ä€😀 NODE=1=2',
      'a',
    ];
    const names = values.map((_, i) => `KEY_${i}`);
    const report = await run(
      names.map((name, i) => `${name}=${values[i]}`),
      names,
    );
    for (const [i, value] of values.entries()) isClaimed(report.claims[i], value);
    assert.is(report.outside.after, seen(names.map((name) => `${name}=`)));
  });

  test('names that only resemble it, and its name inside other values, are left alone', async () => {
    const value = word(32);
    const others = [
      'NODE_KEY2=x',
      'NODE_KE=x',
      'XNODE_KEY=x',
      'node_key=x',
      'A=NODE_KEY=x',
      'B= NODE_KEY=',
      'NODE_KEYNODE_KEY=x',
    ];
    const report = await run([...others, `NODE_KEY=${value}`, 'NODE_KEY_=x'], ['NODE_KEY']);
    isClaimed(report.claims[0], value);
    assert.is(report.outside.after, seen([...others, 'NODE_KEY=', 'NODE_KEY_=x']));
  });

  test('of duplicates the first counts, and all are overwritten', async () => {
    const values = [word(64), word(40), word(3000)];
    const entries = ['A=1', `K=${values[0]}`, 'B=2', `K=${values[1]}`, `K=${values[2]}`];
    const report = await run(entries, ['K']);
    isClaimed(report.claims[0], values[0] as string);
    assert.is(report.outside.before, seen(entries));
    assert.is(report.outside.after, seen(['A=1', 'K=', 'B=2', 'K=', 'K=']));
    assert.equal(report.mainAfter, [0]);
  });

  test('values are found across the reads of a large environment, wherever they lie', async () => {
    const entries: string[] = [];
    const names: string[] = [];
    const values: string[] = [];
    for (let i = 0; i < 16; i++) {
      entries.push(`FILL_${i}=${'NODE_KEY='.repeat(6000 + random.int(6000))}`);
      names.push(`NODE_KEY_${i}`);
      values.push(word(1 + random.int(6000)));
      entries.push(`NODE_KEY_${i}=${values[i]}`);
    }
    // Entries that end before, at and after the end of the first read.
    for (const [i, size] of [69_626, 69_627, 69_628, 69_629, 69_630, 69_631, 69_632, 69_633, 69_634].entries()) {
      const claimed = word(100);
      const short = await run([`F=${'x'.repeat(size - 3 - 3)}`, `K=${claimed}`, 'Z=1'], ['K']);
      isClaimed(short.claims[0], claimed);
      assert.is(short.outside.bytesAfter, size - 3 + 103 + 4, `size ${i}`);
    }
    const report = await run(entries, names);
    for (const [i, value] of values.entries()) isClaimed(report.claims[i], value);
    assert.ok(report.outside.bytesBefore > 800_000);
    assert.is(
      report.outside.after,
      seen(entries.map((entry) => (entry.startsWith('FILL') ? entry : `${entry.split('=')[0]}=`))),
    );
  });

  test('64 KiB are claimed; one byte more is too large, and gone all the same', async () => {
    const full = word(65_536);
    const entries = [`FULL=${full}`, `OVER=${word(65_537)}`, `FAR_OVER=${word(131_000)}`];
    const report = await run(entries, ['FULL', 'OVER', 'FAR_OVER']);
    isClaimed(report.claims[0], full);
    for (const [i, name, length] of [
      [1, 'OVER', 65_537],
      [2, 'FAR_OVER', 131_000],
    ] as const) {
      const claim = report.claims[i];
      assert.is(claim?.code, 'ERR_SOURCE_TOO_LARGE');
      assert.is(claim?.message, `environment variable ${name}: expected at most 65536 bytes, got ${length}`);
      assert.is(claim?.restIsZero, true);
    }
    assert.is(report.outside.after, seen(['FULL=', 'OVER=', 'FAR_OVER=']));
  });

  test('a variable that is not set is not there; an empty one, and one claimed before, have no bytes', async () => {
    const names = ['NONE', '', 'A=B', 'A\0B', 'EMPTY', 'K', 'K', 'NOT_AN_ENTRY'];
    const report = await run(['EMPTY=', `K=${word(64)}`, 'A=B=1', 'NOT_AN_ENTRY'], names);
    const lengths = report.claims.map((claim) => claim.length);
    assert.equal(lengths, [undefined, undefined, undefined, undefined, 0, 64, 0, undefined]);
    assert.ok(report.claims.every((claim) => claim.restIsZero));
    assert.is(report.claims[4]?.scrubbed, true);
    assert.is(report.claims[6]?.scrubbed, true);
  });

  const hideMemory = [
    '/usr/bin/unshare',
    '-m',
    '/bin/sh',
    '-c',
    'mount --bind /dev/null /proc/$$/mem && exec "$0" "$@"',
  ];
  const unscrubbed = 'where memory cannot be written the value is claimed, and said to be still there';
  if (!canStart([...hideMemory, '/bin/true'])) test.skip(unscrubbed, 'this user may not hide /proc/self/mem');
  else {
    test(unscrubbed, async () => {
      const value = word(64);
      const report = await run([`K=${value}`, `OVER=${word(70_000)}`], ['K', 'OVER'], { starter: hideMemory });
      const [claim, over] = report.claims;
      assert.is(claim?.scrubbed, false);
      assert.is(claim?.digest, digest(value));
      assert.is(claim?.restIsZero, true);
      assert.match(over?.message ?? '', /got 70000; it could not be removed from \/proc\/self\/environ$/);
      assert.is(over?.restIsZero, true);
      assert.equal(report.mainAfter, [64, 70_000]);
      assert.is(report.outside.after, report.outside.before);
    });
  }

  test('the name of the program may hold spaces and parentheses', async () => {
    const program = join(tempFolder(), 'a) S 1 (2');
    symlinkSync(process.execPath, program);
    for (const options of [{ program }, { title: 'x) R 1 2 (' }, { program, title: ') ) (' }]) {
      const value = word(64);
      const report = await run(['A=1', `K=${value}`], ['K'], options);
      isClaimed(report.claims[0], value);
      assert.is(report.outside.after, seen(['A=1', 'K=']));
    }
  });
}

test('room for less than 68 KiB is a bug of the caller', () => {
  assert.throws(
    () => claimVariable('PATH', new Uint8Array(65_536 + 4095)),
    (error: Error) =>
      error instanceof RangeError && error.message === '"into" expected at least 69632 bytes, got 69631',
  );
});

test.run();
