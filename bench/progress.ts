// A progress bar on standard error, when that is a terminal.
import cliProgress from 'cli-progress';

/** A part of the bar for each measurement, filled by its steps: how many there are is known only when it begins. */
export interface Progress {
  /** The next measurement begins. */
  begin(label: string): void;
  /** It has so many steps. */
  steps(count: number): void;
  step(): void;
  stop(): void;
}

const SILENT: Progress = {
  begin: () => undefined,
  steps: () => undefined,
  step: () => undefined,
  stop: () => undefined,
};
/** It draws from a timer, also while something is measured: rarely, then. */
const DRAWS_PER_SECOND = 4;

/** @param parts - measurements to come. */
export const startProgress = (parts: number): Progress => {
  if (!process.stderr.isTTY) return SILENT;
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage}%  {duration_formatted}  {label}',
    stream: process.stderr,
    barsize: 30,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    fps: DRAWS_PER_SECOND,
    clearOnComplete: true,
  });
  bar.start(parts, 0, { label: '' });
  let part = -1;
  let done = 0;
  let all = 1;
  return {
    begin(label) {
      part++;
      done = 0;
      all = 1;
      bar.update(part, { label });
    },
    steps(count) {
      all = count;
    },
    step() {
      done++;
      bar.update(part + done / all);
    },
    stop: () => bar.stop(),
  };
};
