// The line that a test file ends with and the runner reads.

/** Begins the line; the rest is JSON. */
export const REPORT_PREFIX = '#strongroom-tests ';

export interface Skip {
  readonly name: string;
  readonly reason: string;
}

/** The line's content. */
export interface FileReport {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
  readonly skips: readonly Skip[];
}
