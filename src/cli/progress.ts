// A progress bar for long work, on standard error and only when that is a terminal.
import cliProgress from 'cli-progress';
import { onInterrupt } from './interrupt.js';

export interface Progress {
  advance(by: number): void;
  stop(): void;
}

const SILENT: Progress = { advance: () => undefined, stop: () => undefined };

export const startProgress = (label: string, total: number): Progress => {
  if (!process.stderr.isTTY) return SILENT;
  const bar = new cliProgress.SingleBar({
    format: `   ${label.padEnd(22)} {bar} {percentage}%  {value}/{total}`,
    stream: process.stderr,
    barsize: 30,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false, // interrupt.ts decides what a signal does
  });
  bar.start(total, 0);
  const forget = onInterrupt(() => bar.stop()); // or the terminal's cursor would stay hidden
  return {
    advance: (by) => bar.increment(by),
    stop() {
      forget();
      bar.stop();
    },
  };
};
