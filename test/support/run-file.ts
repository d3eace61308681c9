// One test file in a process of its own: started, limited in time, its report read and checked against how it ended.
import { spawn } from 'node:child_process';
import { killGroup } from './child.js';
import { type FileReport, REPORT_PREFIX, type Skip } from './report-line.js';

export interface FileOutcome {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly string[];
  readonly skips: readonly Skip[];
  readonly output: string;
  readonly seconds: number;
}

export interface RunFileOptions {
  readonly timeoutMs: number;
  /** TMPDIR of the process: what a killed file leaves there, the runner removes. */
  readonly tempFolder: string;
}

/** Enough to see what happened; a file that prints without end must not fill this process. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

const running = new Set<number>();

/** Kill every file that is running, with its children. */
export const killRunning = (): void => {
  for (const pid of running) killGroup(pid);
};

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const parseReport = (output: string): FileReport | string => {
  const lines = output.split('\n').filter((line) => line.startsWith(REPORT_PREFIX));
  if (lines.length !== 1) return lines.length === 0 ? 'the file gave no report' : 'the file gave more than one report';
  try {
    const report = JSON.parse((lines[0] as string).slice(REPORT_PREFIX.length)) as FileReport;
    const whole = isCount(report.passed) && isCount(report.failed) && Array.isArray(report.skips);
    return whole ? report : 'the report is not whole';
  } catch {
    return 'the report is not JSON';
  }
};

/** The outcome of a file from its output and its end. */
const judge = (output: string, ended: string | undefined, seconds: number): FileOutcome => {
  const report = parseReport(output);
  if (typeof report === 'string') {
    const failures = [ended === undefined ? report : `${report}; ${ended}`];
    return { passed: 0, failed: 1, failures, skips: [], output, seconds };
  }
  const failures = [...report.failures];
  let failed = Math.max(report.failed, failures.length);
  if (failed === 0 && ended !== undefined) failures.push(ended);
  if (failed === 0 && report.passed + report.skips.length === 0) failures.push('the file ran no test');
  failed = Math.max(failed, failures.length);
  return { passed: report.passed, failed, failures, skips: report.skips, output, seconds };
};

/** Run one test file to its end. Never rejects for what the file does. */
export const runTestFile = (file: string, options: RunFileOptions): Promise<FileOutcome> =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const env = { ...process.env, TMPDIR: options.tempFolder };
    const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    const chunks: Buffer[] = [];
    let bytes = 0;
    let ended: string | undefined;
    const timer = setTimeout(() => {
      ended = `killed: it did not end within ${options.timeoutMs} ms`;
      if (pid !== undefined) killGroup(pid);
    }, options.timeoutMs);

    const keep = (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      // The report is the last line, so the oldest output goes.
      while (bytes > MAX_OUTPUT_BYTES && chunks.length > 1) bytes -= (chunks.shift() as Buffer).length;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const finish = (): void => {
      clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      resolve(judge(Buffer.concat(chunks).toString('utf8'), ended, (performance.now() - startedAt) / 1000));
    };
    child.on('error', (error) => {
      ended = `the process could not be started: ${error.message}`;
      finish();
    });
    child.on('exit', (code, signal) => {
      if (code !== 0) ended ??= signal === null ? `the process ended with exit code ${code}` : `ended by ${signal}`;
      // What the file started and left behind would hold the pipes open.
      if (pid !== undefined) killGroup(pid);
    });
    child.on('close', finish);
  });
