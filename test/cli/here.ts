// The program's command line in this process: for what a process of its own would tell no more about. Every command and
// every kind of ending is run as a process too.
import { runProgram } from '../../dist/src/cli/program.js';
import type { ChildResult } from '../support/child.js';

type Environment = Readonly<Record<string, string | undefined>>;
type Write = typeof process.stdout.write;

/** Set variables; undefined removes one. Returns what they were. */
const setVariables = (variables: Environment): Environment => {
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  return before;
};

/** What is written to a stream until `end` is called. */
const capture = (stream: NodeJS.WriteStream): { end(): string } => {
  const { write } = stream;
  let text = '';
  stream.write = ((chunk: string | Uint8Array) => {
    text += Buffer.from(chunk as Uint8Array).toString('utf8');
    return true;
  }) as Write;
  return {
    end() {
      stream.write = write;
      return text;
    },
  };
};

const runNow = async (args: readonly string[], cwd: string, env: Environment): Promise<ChildResult> => {
  const cwdBefore = process.cwd();
  const envBefore = setVariables(env);
  process.chdir(cwd);
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  const running = runProgram(args, args.includes('--json'));
  const [outcome] = await Promise.allSettled([running]);
  const printed = { stdout: stdout.end(), stderr: stderr.end() };
  process.chdir(cwdBefore);
  setVariables(envBefore);
  if (outcome.status === 'rejected') throw outcome.reason;
  return { code: outcome.value, signal: null, ...printed, timedOut: false };
};

/** Folder, variables and streams are the process's: one command after the other. */
let last: Promise<unknown> = Promise.resolve();

/** Run one command in a folder with these variables, with standard input as this process has it. */
export const runHere = (args: readonly string[], cwd: string, env: Environment): Promise<ChildResult> => {
  const running = last.then(() => runNow(args, cwd, env));
  last = running.catch(() => undefined);
  return running;
};
