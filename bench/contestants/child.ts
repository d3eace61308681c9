// A program of its own, run to its end: what is measured is from its start until it says its first line.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface ChildRun {
  readonly line: string;
  readonly milliseconds: number;
}

/** A program that takes this long will not end. */
const END_MS = 120_000;

/**
 * @param script - a file beside this one.
 * @throws {Error} the program failed, or said nothing.
 */
export const runChild = async (
  script: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): Promise<ChildRun> => {
  const path = fileURLToPath(new URL(`./${script}`, import.meta.url));
  const begun = performance.now();
  const child = spawn(process.execPath, [...flags, path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: END_MS,
    killSignal: 'SIGKILL',
  });
  let said = '';
  let failure = '';
  let milliseconds = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (milliseconds === 0 && said.includes('\n')) milliseconds = performance.now() - begun;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    failure += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const [line = ''] = said.split('\n');
  if (code !== 0 || milliseconds === 0) {
    throw new Error(`${script} ended with ${signal ?? `code ${code}`} and said "${line}": ${failure.slice(-500)}`);
  }
  return { line, milliseconds };
};
