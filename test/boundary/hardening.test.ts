// `hardening`: what makes a process unsafe for keys is seen, named, and acted upon as the setting says.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findUnsafe, type Runtime, splitNodeOptions } from '../../dist/src/hardening.js';
import { assert } from '../support/assert.js';
import { type ChildResult, runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const test = suite('hardening');

const folder = join(tempFolder(), 'with a space');
mkdirSync(folder);
const preload = join(folder, 'preload.cjs');
const preloadModule = join(folder, 'preload.mjs');
const threadsFile = join(folder, 'threads');
writeFileSync(
  preload,
  `require('node:fs').appendFileSync(${JSON.stringify(threadsFile)}, require('node:worker_threads').threadId + '\\n');`,
);
writeFileSync(preloadModule, 'export {};');

const OPEN = `{ threads: 1, memory: { maxKeys: 8, lock: 'off' }, keys: { ed: { type: 'ed25519', from: 'generate' } } }`;

/** A program that opens a vault as the environment says and prints how that went, as JSON. */
const PROGRAM = `
  import { openVault } from 'strongroom';
  let threads = 0;
  process.on('worker', () => threads++);
  let outcome;
  try {
    const vault = await openVault(${OPEN});
    outcome = { opened: true };
    await vault.close();
    await (await openVault(${OPEN})).close();
  } catch (error) {
    outcome = { code: error.code, message: error.message, problems: error.problems };
  }
  console.log(JSON.stringify({ ...outcome, threads }));`;

interface Outcome {
  readonly opened?: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly problems?: readonly { readonly path: string; readonly reason: string }[];
  readonly threads: number;
}

const outcomeOf = ({ stdout, stderr }: ChildResult): Outcome => {
  const line = stdout.split('\n').find((each) => each.startsWith('{'));
  if (line === undefined) throw new Error(`the program printed no outcome: ${stdout}${stderr}`);
  return JSON.parse(line) as Outcome;
};

const CLEAN = { NODE_OPTIONS: undefined, LD_PRELOAD: undefined, LD_AUDIT: undefined, STRONGROOM_HARDENING: undefined };

const open = (hardening: string | undefined, flags: readonly string[], env: Record<string, string> = {}) =>
  runNode([...flags, '--input-type=module', '--eval', PROGRAM], {
    env: { ...CLEAN, STRONGROOM_HARDENING: hardening, ...env },
  });

const warnings = ({ stderr }: ChildResult): string[] =>
  stderr.split('\n').filter((line) => line.includes('StrongroomWarning') && line.includes('not safe for keys'));

/** Flags of a command line, and what the refusal has to name. */
const FLAGS: readonly (readonly [readonly string[], string])[] = [
  [['--inspect=127.0.0.1:0'], '--inspect'],
  [['--inspect-port=0'], '--inspect-port'],
  [['--debug-port=0'], '--debug-port'],
  [['--heapsnapshot-near-heap-limit=1'], '--heapsnapshot-near-heap-limit'],
  [['--heapsnapshot-signal', 'SIGUSR2'], '--heapsnapshot-signal'],
  [['--heap-prof', `--heap-prof-dir=${folder}`], '--heap-prof'],
  [['--cpu_prof', '--cpu-prof-dir', folder], '--cpu-prof'],
  [['--report-on-fatalerror'], '--report-on-fatalerror'],
  [['--report-on-signal'], '--report-on-signal'],
  [['--report-signal=SIGUSR2'], '--report-signal'],
  [['--report-uncaught-exception'], '--report-uncaught-exception'],
  [['--abort-on-uncaught-exception'], '--abort-on-uncaught-exception'],
  [['--expose-internals'], '--expose-internals'],
  [['--allow_natives_syntax'], '--allow-natives-syntax'],
  [['-r', preload], '-r'],
  [['--require', preload], '--require'],
  [[`--import=${preloadModule.replaceAll(' ', '%20')}`], '--import'],
  [['--experimental-loader', preloadModule.replaceAll(' ', '%20')], '--experimental-loader'],
];

for (const [flags, named] of FLAGS) {
  test(`${named} alone makes a process unsafe, and is named`, () => {
    const problems = findUnsafe(runtime({ execArgv: flags }));
    assert.ok(problems.some(({ path, reason }) => path === 'execArgv' && reason.startsWith(`${named} `)));
  });
}

/** In one process: none of them changes what another does. */
const FLAGS_AT_ONCE = 6;
for (let first = 0; first < FLAGS.length; first += FLAGS_AT_ONCE) {
  const some = FLAGS.slice(first, first + FLAGS_AT_ONCE);
  test(`'strict' refuses to start under ${some.map(([, named]) => named).join(', ')}, and says so`, async () => {
    const { code, message, problems, threads } = outcomeOf(
      await open(
        'strict',
        some.flatMap(([flags]) => flags),
      ),
    );
    assert.is(code, 'ERR_UNSAFE_RUNTIME');
    assert.is(threads, 0, 'no thread was started');
    for (const [, named] of some) {
      assert.match(message ?? '', `execArgv: ${named} `);
      assert.ok(problems?.some(({ path, reason }) => path === 'execArgv' && reason.startsWith(`${named} `)));
    }
    for (const { path, reason } of problems ?? []) assert.match(message ?? '', `${path}: ${reason}`);
    assert.not.match(message ?? '', folder);
  });
}

test('--inspect-brk and --inspect-wait are seen, though such a process does not run by itself', () => {
  for (const flag of [
    '--inspect-brk',
    '--inspect_brk=0',
    '--inspect-wait',
    '--inspect-brk-node',
    '--inspect-publish-uid=http',
  ]) {
    assert.is(findUnsafe(runtime({ execArgv: [flag] })).length, 1, flag);
  }
});

test("'strict' names every reason, of flags and of NODE_OPTIONS", async () => {
  const { problems } = outcomeOf(
    await open('strict', ['--report-on-signal'], { NODE_OPTIONS: `--require "${preload}" --report_on_fatalerror` }),
  );
  assert.equal(
    problems?.map(({ path, reason }) => `${path} ${reason.split(' ')[0]}`),
    ['execArgv --report-on-signal', 'NODE_OPTIONS --require', 'NODE_OPTIONS --report-on-fatalerror'],
  );
});

test("'strict' starts in a process where nothing is amiss, whatever harmless flags it has", async () => {
  const flags = ['--max-old-space-size=300', `--diagnostic-dir=${folder}`, '--expose-gc'];
  const result = await open('strict', flags, { NODE_OPTIONS: '--enable-source-maps --no-warnings=x' });
  assert.is(outcomeOf(result).opened ?? outcomeOf(result).message, true);
  assert.equal(warnings(result), []);
});

test('the default warns once, for two vaults, and names the reasons', async () => {
  const result = await open(undefined, ['--report-on-signal', '--allow-natives-syntax']);
  assert.is(outcomeOf(result).opened, true);
  const [warning, ...more] = warnings(result);
  assert.match(warning ?? '', '--report-on-signal');
  assert.match(warning ?? '', '--allow-natives-syntax');
  assert.equal(more, []);
});

test("'warn' does not warn of nothing, and 'off' says nothing of anything", async () => {
  assert.equal(warnings(await open('warn', [])), []);
  const off = await open('off', ['--report-on-signal', '--inspect=127.0.0.1:0']);
  assert.is(outcomeOf(off).opened, true);
  assert.equal(warnings(off), []);
});

test('reports that the program turned on itself, and an inspector that it opened, are seen', async () => {
  const { stdout } = await runNode(
    `import inspector from 'node:inspector';
     import { openVault } from 'strongroom';
     process.report.reportOnUncaughtException = true;
     inspector.open(0, '127.0.0.1');
     await openVault({ hardening: 'strict' }).catch(({ problems }) => console.log(problems.map(({ path }) => path).join()));
     inspector.close();`,
    { env: CLEAN },
  );
  assert.is(stdout, 'process.report.reportOnUncaughtException,inspector\n');
});

/** A program whose strict vault has work in hand when something happens; it prints what became of all. */
const ended = (then: string): string => `
  import inspector from 'node:inspector';
  import { openVault } from 'strongroom';
  process.debugPort = 0; // any free port, for the signal
  const message = new Uint8Array(32);
  const vault = await openVault({ ...${OPEN}, hardening: 'strict' });
  const lane = async () => { for (;;) await vault.sign('ed', message); };
  const lanes = Array.from({ length: 50 }, lane);
  const startedAt = performance.now();
  ${then}
  const { reason, error } = await vault.closed;
  const ms = Math.round(performance.now() - startedAt);
  const settled = await Promise.allSettled(lanes);
  const codes = new Set(settled.map(({ reason }) => reason.code));
  const later = await vault.sign('ed', message).catch((error) => error.code);
  await vault.close();
  inspector.close();
  console.log(JSON.stringify({ reason, code: error?.code, problems: error?.problems, ms, codes: [...codes], later }));`;

for (const [what, then] of [
  ['inspector.open()', `inspector.open(0, '127.0.0.1');`],
  ['SIGUSR1', `process.kill(process.pid, 'SIGUSR1');`],
] as const) {
  test(`an inspector that opens later, by ${what}, ends a strict vault: everything settles`, async () => {
    const result = await runNode(ended(then), { env: CLEAN });
    const line = result.stdout.split('\n').find((each) => each.startsWith('{'));
    const { ms, problems, ...rest } = JSON.parse(line ?? 'null') as Record<string, unknown>;
    assert.equal(rest, {
      reason: 'unsafe-runtime',
      code: 'ERR_UNSAFE_RUNTIME',
      codes: ['ERR_UNSAFE_RUNTIME'],
      later: 'ERR_UNSAFE_RUNTIME',
    });
    assert.match(JSON.stringify(problems), 'inspector');
    assert.ok((ms as number) < 5_000, `it took ${ms} ms`);
    assert.is(result.code, 0, result.stderr);
  });
}

test('an inspector that opens while a strict vault starts ends the start', async () => {
  const { stdout } = await runNode(
    `import inspector from 'node:inspector';
     import { openVault } from 'strongroom';
     const opening = openVault({ ...${OPEN}, hardening: 'strict' });
     inspector.open(0, '127.0.0.1');
     const code = await opening.then(({ closed }) => closed).then(({ error }) => error.code, ({ code }) => code);
     inspector.close();
     console.log(code);`,
    { env: CLEAN },
  );
  assert.is(stdout, 'ERR_UNSAFE_RUNTIME\n');
});

test('an inspector that opens later does nothing to a vault that is not strict', async () => {
  const { stdout } = await runNode(
    `import inspector from 'node:inspector';
     import { setTimeout as sleep } from 'node:timers/promises';
     import { openVault } from 'strongroom';
     const vault = await openVault(${OPEN});
     inspector.open(0, '127.0.0.1');
     await sleep(400);
     console.log((await vault.sign('ed', new Uint8Array(8))).length);
     await vault.close();
     inspector.close();`,
    { env: CLEAN },
  );
  assert.is(stdout, '64\n');
});

test('code that NODE_OPTIONS preloads runs in main, not in the vault and not in a signer', async () => {
  writeFileSync(threadsFile, '');
  const { stdout } = await runNode(
    `import { once } from 'node:events';
     import { Worker } from 'node:worker_threads';
     import { openVault } from 'strongroom';
     const vault = await openVault({ ...${OPEN}, threads: 2 });
     await Promise.all(Array.from({ length: 5000 }, () => vault.sign('ed', new Uint8Array(8))));
     await vault.close();
     const plain = new Worker('', { eval: true });
     await once(plain, 'exit');
     console.log('done');`,
    { env: { ...CLEAN, NODE_OPTIONS: `--require "${preload}"` } },
  );
  assert.is(stdout, 'done\n');
  const [main, plain, ...others] = readFileSync(threadsFile, 'utf8').trim().split('\n');
  assert.is(main, '0');
  assert.ok(Number(plain) > 0, 'positive control: it runs in a plain worker');
  assert.equal(others, []);
});

const runtime = (given: Partial<Runtime>): Runtime => ({
  execArgv: [],
  env: {},
  platform: 'linux',
  report: undefined,
  inspectorUrl: undefined,
  ...given,
});

test('a vault works in a process that makes no code of strings and has no __proto__', async () => {
  const program = `
    import { openVault } from 'strongroom';
    let made = 'refused';
    try { made = new Function('return "made"')(); } catch {}
    const vault = await openVault({ threads: 2, memory: { lock: 'off' }, keys: { ed: { type: 'ed25519', from: 'generate' } } });
    const messages = Array.from({ length: 600 }, (_, i) => new Uint8Array(9).fill(i));
    const signatures = await Promise.all(messages.map((message) => vault.sign('ed', message)));
    const valid = await Promise.all(messages.map((message, i) => vault.verify('ed', message, signatures[i])));
    await vault.close();
    console.log(made, valid.filter(Boolean).length);`;
  const run = async (...flags: string[]): Promise<string> => {
    const { stdout, stderr } = await runNode([...flags, '--input-type=module', '--eval', program]);
    return stdout === '' ? stderr : stdout;
  };
  const strict = ['--disallow-code-generation-from-strings', '--disable-proto=throw'];
  assert.equal(await Promise.all([run(...strict), run()]), ['refused 600\n', 'made 600\n']);
});

test('NODE_OPTIONS is cut as Node cuts it', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['  --a   --b ', ['--a', '--b']],
    ['--require "./a b.js" --c', ['--require', './a b.js', '--c']],
    ['--re"qui"re=x', ['--require=x']],
    ['"--inspect"', ['--inspect']],
    ['--title "a \\" --inspect \\\\"', ['--title', 'a " --inspect \\']],
    ['--title \\--inspect', ['--title', '\\--inspect']],
    ['--title "--inspect', ['--title', '--inspect']],
  ];
  for (const [text, pieces] of cases) assert.equal(splitNodeOptions(text), pieces, text);
});

test('preloaded libraries are seen on the systems that have them', () => {
  const env = { LD_PRELOAD: '/lib/x.so', LD_AUDIT: '/lib/y.so', DYLD_INSERT_LIBRARIES: 'z.dylib' };
  const paths = (platform: NodeJS.Platform): string[] => findUnsafe(runtime({ env, platform })).map(({ path }) => path);
  assert.equal(paths('linux'), ['LD_PRELOAD', 'LD_AUDIT']);
  assert.equal(paths('darwin'), ['DYLD_INSERT_LIBRARIES']);
  assert.equal(paths('win32'), []);
  assert.equal(findUnsafe(runtime({ env: { LD_PRELOAD: '' } })), []);
});

test('a report switch that its own flag has set is named once', () => {
  const report = { reportOnSignal: true, reportOnFatalError: false };
  assert.equal(
    findUnsafe(runtime({ report })).map(({ path }) => path),
    ['process.report.reportOnSignal'],
  );
  for (const flag of ['--report-on-signal', '--report-signal']) {
    assert.is(findUnsafe(runtime({ report, execArgv: [flag] })).length, 1);
  }
});

test('no problem holds a value', () => {
  const env = { NODE_OPTIONS: '--require=S3cret --inspect=S3cret', LD_PRELOAD: 'S3cret' };
  const problems = findUnsafe(runtime({ env, execArgv: ['--import', 'S3cret'], inspectorUrl: 'ws://S3cret' }));
  assert.is(problems.length, 5);
  assert.not.match(JSON.stringify(problems), 'S3cret');
});

test.run();
