// Runs the built program as a process of its own, in an empty folder and without this process's STRONGROOM_* variables.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChildOptions, type ChildResult, runNode } from '../support/child.js';
import { tempFolder } from '../support/temp.js';
import { runHere } from './here.js';

export const MAIN: string = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url));

/** Threads 1: what is tested here is the program, and every run starts a vault. */
export const PROGRAM_ENVIRONMENT: Readonly<Record<string, string | undefined>> = {
  STRONGROOM_SETTINGS: undefined,
  STRONGROOM_PROVIDER: undefined,
  STRONGROOM_MEMORY_LOCK: undefined,
  STRONGROOM_MAX_KEYS: '64',
  STRONGROOM_THREADS: '1',
  STRONGROOM_DEMO_KEY: undefined,
  NO_COLOR: undefined,
};

export interface Program {
  readonly folder: string;
  /** Run to the end, in the folder. */
  run(args: readonly string[], options?: ChildOptions): Promise<ChildResult>;
  /** The same in this process, which is quicker: without standard input. */
  runHere(args: readonly string[], options?: Pick<ChildOptions, 'cwd' | 'env'>): Promise<ChildResult>;
  /** Start, with pipes, and leave the rest to the test. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  write(name: string, content: string | Uint8Array, mode?: number): void;
  writeFolder(folder: string, name: string, content: string | Uint8Array): void;
  writeSettings(name: string, keys: Readonly<Record<string, unknown>>): void;
}

export const createProgram = (): Program => {
  const folder = tempFolder();
  const write: Program['write'] = (name, content, mode = 0o600) => writeFileSync(join(folder, name), content, { mode });
  return {
    folder,
    run: (args, options = {}) =>
      runNode([MAIN, ...args], { cwd: folder, ...options, env: { ...PROGRAM_ENVIRONMENT, ...options.env } }),
    runHere: (args, { cwd = folder, env = {} } = {}) => runHere(args, cwd, { ...PROGRAM_ENVIRONMENT, ...env }),
    start: (args, env = {}) =>
      spawn(process.execPath, [MAIN, ...args], {
        cwd: folder,
        env: { ...process.env, ...PROGRAM_ENVIRONMENT, ...env },
      }),
    write,
    writeFolder(name, ...file) {
      mkdirSync(join(folder, name), { recursive: true });
      write(join(name, file[0]), file[1]);
    },
    writeSettings: (name, keys) => write(name, JSON.stringify({ keys })),
  };
};

/** The only line of a text that ends with a line feed. */
export const onlyLine = (text: string): string => {
  const lines = text.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`expected one line, got ${lines.length - 1}:\n${text}`);
  return lines[0]!;
};

/** The exit code, or the signal's name. */
export const exitOf = (child: ChildProcess): Promise<number | string | null> =>
  new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
