// The terminal's view of a run, at most 100 columns wide.
import { type Aim, type Axis, GROUPS, type Group, type Spread } from './measure.js';
import type { JudgedRow, MeasurementResult, Result } from './result.js';
import { bulletLines, rowOf, wrap } from './text.js';

/** Label, median, its range, ratio, its range, part of the ceiling, aim, verdict: 100 columns with their gaps. */
const COLUMNS = [30, 8, 15, 5, 9, 7, 6, 6] as const;
const GAP = '  ';

const SIGNS = { 'at least': '≥', 'at most': '≤', below: '<' } as const;

const figure = (value: number): string => {
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 2);
};
const range = ({ min, max }: Spread, show: (value: number) => string): string => `${show(min)}–${show(max)}`;
/** Never wider than 4 characters below 10,000: a range of two fits its column. */
const two = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
const aimText = ({ sense, limit }: Aim): string => `${SIGNS[sense]} ${limit.toFixed(2)}`;

const line = (cells: readonly string[]): string => rowOf(cells, COLUMNS, GAP);

const HEADER = line(['', 'median', 'min–max', 'ratio', 'min–max', 'ceiling', 'aim', '']);

const rowLine = ({ label, value, ratio, ofCeiling, aim, met }: JudgedRow): string =>
  line([
    `  ${label}`,
    figure(value.median),
    range(value, figure),
    ratio === undefined ? '' : two(ratio.median),
    ratio === undefined ? '' : range(ratio, two),
    ofCeiling === undefined ? '' : `${Math.round(ofCeiling * 100)}%`,
    aim === undefined ? '' : aimText(aim),
    met === undefined ? '' : met ? 'met' : 'missed',
  ]);

const FIELD_COLUMN = 10;
const field = (name: string, text: string): string[] => wrap(text, name.padEnd(FIELD_COLUMN), ' '.repeat(FIELD_COLUMN));

export const environmentLines = ({ environment, seconds, rounds }: Result): string[] => {
  const { cpu, cores, memoryGiB, system, loadBefore, node, v8, openssl, flags, packages } = environment;
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  const load = loadBefore.map((value) => value.toFixed(2)).join(' ');
  return [
    ...field('machine', `${cpu}, ${cores} cores, ${memoryGiB} GiB; ${system}; load average before: ${load}`),
    ...field('node', `${node}, V8 ${v8}, OpenSSL ${openssl}; flags: ${flags.length > 0 ? flags.join(' ') : 'none'}`),
    ...field('packages', versions.join(', ')),
    ...field(
      'run',
      `a round to warm up and ${rounds} that count; in each, all contestants in turn, for at least ${seconds} s each`,
    ),
  ];
};

const vaultLines = ({ vault, sizes, signaturesChecked }: Result): string[] => {
  const { threads, providers, memory, openMs } = vault;
  const provided = `ed25519 ${providers.ed25519}, secp256k1 ${providers.secp256k1}, bls12-381 ${providers['bls12-381']}`;
  const lock = `${memory.locked ? 'locked' : 'NOT locked'}, ${memory.excludedFromDumps ? 'left out of' : 'part of'} core dumps`;
  return [
    ...field(
      'vault',
      `${threads} signer threads; ${provided}; ${figure(memory.keysUsed)} keys; memory ${lock}; opened in ${figure(openMs)} ms`,
    ),
    ...field(
      'warm',
      `the vault open and its signers ready; every contestant ran one round before those that count, and each run begins under the same load; messages of 32 bytes, ${sizes.messages} in turn`,
    ),
    ...field(
      'checked',
      `${signaturesChecked.toLocaleString('en-US')} signatures verified outside of the timed parts, none wrong: all of the first round, a sample of the others`,
    ),
  ];
};

/** Columns of a grid: the name of a curve, then its points. */
const CURVE_COLUMN = 30;
const POINT_COLUMN = 11;

const gridLine = (cells: readonly string[]): string =>
  cells
    .map((cell, i) => (i === 0 ? `  ${cell}`.padEnd(CURVE_COLUMN) : cell.padStart(POINT_COLUMN)))
    .join('')
    .trimEnd();

/** Curves: a line for each, a column for each place on the axis; medians. */
const gridLines = (axis: Axis, rows: readonly JudgedRow[]): string[] => {
  const places = [...new Set(rows.flatMap(({ x }) => x ?? []))].sort((a, b) => a - b);
  const curves = [...new Set(rows.flatMap(({ series }) => series ?? []))];
  return [
    gridLine([`${axis.label}:`, ...places.map(figure)]),
    ...curves.map((curve) => {
      const points = rows.filter(({ series }) => series === curve);
      const at = (place: number): string => {
        const point = points.find(({ x }) => x === place);
        return point === undefined ? '' : figure(point.value.median);
      };
      return gridLine([curve, ...places.map(at)]);
    }),
  ];
};

const measurementLines = ({ title, axis, rows, absent }: MeasurementResult): string[] => {
  const points = axis === undefined ? [] : rows.filter(({ series, x }) => series !== undefined && x !== undefined);
  // Those with an aim have a line of their own as well.
  const others = rows.filter((row) => !points.includes(row) || row.aim !== undefined);
  return [
    '',
    title,
    ...(axis === undefined || points.length === 0 ? [] : gridLines(axis, points)),
    ...others.map(rowLine),
    ...absent.flatMap(({ name, reason }) => wrap(`${name}: absent; ${reason}`, '  ')),
  ];
};

const TITLES: Readonly<Record<Group, string>> = {
  throughput: 'THROUGHPUT',
  scaling: 'SCALING',
  latency: 'LATENCY',
  cost: 'COST',
};

const tableLines = (measurements: readonly MeasurementResult[]): string[] => [
  HEADER,
  ...GROUPS.flatMap((group) => {
    const own = measurements.filter((measurement) => measurement.group === group);
    return own.length === 0 ? [] : ['', TITLES[group], ...own.flatMap(measurementLines)];
  }),
];

const LEGEND =
  'ratio: to the first line of each table, or as it says: taken in each round, then the median. ' +
  "node:crypto's ECDSA hashes the message itself and draws its nonce. SoftHSM2: one session, calls that block; P-256 is another curve, without a ratio. " +
  'ceiling: part reached of bare loops in as many threads. delay: p99 of the interval between samples, less the idle one.';

export const reportLines = (result: Result): string[] => {
  const judged = result.measurements.flatMap(({ rows }) => rows.filter(({ met }) => met !== undefined));
  const met = judged.filter((row) => row.met).length;
  return [
    ...vaultLines(result),
    '',
    ...tableLines(result.measurements),
    '',
    ...wrap(LEGEND),
    ...(judged.length > 0 ? [`${met} of ${judged.length} aims met.`] : []),
    ...(result.notes.length > 0 ? ['', 'Before you believe these figures:'] : []),
    ...bulletLines(result.notes),
  ];
};
