// Programs that a test runs in a process of their own: exit codes, crashes and output are what it looks at.
import { type SpawnOptionsWithoutStdio, spawn } from 'node:child_process';
import { repositoryRoot } from './vectors.js';

export interface ChildOptions {
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  /** Default: the root of the repository, where `import 'strongroom'` finds this package. */
  readonly cwd?: string;
  /** Default 50,000: below a test's own limit, so that the output of what hung is seen. */
  readonly timeoutMs?: number;
}

export interface ChildResult {
  /** null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The process ran into `timeoutMs` and was killed. */
  readonly timedOut: boolean;
}

/** End a process and all that it started; it must have been spawned with `detached: true`. */
export const killGroup = (pid: number): void => {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
};

/** A test file that ends early takes its programs with it. */
const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) killGroup(pid);
});

/** Run a program to its end. Never rejects for what the program does. */
export const runProgram = (
  program: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> =>
  new Promise((resolve, reject) => {
    const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
    const spawnOptions: SpawnOptionsWithoutStdio = { cwd: options.cwd ?? repositoryRoot, env, detached: true };
    const child = spawn(program, [...args], spawnOptions);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let timedOut = false;
    const kill = (): void => {
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs ?? 50_000);
    if (child.pid !== undefined) running.add(child.pid);
    const settle = (): void => {
      clearTimeout(timer);
      if (child.pid !== undefined) running.delete(child.pid);
    };
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {}); // a program may end without reading its input
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', (code, signal) => {
      settle();
      const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString('utf8');
      resolve({ code, signal, stdout: text(stdout), stderr: text(stderr), timedOut });
    });
    child.stdin.end(options.input);
  });

/**
 * Run node: a module's source text, the path of a script (ends in .js, .mjs or .cjs), or a list of arguments.
 * The source text may `import 'strongroom'`.
 */
export const runNode = (script: string | readonly string[], options: ChildOptions = {}): Promise<ChildResult> => {
  const isPath = typeof script === 'string' && /^\S.*\.[cm]?js$/.test(script) && !script.includes('\n');
  const args = typeof script !== 'string' ? script : isPath ? [script] : ['--input-type=module', '--eval', script];
  return runProgram(process.execPath, args, options);
};
