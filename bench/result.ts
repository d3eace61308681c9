// The result of a run: what the report shows and what --json writes. A change of its shape is a new version.
import type { VaultInfo } from 'strongroom';
import type { Environment } from './environment.js';
import { type Absent, type Axis, type Group, isMet, type Measurement, type Row, type Samples } from './measure.js';
import type { Sizes } from './options.js';

export const RESULT_FORMAT = 'strongroom-bench';
export const RESULT_VERSION = 2;

export interface MeasurementResult {
  readonly name: string;
  readonly group: Group;
  readonly title: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly axis?: Axis;
  readonly absent: readonly Absent[];
  /** By contestant: its figure in each round that counts, in order. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  readonly rows: readonly JudgedRow[];
}

/** `met` is there when the row has an aim. */
export type JudgedRow = Row & { readonly met?: boolean };

export interface Result {
  readonly format: typeof RESULT_FORMAT;
  readonly version: typeof RESULT_VERSION;
  readonly startedAt: string;
  /** A smoke run: its figures mean nothing. */
  readonly smoke: boolean;
  /** Everything was measured: `--full`. */
  readonly full: boolean;
  readonly seconds: number;
  readonly rounds: number;
  readonly sizes: Sizes;
  readonly environment: Environment;
  readonly vault: VaultInfo & { readonly openMs: number };
  readonly measurements: readonly MeasurementResult[];
  /** Signatures that were verified, none of which was wrong. */
  readonly signaturesChecked: number;
  /** What a reader must know before believing the figures. */
  readonly notes: readonly string[];
}

export const resultOf = (measurement: Measurement, samples: Samples): MeasurementResult => ({
  name: measurement.name,
  group: measurement.group,
  title: measurement.title,
  unit: measurement.unit,
  better: measurement.better,
  ...(measurement.axis === undefined ? {} : { axis: measurement.axis }),
  absent: measurement.absent ?? [],
  samples: Object.fromEntries(samples),
  rows: measurement
    .rows(samples)
    .map((row) => (row.aim === undefined ? row : { ...row, met: isMet(row.aim, (row.ratio ?? row.value).median) })),
});
