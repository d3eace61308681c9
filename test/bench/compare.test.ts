// --compare: it catches a planted slowdown, lets equal runs pass, does not take the machine's drift for ours, and says
// what it could not compare. All figures here are made; seeded, so that a verdict is always the same.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Comparison, compare, MIN_ROUNDS } from '../../bench/compare.js';
import { comparisonLines } from '../../bench/compare-report.js';
import { ratios, spreadOf } from '../../bench/measure.js';
import { readResult } from '../../bench/read-result.js';
import type { JudgedRow, MeasurementResult, Result } from '../../bench/result.js';
import { holm, momentsOf, pullIn, studentQuantile, studentTail, welch } from '../../bench/statistics.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const test = suite('comparing two results');
test.timeout(60_000);

/** Normal deviates by a generator with a fixed seed: chances of verdicts are counted, so the draw must not change. */
const normals = (seed: number): (() => number) => {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
};

interface Made {
  readonly normal: () => number;
  readonly rounds?: number;
  /** Of a ratio, on a log scale. */
  readonly sd?: number;
  /** Speed of the machine, for all contestants alike. */
  readonly machine?: number;
  /** Speed of cores other than the first: only the ceiling and the vault use them. */
  readonly otherCores?: number;
  /** Speed of Strongroom alone. */
  readonly ours?: number;
}

const OURS = ['many', 'few', 'batch', 'sizes', 'mixed'];
const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9', 'max'];

const throughput = (name: string, made: Made): MeasurementResult => {
  const { normal, rounds = 8, sd = 0.025, machine = 1, otherCores = 1, ours = 1 } = made;
  const contestants: (readonly [string, JudgedRow['role'] & string, number])[] = [
    ['bare', 'baseline', 1],
    ['bare in threads', 'ceiling', otherCores],
    ...OURS.map((each) => [each, 'strongroom', otherCores * ours] as const),
  ];
  const samples: Record<string, number[]> = Object.fromEntries(contestants.map(([each]) => [each, []]));
  for (let round = 0; round < rounds; round++) {
    const common = machine * Math.exp(0.05 * normal());
    for (const [each, , speed] of contestants) {
      samples[each]!.push(50_000 * common * speed * Math.exp((sd / Math.SQRT2) * normal()));
    }
  }
  const rows = contestants.map(([label, role]): JudgedRow => {
    const figures = samples[label]!;
    const ratio = spreadOf(ratios(figures, samples.bare!));
    return { label, role, sample: label, value: spreadOf(figures), ratio };
  });
  const unit = 'signatures/s';
  return { name, group: 'throughput', title: `${name}: ${unit}`, unit, better: 'more', absent: [], samples, rows };
};

const latency = (name: string, made: Made): MeasurementResult => {
  const { normal, rounds = 8, sd = 0.025, machine = 1, ours = 1 } = made;
  const samples = Object.fromEntries(
    PERCENTILES.map((each, i) => [
      each,
      Array.from({ length: rounds }, () => ((1 + i) / machine / ours) * Math.exp(sd * 2 ** i * normal())),
    ]),
  );
  const rows = Object.entries(samples).map(
    ([label, figures]): JudgedRow => ({ label, role: 'strongroom', sample: label, value: spreadOf(figures) }),
  );
  return { name, group: 'latency', title: `${name}: ms`, unit: 'ms', better: 'less', absent: [], samples, rows };
};

/** A result of 62 samples, 50 of them Strongroom's. */
const make = (made: Made): Result => ({
  format: 'strongroom-bench',
  version: 2,
  startedAt: '2026-01-01T00:00:00.000Z',
  smoke: false,
  full: true,
  seconds: 0.5,
  rounds: made.rounds ?? 8,
  sizes: { many: 2_048, few: 64, batch: 4_096, manyKeys: 10_000, messages: 64 } as Result['sizes'],
  environment: {
    cpu: 'a processor',
    cores: 2,
    memoryGiB: 8,
    system: 'linux x64 6',
    loadBefore: [0, 0, 0],
    node: '20.20.2',
    v8: '11',
    openssl: '3',
    flags: [],
    packages: { strongroom: '0.1.0', 'sodium-native': '5.1.0' },
  },
  vault: {
    locked: false,
    threads: 2,
    providers: {
      ed25519: 'native',
      secp256k1: 'native',
      'bls12-381': 'native',
      x25519: 'native',
      seed: 'native',
      aead: 'native',
      hmac: 'native',
    },
    residue: {
      ed25519: 'none',
      secp256k1: 'none',
      'bls12-381': 'none',
      x25519: 'none',
      seed: 'none',
      aead: 'none',
      hmac: 'none',
    },
    memory: { locked: true, excludedFromDumps: true, bytes: 65_536, keysUsed: 3, keysMax: 3 },
    openMs: 50,
  },
  measurements: [
    ...['ed25519', 'secp256k1', 'bls12-381', 'sizes', 'mixed', 'threads'].map((name) => throughput(name, made)),
    ...['lone', 'load 10%', 'load 50%', 'load 80%'].map((name) => latency(name, made)),
  ],
  signaturesChecked: 1,
  notes: [],
});

/** In how many of so many pairs of runs something is slower, and faster. */
const calls = (
  pairs: number,
  seed: number,
  old: Partial<Made>,
  now: Partial<Made>,
): { slower: number; faster: number } => {
  const normal = normals(seed);
  const made = Array.from({ length: pairs }, () => compare(make({ normal, ...old }), make({ normal, ...now })));
  const count = (what: 'slower' | 'faster'): number => made.filter((each) => each[what]).length;
  return { slower: count('slower'), faster: count('faster') };
};

test("Welch's t and its degrees of freedom are those of an example worked by hand", () => {
  // Means 3 and 6; variances 2.5 and 10, over 5 each: t = -3 / sqrt(2.5); (2.5)^2 / (0.5^2/4 + 2^2/4) = 5.882…
  const { difference, standardError, t, degrees } = welch(momentsOf([1, 2, 3, 4, 5]), momentsOf([2, 4, 6, 8, 10]));
  assert.is(difference, -3);
  assert.ok(Math.abs(standardError - Math.sqrt(2.5)) < 1e-12);
  assert.ok(Math.abs(t + 1.8973665961010275) < 1e-12);
  assert.ok(Math.abs(degrees - 6.25 / 1.0625) < 1e-12);
  assert.is(welch(momentsOf([4, 4]), momentsOf([4, 4])).t, 0);
});

test("the tail of Student's t is that of printed tables", () => {
  const table: readonly (readonly [t: number, degrees: number, tail: number])[] = [
    [6.313752, 1, 0.05],
    [2.919986, 2, 0.05],
    [2.228139, 10, 0.025],
    [4.1437, 10, 0.001],
    [3.090232, 1e6, 0.001],
  ];
  for (const [t, degrees, tail] of table) {
    assert.ok(Math.abs(studentTail(t, degrees) / tail - 1) < 1e-4, `${t}, ${degrees}`);
    assert.ok(Math.abs(studentTail(-t, degrees) - (1 - tail)) < 1e-5, `-${t}, ${degrees}`);
    assert.ok(Math.abs(studentQuantile(tail, degrees) / t - 1) < 1e-4, `${tail}, ${degrees}`);
  }
});

test("Holm's correction multiplies the least chance by all, the next by one less, and keeps their order", () => {
  const adjusted = holm([0.03, 0.01, 0.02]).map((value) => Math.round(value * 1000) / 1000);
  assert.equal(adjusted, [0.04, 0.03, 0.04]);
  assert.equal(holm([0.6, 0.9]), [1, 1]);
});

test('an outlier is pulled in, and what is none stays', () => {
  const [a, b] = pullIn([10, 11, 12, 13, 14, 50], [10, 11, 12, 13, 14, 15], 3);
  assert.equal(a.slice(0, 5), [10, 11, 12, 13, 14]);
  assert.ok(a[5]! < 22 && a[5]! > 14);
  assert.equal(b, [10, 11, 12, 13, 14, 15]);
});

test('a planted slowdown of a tenth is caught, and so is a gain', () => {
  for (const sd of [0.02, 0.03, 0.04]) {
    for (const rounds of [6, 12]) {
      const caught = calls(10, 7, { sd, rounds }, { sd, rounds, ours: 0.9 });
      assert.equal(caught, { slower: 10, faster: 0 }, `${sd}, ${rounds} rounds`);
    }
  }
  assert.equal(calls(10, 8, {}, { ours: 1.1 }), { slower: 0, faster: 10 });
});

test('a planted slowdown of one figure is named, and no other is', () => {
  const normal = normals(21);
  const old = make({ normal, sd: 0.02 });
  const now = make({ normal, sd: 0.02 });
  const slowed = {
    ...now,
    measurements: now.measurements.map((measurement): MeasurementResult => {
      if (measurement.name !== 'secp256k1') return measurement;
      const few = measurement.samples.few!.map((figure) => figure * 0.9);
      return { ...measurement, samples: { ...measurement.samples, few } };
    }),
  };
  const named = compare(old, slowed).rows.filter(({ verdict }) => verdict === 'slower');
  assert.equal(
    named.map(({ measurement, label }) => `${measurement} ${label}`),
    ['secp256k1 few'],
  );
  assert.ok(named[0]!.change! < -0.05 && named[0]!.change! > -0.15);
});

test('equal programs pass, with 50 figures in each run', () => {
  // Expected are at most 2.5 calls of each kind in a hundred pairs.
  for (const rounds of [6, 12]) {
    const { slower, faster } = calls(60, 3, { rounds }, { rounds });
    assert.ok(slower <= 5 && faster <= 5, `${slower} slower, ${faster} faster of 60, ${rounds} rounds`);
  }
});

test("what the machine does to all contestants alike, or to all but one core's, is not ours", () => {
  for (const machine of [0.85, 1.15]) {
    const both = calls(20, 5, {}, { machine });
    assert.ok(both.slower <= 1 && both.faster <= 1, `${machine}: ${JSON.stringify(both)}`);
  }
  for (const otherCores of [0.85, 1.15]) {
    const normal = normals(6);
    // The other measurements have nothing beside them that would tell.
    const paired = (result: Result): Result => ({ ...result, measurements: result.measurements.slice(0, 6) });
    const compared = Array.from({ length: 20 }, () =>
      compare(paired(make({ normal })), paired(make({ normal, otherCores }))),
    );
    assert.ok(compared.filter(({ slower, faster }) => slower || faster).length <= 1, `${otherCores}`);
  }
  // The control: what is ours is caught in spite of it.
  assert.is(calls(10, 9, {}, { machine: 0.85, ours: 0.9 }).slower, 10);
});

test('a result compared with itself shows no change at all', () => {
  const result = make({ normal: normals(1) });
  const { rows, slower, faster, warnings, missing } = compare(result, result);
  assert.is(rows.length, 50);
  for (const { change, verdict } of rows) assert.ok(Math.abs(change!) === 0 && verdict === 'same');
  assert.equal({ slower, faster, warnings, missing }, { slower: false, faster: false, warnings: [], missing: [] });
});

test('too few rounds decide nothing, and say so', () => {
  const normal = normals(2);
  const { rows, slower } = compare(make({ normal }), make({ normal, rounds: MIN_ROUNDS - 1, ours: 0.5 }));
  assert.not(slower);
  for (const { verdict, reason } of rows) {
    assert.is(verdict, 'undecidable');
    assert.is(reason, `too few rounds: 8 and ${MIN_ROUNDS - 1}, it takes ${MIN_ROUNDS}`);
  }
});

test('another processor, node, number of threads or package is warned of, another strongroom is not', () => {
  const old = make({ normal: normals(1) });
  const now: Result = {
    ...old,
    smoke: true,
    environment: {
      ...old.environment,
      cpu: 'another',
      node: '26.0.0',
      packages: { strongroom: '0.2.0', 'sodium-native': '5.2.0' },
    },
    vault: { ...old.vault, threads: 4 },
  };
  assert.equal(compare(old, now).warnings, [
    'cpu: was a processor, is another',
    'node: was 20.20.2, is 26.0.0',
    'sodium-native: was 5.1.0, is 5.2.0',
    'threads: was 2, is 4',
    'a smoke run takes part: its figures mean nothing',
  ]);
});

test('runs in which a tenth would not have shown are said to be too unsteady', () => {
  const warningsAt = (sd: number): readonly string[] => {
    const normal = normals(30);
    return compare(make({ normal, sd }), make({ normal, sd })).warnings.filter((each) =>
      each.startsWith('too unsteady'),
    );
  };
  assert.is(warningsAt(0.02).length, 0);
  assert.is(warningsAt(0.2).length, 1);
});

test('what only one of the two results has is named', () => {
  const old = make({ normal: normals(1) });
  const [first, second, ...others] = old.measurements as [MeasurementResult, ...MeasurementResult[]];
  const rows = first.rows.map((row) => (row.sample === 'few' ? { ...row, sample: 'fewer' } : row));
  const { few, ...samples } = first.samples;
  const renamed: MeasurementResult = { ...first, rows, samples: { ...samples, fewer: few! } };
  const { missing } = compare(
    { ...old, measurements: [first, ...others] },
    { ...old, measurements: [renamed, second!] },
  );
  assert.equal(missing, [
    'ed25519, few: only in the old result',
    ...others.map(({ name }) => `${name}: only in the old result`),
    'ed25519, fewer: only in the new one',
    'secp256k1: only in the new one',
  ]);
});

const linesOf = (comparison: Comparison): string[] => {
  const lines = comparisonLines(comparison);
  assert.equal(
    lines.filter((line) => line.length > 100),
    [],
    'lines of more than 100 columns',
  );
  return lines;
};

test('the report fits 100 columns and tells changes, drift, warnings, what is missing and the sum', () => {
  const normal = normals(4);
  const old = make({ normal });
  const made = make({ normal, ours: 0.85, machine: 0.8 });
  const environment = { ...made.environment, cpu: 'a processor with a name that goes on and on '.repeat(4) };
  const now = { ...made, environment, measurements: made.measurements.slice(1) };
  const text = linesOf(compare(old, now)).join('\n');
  for (const said of [
    'slower',
    'seen from',
    'cpu: was',
    'better run both again',
    'ed25519: only in the old result',
    'Of 45 figures',
  ]) {
    assert.ok(text.includes(said), said);
  }
  const few = linesOf(compare(make({ normal, rounds: 2 }), make({ normal, rounds: 2 }))).join('\n');
  assert.ok(few.includes('Nothing could be compared; 50 undecidable.'));
});

test('a file that is no result is refused, with its name and what is wrong', () => {
  const folder = tempFolder();
  const read = (name: string, content: string): string => {
    const file = join(folder, name);
    writeFileSync(file, content);
    try {
      readResult(file);
      return 'read';
    } catch (error) {
      const { message } = error as Error;
      assert.ok(message.startsWith(file), message);
      return message.slice(file.length + 1);
    }
  };
  const result = make({ normal: normals(1) });
  const text = (change: object): string => JSON.stringify({ ...result, ...change });
  assert.is(read('good.json', text({})), 'read');
  const not = 'is not a result of this benchmark: ';
  assert.is(read('a.json', 'no json'), `${not}expected JSON, got something else`);
  assert.is(read('b.json', '[]'), `${not}the file: expected an object, got a list`);
  assert.is(read('c.json', '{}'), `${not}format: expected "strongroom-bench", got nothing`);
  assert.is(read('d.json', text({ version: 1 })), `${not}version: expected 2, got 1`);
  assert.is(read('e.json', text({ measurements: [{}] })), `${not}measurements[0].name: expected a text, got nothing`);
  const [first] = result.measurements;
  const broken = { ...first, samples: { bare: [1, 'x'] } };
  assert.is(
    read('f.json', text({ measurements: [broken] })),
    `${not}measurements[0].samples["bare"]: expected a number, got "x"`,
  );
  const row = { ...first!.rows[0]! };
  const rowed = (change: object): string => text({ measurements: [{ ...first, rows: [{ ...row, ...change }] }] });
  assert.is(read('g.json', rowed({})), 'read', 'the control');
  const markup = { markup: '<img src=x>' };
  const refused: readonly (readonly [content: string, what: string])[] = [
    [rowed({ value: { median: 1, min: 1 } }), 'measurements[0].rows[0].value.max: expected a number, got nothing'],
    [rowed({ ratio: 2 }), 'measurements[0].rows[0].ratio: expected an object, got 2'],
    [rowed({ x: '1' }), 'measurements[0].rows[0].x: expected a number, got "1"'],
    [rowed({ unit: markup }), 'measurements[0].rows[0].unit: expected a text, got an object'],
    [rowed({ role: 'hero' }), 'measurements[0].rows[0].role: expected "baseline" or "ceiling" or'],
    [rowed({ label: 'a\u001b[2Jb' }), 'measurements[0].rows[0].label: expected a text without control characters'],
    [text({ notes: [markup] }), 'notes[0]: expected a text, got an object'],
    [text({ notes: Array(20_000).fill('') }), 'notes: expected a list of 10000 at most, got 20000'],
    [text({ environment: { ...result.environment, v8: markup } }), 'environment.v8: expected a text, got an object'],
    [text({ vault: { ...result.vault, openMs: null } }), 'vault.openMs: expected a number, got null'],
    [text({}).slice(0, -9), 'expected JSON, got something else'],
  ];
  for (const [content, what] of refused) {
    const said = read('h.json', content);
    assert.ok(said.startsWith(not + what), said);
  }
  assert.throws(() => readResult(join(folder, 'absent.json')), /absent\.json cannot be read: ENOENT/);
});

test.run();
