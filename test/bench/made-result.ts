// A result as a full run would give it, with figures that are made up: every group, curves, aims that are met and missed,
// contestants that are absent. It can be hostile: texts that would be markup, if anybody took them for that.
import type { Aim, Role, Spread } from '../../bench/measure.js';
import { isMet } from '../../bench/measure.js';
import type { JudgedRow, MeasurementResult, Result } from '../../bench/result.js';

/** Texts that do something where they are taken for HTML. */
export const HOSTILE = {
  script: '</script><script>document.documentElement.dataset.hostile = "script"</script>',
  image: '<img src=x onerror="document.documentElement.dataset.hostile = 1">',
  quotes: `"><svg onload='document.documentElement.dataset.hostile = 2'>`,
  comment: '<!-- <script> {a|rich} ]]> &amp;',
} as const;

export interface MadeOptions {
  readonly hostile?: boolean;
  readonly smoke?: boolean;
  /** Names of measurements; all without it. */
  readonly only?: readonly string[];
}

const around = (median: number, part: number): Spread => ({
  median,
  min: median - Math.abs(median) * part,
  max: median + Math.abs(median) * part * 0.8,
});

interface RowInput {
  readonly role?: Role;
  readonly aim?: Aim;
  readonly base?: number;
  readonly ceiling?: number;
  readonly spread?: number;
}

const row = (label: string, median: number, { role, aim, base, ceiling, spread = 0.06 }: RowInput = {}): JudgedRow => {
  const ratio = base === undefined ? undefined : around(median / base, base === median ? 0 : spread);
  return {
    label,
    value: around(median, spread),
    sample: label,
    ...(role === undefined ? {} : { role }),
    ...(ratio === undefined ? {} : { ratio }),
    ...(ceiling === undefined ? {} : { ofCeiling: median / ceiling }),
    ...(aim === undefined ? {} : { aim, met: isMet(aim, ratio?.median ?? median) }),
  };
};

const measurement = (
  input: Pick<MeasurementResult, 'name' | 'group' | 'title' | 'unit' | 'better' | 'rows'> & Partial<MeasurementResult>,
): MeasurementResult => ({
  absent: [],
  samples: Object.fromEntries(
    input.rows.flatMap(({ sample, value }) =>
      sample === undefined ? [] : [[sample, [value.min, value.median, value.max]]],
    ),
  ),
  ...input,
});

const atLeast = (limit: number): Aim => ({ sense: 'at least', limit });

interface Speeds {
  readonly name: string;
  readonly title: string;
  readonly bare: number;
  readonly noble: number;
  readonly openssl?: number;
  readonly task: number;
}

const throughput = ({ name, title, bare, noble, openssl, task }: Speeds): MeasurementResult => {
  const ceiling = bare * 1.92;
  const peer = (label: string, median: number): JudgedRow => row(label, median, { role: 'peer', base: bare, ceiling });
  const ours = (label: string, median: number, aim?: Aim): JudgedRow =>
    row(label, median, { role: 'strongroom', base: bare, ceiling, ...(aim === undefined ? {} : { aim }) });
  return measurement({
    name,
    group: 'throughput',
    title,
    unit: 'signatures/s',
    better: 'more',
    absent: [
      { name: 'ssh-agent', reason: 'there is no program "ssh-agent" on the PATH' },
      { name: 'SoftHSM2', reason: 'there is no library libsofthsm2.so' },
    ],
    rows: [
      row('bare loop, one core', bare, { role: 'baseline', base: bare, ceiling }),
      row('bare loops in 2 threads', ceiling, { role: 'ceiling', base: bare, ceiling, spread: 0.1 }),
      peer('noble', noble),
      ...(openssl === undefined
        ? []
        : [peer('node:crypto', openssl), peer('node:crypto callbacks, 64', openssl * 0.7)]),
      peer('Piscina on noble, 64 calls', Math.min(noble * 1.7, task * 0.9)),
      peer('Piscina on native, 64 calls', task),
      ours('sign(), 1 in flight', Math.min(11_000, bare * 0.7)),
      ours('sign(), 16 in flight', bare * 0.8),
      ours('sign(), 64 in flight', bare * 1.18, atLeast(1.2)),
      ours('sign(), 512 in flight', bare * 1.6),
      ours('sign(), 2,048 in flight', bare * 1.79, atLeast(1.75)),
      ours('signMany() of 4,096', bare * 1.83, atLeast(1.85)),
    ],
  });
};

const curve = (
  series: string,
  role: Role,
  points: readonly (readonly [number, number])[],
  extra: RowInput = {},
): JudgedRow[] =>
  points.map(([x, median]) => ({ ...row(`${series}, ${x}`, median, { role, spread: 0.08, ...extra }), series, x }));

const threads = [1, 2, 3, 4] as const;
const sizes = [32, 256, 1024, 16_384, 131_072, 1_048_576] as const;
const percentiles = [50, 90, 99, 99.9, 100] as const;

const scaling = (): MeasurementResult[] => [
  measurement({
    name: 'threads',
    group: 'scaling',
    title: '2,048 in flight, by signer threads: signatures/s',
    unit: 'signatures/s',
    better: 'more',
    axis: { label: 'signer threads', scale: 'linear' },
    rows: [
      ...curve(
        'ed25519',
        'strongroom',
        threads.map((n) => [n, 61_000 * Math.min(n, 2) ** 0.87]),
      ),
      ...curve(
        'secp256k1',
        'strongroom',
        threads.map((n) => [n, 26_000 * Math.min(n, 2) ** 0.9]),
      ),
      ...curve(
        'bls12-381',
        'strongroom',
        threads.map((n) => [n, 2_950 * Math.min(n, 2) ** 0.95]),
      ),
      ...curve(
        'ed25519, bare loops',
        'ceiling',
        threads.map((n) => [n, 64_000 * Math.min(n, 2) ** 0.92]),
      ),
    ],
  }),
  measurement({
    name: 'keys',
    group: 'scaling',
    title: 'ed25519, 2,048 in flight, by keys used in turn: signatures/s',
    unit: 'signatures/s',
    better: 'more',
    axis: { label: 'keys', scale: 'log' },
    rows: [
      ...curve(
        'ed25519',
        'strongroom',
        [
          [1, 110_000],
          [100, 109_000],
          [10_000, 104_000],
          [100_000, 96_000],
        ],
        { base: 110_000, aim: atLeast(0.9) },
      ).map((point, at): JudgedRow => (at === 0 ? { ...point, role: 'baseline' } : point)),
    ],
  }),
  measurement({
    name: 'sizes',
    group: 'scaling',
    title: 'By size of the message: signatures/s',
    unit: 'signatures/s',
    better: 'more',
    axis: { label: 'message, bytes', scale: 'log' },
    rows: [
      ...curve(
        'ed25519: sign()',
        'strongroom',
        sizes.map((n) => [n, 1e6 / (9 + n / 220)]),
      ),
      ...curve(
        'ed25519: bare loop',
        'baseline',
        sizes.map((n) => [n, 1e6 / (16 + n / 260)]),
      ),
      { ...row('ed25519, 1 MiB: sign(), MB/s', 219.4, { role: 'strongroom' }), unit: 'MB/s' },
    ],
  }),
  measurement({
    name: 'mixed',
    group: 'scaling',
    title: 'Three types at once, 2,048 in flight: signatures/s',
    unit: 'signatures/s',
    better: 'more',
    rows: [
      row('what each type alone would give', 8_400, { role: 'baseline', base: 8_400 }),
      row('mixed in turn', 7_900, { role: 'strongroom', base: 8_400, aim: atLeast(0.9) }),
    ],
  }),
];

/** By percent of the peak: a median, how steeply percentiles rise from it, and how far rounds differ. */
const LOADS = [
  [10, 95, 2.2, 0.08],
  [50, 230, 2.3, 0.08],
  [80, 610, 2.4, 0.15],
  [95, 3_100, 2.2, 0.3],
] as const;

const latency = (): MeasurementResult[] => [
  measurement({
    name: 'latency',
    group: 'latency',
    title: 'sign() called on a schedule: time from when it was due to its answer, µs',
    unit: 'µs',
    better: 'less',
    axis: { label: 'percentile', scale: 'linear' },
    rows: (['ed25519', 'bls12-381'] as const).flatMap((type) =>
      LOADS.flatMap(([load, median, steep, spread]) =>
        curve(
          `${type}, ${load}% of peak`,
          'strongroom',
          percentiles.map((p, i) => [p, median * steep ** i * (type === 'ed25519' ? 1 : 3)]),
          { spread },
        ),
      ),
    ),
  }),
  measurement({
    name: 'lone',
    group: 'latency',
    title: 'A lone call: median, µs',
    unit: 'µs',
    better: 'less',
    rows: [
      row('Comlink echo of 32 bytes', 48.3, { role: 'peer' }),
      row('bare signature', 16.1, { role: 'peer' }),
      row('echo + bare signature', 64.4, { role: 'baseline', base: 64.4 }),
      row("lone sign('ed25519')", 81.2, { role: 'strongroom', base: 64.4, aim: { sense: 'at most', limit: 1.3 } }),
    ],
  }),
  measurement({
    name: 'delay',
    group: 'latency',
    title: 'Event loop of main: delay at p99, ms',
    unit: 'ms',
    better: 'less',
    rows: [
      row('idle: median interval', 1.06, { role: 'baseline', spread: 0 }),
      row('ed25519, 2,048 in flight', 4.7, { role: 'strongroom', aim: { sense: 'below', limit: 5 } }),
      row('bls12-381, 2,048 in flight', 0, { role: 'strongroom', aim: { sense: 'below', limit: 5 } }),
    ],
  }),
];

const cost = (): MeasurementResult[] => [
  measurement({
    name: 'start',
    group: 'cost',
    title: 'From openVault() to the first signature, ms',
    unit: 'ms',
    better: 'less',
    rows: [
      row('bare worker thread', 38, { role: 'baseline' }),
      row('openVault() and sign()', 171, { role: 'strongroom' }),
    ],
  }),
  measurement({
    name: 'memory',
    group: 'cost',
    title: 'Memory of a key, bytes',
    unit: 'bytes/key',
    better: 'less',
    rows: [row('10,000 keys', 412.5), row('100,000 keys', 398.2), row('100,000 keys: heap of main', -12.4)],
  }),
  measurement({
    name: 'cpu',
    group: 'cost',
    title: 'CPU time of a signature, seconds',
    unit: 's',
    better: 'less',
    rows: [
      row('bare loop', 0.0000158, { role: 'baseline', base: 0.0000158 }),
      row('sign(), 2,048 in flight', 0.0000191, { role: 'strongroom', base: 0.0000158 }),
    ],
  }),
];

const hostileMeasurement = (): MeasurementResult =>
  measurement({
    name: HOSTILE.quotes,
    group: 'cost',
    title: `Hostile ${HOSTILE.script}`,
    unit: HOSTILE.image,
    better: 'less',
    axis: { label: HOSTILE.image, scale: 'log' },
    absent: [{ name: HOSTILE.image, reason: HOSTILE.script }],
    rows: [
      row(HOSTILE.script, 3, { role: 'baseline', base: 3 }),
      row(HOSTILE.comment, 1_000, { role: 'strongroom', base: 3 }),
      row(HOSTILE.quotes, 5, { role: 'peer', base: 3 }),
      ...curve(HOSTILE.image, 'strongroom', [
        [1, 5],
        [10, 7],
      ]),
      ...curve(HOSTILE.script, 'peer', [
        [1, 6],
        [10, 9],
      ]),
    ],
  });

export const makeResult = ({ hostile = false, smoke = false, only }: MadeOptions = {}): Result => {
  const all = [
    throughput({
      name: 'ed25519',
      title: 'ed25519: signatures/s',
      bare: 64_000,
      noble: 5_300,
      openssl: 21_000,
      task: 19_500,
    }),
    throughput({
      name: 'ecdsa',
      title: 'secp256k1 ecdsa: signatures/s',
      bare: 26_700,
      noble: 5_900,
      openssl: 2_450,
      task: 14_800,
    }),
    throughput({ name: 'bls12-381', title: 'bls12-381: signatures/s', bare: 3_030, noble: 36.4, task: 5_050 }),
    ...scaling(),
    ...latency(),
    ...cost(),
    ...(hostile ? [hostileMeasurement()] : []),
  ];
  const types = { ed25519: 'native', secp256k1: 'native', 'bls12-381': 'native', x25519: 'node', seed: 'noble' };
  return {
    format: 'strongroom-bench',
    version: 2,
    startedAt: '2026-03-01T09:30:12.000Z',
    smoke,
    full: true,
    seconds: 0.5,
    rounds: 6,
    sizes: { many: 2_048, few: 64, batch: 4_096, manyKeys: 10_000, messages: 64 },
    environment: {
      cpu: hostile ? HOSTILE.image : 'AMD EPYC 7B13',
      cores: 2,
      memoryGiB: 7.7,
      system: 'linux x64 6.18.5',
      loadBefore: [1.7, 0.9, 0.41],
      node: '20.20.2',
      v8: '11.3.244.8-node.38',
      openssl: '3.0.17',
      flags: hostile ? [HOSTILE.script] : ['--max-old-space-size=4096'],
      packages: {
        strongroom: '0.1.0',
        'sodium-native': '5.1.0',
        secp256k1: '5.0.2',
        '@chainsafe/blst': '2.2.0',
        '@noble/curves': '2.4.0',
        comlink: '4.4.2',
        piscina: hostile ? HOSTILE.image : '5.3.2',
      },
    },
    vault: {
      locked: false,
      threads: 2,
      providers: types as Result['vault']['providers'],
      residue: {
        ed25519: 'none',
        secp256k1: 'none',
        'bls12-381': 'part',
        x25519: 'part',
        seed: 'unwiped',
        aead: 'none',
        hmac: 'none',
      },
      memory: { locked: true, excludedFromDumps: true, bytes: 2_097_152, keysUsed: 20_003, keysMax: 32_768 },
      openMs: 143.2,
    },
    measurements: only === undefined ? all : all.filter(({ name }) => only.includes(name)),
    signaturesChecked: 736_854,
    notes: [
      ...(smoke ? ['This was a smoke run: its figures mean nothing.'] : []),
      'The machine was busy: load average 1.70 before the start, on 2 cores.',
      'secp256k1: unsteady; the bare loops in 2 threads alone varied by 18%.',
      ...(hostile ? [HOSTILE.script, HOSTILE.quotes] : []),
    ],
  };
};
