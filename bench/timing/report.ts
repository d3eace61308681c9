// The terminal's view of the timing-leak bench, at most 100 columns wide.
import { rowOf, wrap } from '../text.js';
import type { ExperimentResult, TimingResult } from './timing.js';

/** Experiment, times, median, t, difference, smallest difference that would have been seen, verdict. */
const COLUMNS = [31, 8, 11, 8, 12, 12, 9] as const;

const line = (cells: readonly string[]): string => rowOf(cells, COLUMNS, ' ');

const nanoseconds = (value: number): string => {
  const size = Math.abs(value);
  return `${value < 0 ? '−' : ''}${size >= 100 ? Math.round(size).toLocaleString('en-US') : size.toPrecision(2)} ns`;
};
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;

const VERDICTS = {
  control: { true: 'caught', false: 'MISSED' },
  null: { true: 'DIFFERS', false: 'alike' },
  ours: { true: 'LEAKS', false: 'no leak' },
} as const;

const experimentLine = (result: ExperimentResult): string =>
  line([
    `  ${result.experiment}`,
    result.times.toLocaleString('en-US'),
    nanoseconds(result.medianNs),
    signed(result.t),
    result.differs ? nanoseconds(result.differenceNs) : '',
    nanoseconds(result.smallestSeenNs),
    VERDICTS[result.role][`${result.differs}`],
  ]);

const conclusion = ({ controlCaught, nullClean, leaks, experiments }: TimingResult): string => {
  if (!controlCaught) return 'The control was not caught: this run sees nothing, and proves nothing.';
  if (!nullClean) return 'Classes that are alike were found to differ: this run proves nothing. Quieten the machine.';
  if (leaks.length > 0) return `The time depends on the secret: ${leaks.join(', ')}.`;
  const ours = experiments.filter(({ role }) => role === 'ours');
  if (ours.length === 0) return 'The control was caught. No path of ours was examined.';
  const worst = ours.reduce((a, b) => (b.smallestSeenNs > a.smallestSeenNs ? b : a));
  return `No leak was seen in ${ours.length === 1 ? 'one experiment' : `${ours.length} experiments`}; the control was caught. The least sure: ${worst.path}, a difference below ${nanoseconds(worst.smallestSeenNs)} a call would have gone unseen.`;
};

export const timingLines = (result: TimingResult): string[] => {
  const { environment, experiments, absent, tLimit, clockStepNs } = result;
  return [
    ...wrap(
      `TIMING LEAKS on ${environment.cpu}, node ${environment.node}; steps of the clock: ${nanoseconds(clockStepNs)}; load average before: ${environment.loadBefore.map((load) => load.toFixed(2)).join(' ')}`,
    ),
    '',
    line(['', 'times', 'median call', 't', 'difference', 'seen from', '']),
    ...experiments.flatMap((each, i) => [
      ...(experiments[i - 1]?.path === each.path ? [] : [`${each.path}: ${each.title}`]),
      experimentLine(each),
    ]),
    ...absent.flatMap(({ name, reason }) => [`${name}: not examined; ${reason}`]),
    '',
    ...wrap(
      `t: Welch's, the greatest of the whole and of 100 parts without its slowest times; above ${tLimit}, twice in a row, the classes differ. difference: of the means of the two kinds of secrets, in the part with that t. seen from: the smallest constant difference that these times would have shown.`,
    ),
    '',
    ...wrap(conclusion(result)),
  ];
};
