// A progress bar on standard error, when that is a terminal.
import cliProgress from 'cli-progress';

export interface Progress {
  label(text: string): void;
  step(): void;
  stop(): void;
}

const SILENT: Progress = { label: () => undefined, step: () => undefined, stop: () => undefined };
/** It draws from a timer, also while something is measured: rarely, then. */
const DRAWS_PER_SECOND = 4;

export const startProgress = (total: number): Progress => {
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
  bar.start(total, 0, { label: '' });
  return {
    label: (text) => bar.update({ label: text }),
    step: () => bar.increment(),
    stop: () => bar.stop(),
  };
};
