// What of a measurement is drawn as bars, and what as curves. The page and its scripts must see it the same way.
import type { Axis, Role } from '../measure.js';
import type { JudgedRow, MeasurementResult } from '../result.js';
import { isPercentileAxis } from './format.js';
import { roleOf } from './theme.js';

export type Point = JudgedRow & { readonly series: string; readonly x: number };

export interface Curve {
  readonly name: string;
  readonly role: Role;
  /** Ordered by place. */
  readonly points: readonly Point[];
}

export interface Curves {
  readonly kind: 'curves';
  readonly unit: string;
  /** What it is a part of, when the curves are too many for one chart. */
  readonly part?: string;
  readonly axis: Axis;
  readonly percentiles: boolean;
  readonly places: readonly number[];
  readonly curves: readonly Curve[];
}

export interface Bars {
  readonly kind: 'bars';
  readonly unit: string;
  readonly rows: readonly JudgedRow[];
}

export type Chart = Curves | Bars;

/** More curves than this are drawn in several charts, if their names tell where they belong. */
const CURVES_AT_ONCE = 6;

/** "ed25519" of "ed25519, bare loop" and of "ed25519: sign()". */
export const stemOf = ({ name }: Curve): string => /^[^,:]*/.exec(name)![0];

const isPoint = (row: JudgedRow): row is Point => row.series !== undefined && row.x !== undefined;

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

const curvesOf = ({ axis, rows, unit }: MeasurementResult): Curves[] => {
  const points = rows.filter(isPoint);
  if (axis === undefined || points.length === 0) return [];
  const all = distinct(points.map(({ series }) => series)).map((name): Curve => {
    const own = points.filter(({ series }) => series === name).sort((a, b) => a.x - b.x);
    // A curve's first point may be what the others are compared with.
    const roles = own.map((point) => roleOf(point, points));
    return { name, role: roles.includes('strongroom') ? 'strongroom' : roles.at(-1)!, points: own };
  });
  const chart = (curves: readonly Curve[], part?: string): Curves => {
    const places = distinct(curves.flatMap((curve) => curve.points.map(({ x }) => x))).sort((a, b) => a - b);
    const percentiles = isPercentileAxis(axis, places);
    return { kind: 'curves', unit, axis, percentiles, places, curves, ...(part === undefined ? {} : { part }) };
  };
  const stems = distinct(all.map(stemOf));
  if (all.length <= CURVES_AT_ONCE || stems.length === all.length) return [chart(all)];
  return stems.map((stem) =>
    chart(
      all.filter((curve) => stemOf(curve) === stem),
      stem,
    ),
  );
};

const barsOf = ({ axis, rows, unit }: MeasurementResult): Bars[] => {
  const bars = axis === undefined ? rows : rows.filter((row) => !isPoint(row));
  const unitOf = (row: JudgedRow): string => row.unit ?? unit;
  return distinct(bars.map(unitOf)).map((each) => ({
    kind: 'bars',
    unit: each,
    rows: bars.filter((row) => unitOf(row) === each),
  }));
};

export const chartsOf = (measurement: MeasurementResult): Chart[] => [...curvesOf(measurement), ...barsOf(measurement)];

/** The greatest is at least so many times the least, and a logarithmic axis can show both. */
export const areApart = (values: readonly number[], times: number): boolean => {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) / least >= times;
};

/** From where to where a logarithmic axis goes, and what is written along it. */
export interface LogScale {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
}

/** Powers of ten; and their doubles and fivefolds, where there are few of them. */
const FEW_DECADES = 2.5;
/** So that there is something to see of the least value. */
const ROOM = 1.3;

export const logScale = (values: readonly number[]): LogScale => {
  const least = Math.min(...values.filter((value) => value > 0)) / ROOM;
  const greatest = Math.max(...values);
  const steps = Math.log10(greatest / least) < FEW_DECADES ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(least)); ticks.length === 0 || ticks.at(-1)! < greatest; decade++) {
    ticks.push(...steps.map((step) => Number(`${step}e${decade}`)));
  }
  const min = ticks.findLast((tick) => tick <= least)!;
  const max = ticks.find((tick) => tick >= greatest)!;
  return { min, max, ticks: ticks.filter((tick) => tick >= min && tick <= max) };
};
