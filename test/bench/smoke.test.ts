// The benchmark runs, says all that it must, and notices a wrong signature. What it measures is not tested.
import { generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createChecker } from '../../bench/check.js';
import { missingLibrary } from '../../bench/contestants/bare.js';
import { SIGNED_TYPES } from '../../bench/keys.js';
import { closedLoop } from '../../bench/load.js';
import { isMet, type Measurement, median, orderOf, ratios, runRounds } from '../../bench/measure.js';
import { MEASUREMENTS } from '../../bench/measurements/index.js';
import { createMessages } from '../../bench/messages.js';
import type { Result } from '../../bench/result.js';
import { assert } from '../support/assert.js';
import { type ChildResult, runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const test = suite('the benchmark');
test.timeout(170_000);

const PROGRAM = fileURLToPath(new URL('../../bench/run.js', import.meta.url));
/** Reads the program's arguments, before it does anything else. */
const OPTIONS = new URL('../../bench/options.js', import.meta.url).href;
const bench = (...args: string[]): Promise<ChildResult> =>
  runNode([PROGRAM, ...args], { timeoutMs: 160_000, env: { NO_COLOR: '1' } });

const missing = SIGNED_TYPES.filter((type) => missingLibrary(type) !== undefined);
const smoke = 'a smoke run measures everything, verifies what was signed, and ends well whatever the figures are';
if (missing.length > 0) test.skip(smoke, `there is no native library for ${missing.join(', ')}`);
else {
  test(smoke, async () => {
    const file = join(tempFolder(), 'result.json');
    const { code, stdout, stderr } = await bench('--smoke', '--json', file);
    assert.is(code, 0, stderr);

    const lines = stdout.split('\n');
    assert.equal(
      lines.filter((line) => line.length > 100),
      [],
      'lines of more than 100 columns',
    );
    for (const said of ['load average', 'V8', 'sodium-native', 'smoke run', 'memory', 'aims met', 'min–max']) {
      assert.ok(stdout.includes(said), `the report says "${said}"`);
    }

    const result = JSON.parse(readFileSync(file, 'utf8')) as Result;
    assert.is(result.format, 'strongroom-bench');
    assert.is(result.version, 2);
    assert.ok(result.smoke);
    assert.ok(result.signaturesChecked > 1_000, `${result.signaturesChecked} signatures were verified`);
    assert.equal(
      result.measurements.map(({ name }) => name),
      MEASUREMENTS.filter(({ full }) => full !== true).map(({ name }) => name),
    );
    for (const { samples, rows } of result.measurements) {
      for (const [name, values] of Object.entries(samples)) {
        assert.is(values.length, result.rounds, name);
        for (const value of values) assert.ok(value > 0, `${name}: ${value}`);
      }
      for (const { label, series, aim, met } of rows) {
        // A point of a curve stands in the curve's line, without a name of its own.
        const shown = series === undefined || aim !== undefined ? label : series;
        assert.ok(stdout.includes(shown), `the table has "${shown}"`);
        assert.is(typeof met, aim === undefined ? 'undefined' : 'boolean', label);
      }
    }
    assert.is(result.measurements.flatMap(({ rows }) => rows.filter(({ aim }) => aim !== undefined)).length, 14);
  });
}

test('an argument that is no option, measurement or number is refused before anything starts', async () => {
  // The program ends itself in reading them: all of them in one process that tells of each.
  const cases = [['--only', 'rsa'], ['--rounds', '0'], ['--seconds', 'x'], ['--fast'], ['more']];
  const { stdout: told, stderr: failed } = await runNode(
    `import { readOptions } from ${JSON.stringify(OPTIONS)};
     const write = process.stderr.write;
     const ends = [];
     for (const args of ${JSON.stringify(cases)}) {
       let said = '';
       process.stderr.write = (text) => { said += text; return true; };
       process.exit = (code) => { throw { code }; };
       try { readOptions(args); ends.push([args, 'accepted']); } catch ({ code }) { ends.push([args, code, said]); }
     }
     process.stderr.write = write;
     console.log(JSON.stringify(ends));`,
  );
  assert.is(failed, '');
  const ends = JSON.parse(told) as [string[], number, string][];
  assert.is(ends.length, cases.length);
  for (const [args, code, said] of ends) {
    assert.is(code, 1, args.join(' '));
    assert.match(said, /^error: /, args.join(' '));
  }
  const { code, stdout, stderr } = await bench('--rounds', '0');
  assert.equal([code, stdout, stderr.slice(0, 7)], [1, '', 'error: ']);
});

test('a file that cannot be written is refused before anything is measured, and no file is made or changed by that', async () => {
  const folder = tempFolder();
  const [kept, unmade] = [join(folder, 'kept.json'), join(folder, 'unmade.html')];
  writeFileSync(kept, 'kept');
  const nowhere = join(folder, 'no folder', 'page.svg');
  const { code, stdout, stderr } = await bench('--smoke', '--json', kept, '--html', unmade, '--svg', nowhere);
  assert.equal(
    { code, stdout, stderr },
    { code: 1, stdout: '', stderr: `error: ${nowhere} cannot be written: ENOENT\n` },
  );
  assert.is(readFileSync(kept, 'utf8'), 'kept');
  assert.not(existsSync(unmade));
});

test('who fails in a later round is dropped, and the others have all their rounds', async () => {
  let runs = 0;
  const steady = { name: 'steady', run: async () => 5 };
  const failing = { name: 'failing', run: async () => (++runs < 3 ? 7 : undefined) };
  const measurement = { contestants: [steady, failing], pace: 1 } as unknown as Measurement;
  const nothing = (): void => undefined;
  const plan = { rounds: 3, seconds: 1, warmUp: true, begin: nothing, end: async () => undefined, step: nothing };
  assert.equal([...(await runRounds(measurement, plan))], [['steady', [5, 5, 5]]]);
});

test('a signature that is wrong, or right for another message, is noticed and its maker named', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const messages = createMessages(2);
  const [first, second] = messages.plain.map((message) => Uint8Array.from(sign(null, message, privateKey)));
  const flipped = first!.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
  const outcome = async (...signatures: Uint8Array[]): Promise<string> => {
    const checker = createChecker(messages);
    const keep = checker.keeperFor('the contestant', [{ id: 'a', type: 'ed25519', publicKey: raw }]);
    signatures.forEach((signature, i) => void keep.add(i, signature));
    return checker.checkAll().then(
      () => `${checker.checked} checked`,
      (error: Error) => error.message,
    );
  };
  assert.is(await outcome(first!, second!, first!), '3 checked');
  const wrong = '"the contestant" gave a signature that is not valid (key "a")';
  assert.is(await outcome(flipped), wrong);
  assert.is(await outcome(first!, first!), wrong);
  assert.is(await outcome(first!, second!, flipped), wrong, 'also after a right one over the same message');
});

test('a closed loop never has more calls in flight than it was told, and leaves none', async () => {
  let inFlight = 0;
  let most = 0;
  let windows = '';
  const rate = await closedLoop({
    inFlight: 7,
    seconds: 0.02,
    keep: { every: 1, add: () => undefined },
    async start() {
      most = Math.max(most, ++inFlight);
      await new Promise(setImmediate);
      inFlight--;
      return new Uint8Array(1);
    },
    onWindow: (open) => {
      windows += open ? '[' : ']';
    },
  });
  assert.ok(rate > 0 && Number.isFinite(rate));
  assert.equal({ most, inFlight, windows }, { most: 7, inFlight: 0, windows: '[]' });
});

test('a closed loop fails with the first call that fails', async () => {
  const start = (i: number): Promise<Uint8Array> =>
    i === 20 ? Promise.reject(new Error('call 20')) : Promise.resolve(new Uint8Array(1));
  const keep = { every: 1, add: () => undefined };
  await closedLoop({ inFlight: 4, seconds: 60, keep, start }).then(
    () => assert.unreachable('it must fail'),
    (error: Error) => assert.is(error.message, 'call 20'),
  );
});

test('a median is the middle value, or between the two middle values', () => {
  assert.is(median([9]), 9);
  assert.is(median([10, 2, 7]), 7);
  assert.is(median([10, 2, 7, 8]), 7.5);
  assert.throws(() => median([]), /at least one value/);
});

test('ratios are taken round by round, and rounds of different number are refused', () => {
  assert.equal(ratios([2, 9], [1, 3]), [2, 3]);
  assert.throws(() => ratios([1], [1, 2]), /expected 1 rounds, got 2/);
});

test('every round begins with another contestant and has all of them', () => {
  const rounds = [0, 1, 2, 3].map((round) => orderOf(['a', 'b', 'c'], round).join(''));
  assert.equal(rounds, ['abc', 'bca', 'cab', 'abc']);
});

test('an aim is met at its limit, and one that says "below" is not', () => {
  assert.ok(isMet({ sense: 'at least', limit: 1.75 }, 1.75));
  assert.not(isMet({ sense: 'at least', limit: 1.75 }, 1.74));
  assert.ok(isMet({ sense: 'at most', limit: 1.6 }, 1.6));
  assert.not(isMet({ sense: 'below', limit: 5 }, 5));
});

test.run();
