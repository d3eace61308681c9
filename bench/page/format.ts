// Figures as a reader wants them: with separators, three digits that count, and units.
import type { Aim, Axis, Spread } from '../measure.js';
import type { JudgedRow } from '../result.js';

const SIGNS = { 'at least': '≥', 'at most': '≤', below: '<' } as const;
const DIGITS = 3;

const withDecimals = (value: number, decimals: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

export const figure = (value: number): string => {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return withDecimals(value, 0);
  if (size >= 10) return withDecimals(value, 1);
  if (size >= 1) return withDecimals(value, 2);
  if (size >= 1e-6) return value.toLocaleString('en-US', { maximumSignificantDigits: DIGITS });
  return value.toExponential(DIGITS - 1);
};

export const times = (ratio: number): string => `${withDecimals(ratio, ratio < 0.1 ? 3 : 2)}×`;

/** "least–greatest", or nothing when they are the same. */
export const range = ({ min, max }: Spread, show: (value: number) => string): string =>
  min === max ? '' : `${show(min)}${min < 0 ? ' to ' : '–'}${show(max)}`;

export const percent = (part: number): string => `${Math.round(part * 100)}%`;

/** An aim is for the ratio where a row has one. */
export const aimText = ({ sense, limit }: Aim, { ratio }: JudgedRow): string =>
  `${SIGNS[sense]} ${ratio === undefined ? figure(limit) : times(limit)}`;

export const verdictOf = ({ met }: JudgedRow): 'met' | 'missed' | undefined =>
  met === undefined ? undefined : met ? 'met' : 'missed';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const;

const byteText = (bytes: number): string => {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${figure(value)} ${BYTE_UNITS[unit]}`;
};

/** Percentiles lie side by side: on a scale of their own, p99.9 would lie upon p100. */
export const isPercentileAxis = ({ label }: Axis, places: readonly number[]): boolean =>
  /percentile/i.test(label) && places.every((place) => place >= 0 && place <= 100);

/** A place on an axis. */
export const placeText = (axis: Axis, place: number, percentiles: boolean): string => {
  if (percentiles) return place === 100 ? 'max' : `p${place}`;
  if (/\bbytes?\b/i.test(axis.label)) return byteText(place);
  return figure(place);
};

/** Everything a row says, a line for each. */
export const rowDetails = (row: JudgedRow, unit: string): string[] => {
  const { value, ratio, ofCeiling, aim } = row;
  const spread = range(value, figure);
  const ratios = ratio === undefined ? '' : range(ratio, times);
  return [
    `${figure(value.median)} ${unit}${spread === '' ? '' : ` (${spread})`}`,
    ...(ratio === undefined ? [] : [`ratio ${times(ratio.median)}${ratios === '' ? '' : ` (${ratios})`}`]),
    ...(ofCeiling === undefined ? [] : [`${percent(ofCeiling)} of the ceiling`]),
    ...(aim === undefined ? [] : [`aim ${aimText(aim, row)}: ${verdictOf(row)}`]),
  ];
};
