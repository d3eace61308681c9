// What a reader must know before believing the figures of a run.
import type { Environment } from './environment.js';
import { figureName, median } from './measure.js';
import { CALLS, ENOUGH_CALLS, KEPT_UP, SUSTAINED } from './open-loop.js';
import type { MeasurementResult } from './result.js';

/** Load of the minute before, for each core, from which a machine counts as busy. */
const BUSY_LOAD = 0.25;
/** Spread of the control, (max - min) / median, from which a machine counts as unsteady. */
const UNSTEADY_SPREAD = 0.1;
/** Part of `threads` times one bare loop that the control reaches on a machine with that many cores to itself. */
const WHOLE_CORES = 0.9;

export interface NoteInput {
  readonly smoke: boolean;
  readonly environment: Environment;
  readonly threads: number;
  readonly measurements: readonly MeasurementResult[];
  /** Packages that are missing, by what could not be measured without them. */
  readonly missing: ReadonlyMap<string, string>;
}

const percent = (part: number): string => `${Math.round(part * 100)}%`;

const notesOnMachine = ({ environment, threads }: NoteInput): string[] => {
  const notes: string[] = [];
  const [minute = 0] = environment.loadBefore;
  if (minute > BUSY_LOAD * environment.cores) {
    notes.push(
      `The machine was busy: load average ${minute.toFixed(2)} before the start, on ${environment.cores} cores.`,
    );
  }
  if (environment.cores < threads) {
    notes.push(`There are fewer cores (${environment.cores}) than signer threads (${threads}).`);
  }
  return notes;
};

/** The control is the contestant that Strongroom has no part in: as many bare loops as there are signers. */
const notesOnControl = (measurement: MeasurementResult, threads: number): string[] => {
  const control = measurement.rows.find(({ role, ofCeiling, ratio }) => role === 'ceiling' && ofCeiling === 1 && ratio);
  if (control?.ratio === undefined) return [];
  const { value, ratio } = control;
  const notes: string[] = [];
  const spread = (value.max - value.min) / value.median;
  if (spread > UNSTEADY_SPREAD) {
    notes.push(
      `${measurement.name}: unsteady; the bare loops in ${threads} threads alone varied by ${percent(spread)}.`,
    );
  }
  if (ratio.median < WHOLE_CORES * threads) {
    notes.push(
      `${measurement.name}: ${threads} bare loops at once made ${ratio.median.toFixed(2)} times one; no design can do more here.`,
    );
  }
  return notes;
};

/** A load that was too much leaves a backlog that grows, and its latencies tell how long it ran. */
const notesOnLoad = ({ name, samples }: MeasurementResult): string[] => {
  const suffix = figureName('', KEPT_UP);
  return Object.entries(samples)
    .filter(([figure, values]) => figure.endsWith(suffix) && median(values) < SUSTAINED)
    .map(
      ([figure]) =>
        `${name}: ${figure.slice(0, -suffix.length)}: more than could be sustained; calls piled up, so its latencies grow with the length of the run.`,
    );
};

/** A percentile of fewer calls than it takes is the slowest of them. */
const notesOnCalls = ({ name, samples }: MeasurementResult): string[] => {
  const suffix = figureName('', CALLS);
  return Object.entries(samples)
    .filter(([figure, values]) => figure.endsWith(suffix) && median(values) < ENOUGH_CALLS)
    .map(
      ([figure, values]) =>
        `${name}: ${figure.slice(0, -suffix.length)}: about ${Math.round(median(values))} calls in a round; p99.9 is the slowest of them.`,
    );
};

export const notesOn = (input: NoteInput): string[] => [
  ...(input.smoke ? ['This was a smoke run: its figures mean nothing.'] : []),
  ...notesOnMachine(input),
  ...input.measurements.flatMap((measurement) => notesOnControl(measurement, input.threads)),
  ...input.measurements.flatMap(notesOnLoad),
  ...input.measurements.flatMap(notesOnCalls),
  ...Array.from(input.missing, ([what, name]) => `${what}: not measured, the package ${name} is not available.`),
];
