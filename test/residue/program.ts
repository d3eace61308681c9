// Drives the program under test: starts it, gives it commands, scans it. The process lives until its driver ends it,
// so that the memory that a closed vault leaves can be read.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Encoding, KeyType, Operation, Settings } from 'strongroom';
import type { Fault } from './fixtures/faulty-workers/orders.js';

/** So many bytes of standard input, in the order of the keys. */
export interface FromInput {
  readonly stdin: number;
}
export type ProgramSecret =
  | { readonly env: string }
  | { readonly file: string; readonly allowSharedFile?: boolean }
  | FromInput;

/** 'bytes' stands for 32 bytes of standard input. */
export type ProgramSource =
  | 'generate'
  | 'bytes'
  | FromInput
  | { readonly env: string; readonly encoding?: Encoding }
  | { readonly file: string; readonly encoding?: Encoding; readonly allowSharedFile?: boolean }
  | { readonly mnemonic: ProgramSecret; readonly passphrase?: ProgramSecret }
  | { readonly seed: string; readonly path: string }
  | { readonly keystore: string; readonly password: ProgramSecret }
  | { readonly sealed: string; readonly password: ProgramSecret; readonly create?: boolean };

/** The program tells the chain code of this path as a seed's public key. */
export const SEED_PROOF_PATH = "m/7'";

export interface ProgramKey {
  readonly type: KeyType;
  readonly from: ProgramSource;
  readonly allow?: readonly Operation[];
}

export type Command =
  | {
      readonly do: 'open';
      readonly settings: Omit<Settings, 'keys'>;
      readonly keys: Readonly<Record<string, ProgramKey>>;
      /** Faulty workers only: a step of the vault's start that fails. */
      readonly fault?: Fault;
    }
  | ({ readonly do: 'register'; readonly id: string } & ProgramKey)
  /** Write a key into a keystore. */
  | { readonly do: 'export'; readonly id: string; readonly file: string; readonly password: ProgramSecret }
  /** Write keys into a sealed file, at a small cost. */
  | { readonly do: 'seal'; readonly ids: readonly string[]; readonly file: string; readonly password: ProgramSecret }
  | { readonly do: 'sign'; readonly ids: readonly string[]; readonly scheme: string; readonly count: number }
  /** Faulty workers only: sign a message under which a step fails, alone or in the middle of `count`. */
  | {
      readonly do: 'sign with a fault';
      readonly id: string;
      readonly scheme: string;
      readonly count: number;
      readonly fault: Fault;
    }
  /** Register a generated key of each of these types, sign with it, release it. */
  | { readonly do: 'try out'; readonly types: readonly KeyType[] }
  | { readonly do: 'release'; readonly ids: readonly string[] }
  | { readonly do: 'close' }
  | { readonly do: 'kill signers'; readonly count: number }
  | { readonly do: 'end the vault' }
  /** Bytes of standard input, 32 by default, kept in ordinary memory: what a scan must find. */
  | { readonly do: 'keep'; readonly as: KeptForm; readonly length?: number }
  /** Write what the runtime tells of itself into files of the folder: introspect.ts. */
  | { readonly do: 'introspect'; readonly folder: string };

export type KeptForm = 'bytes' | 'hex text' | 'latin1 text';

/** What the program signs, again and again. */
export const makeMessages = (): Uint8Array[] => Array.from({ length: 64 }, (_, i) => new Uint8Array(32).fill(i + 1));

/** Public facts. `code` is the error's. */
export interface Answer {
  readonly code?: string;
  /** Faulty workers only: the step that failed during the command. */
  readonly fault?: string;
  readonly threads?: number;
  readonly arenaBytes?: number;
  /** Of the last messages that the first of the keys signed (`makeMessages`), as hex. */
  readonly signatures?: readonly string[];
  readonly keys?: readonly { readonly id: string; readonly publicKey: string }[];
}

/** Commands overlap, so each has a number. */
export interface Request {
  readonly number: number;
  readonly command: Command;
}
export interface Reply {
  readonly number: number;
  readonly answer: Answer;
}

export interface Program {
  readonly pid: number;
  /** Rejects when the program fails in any other way than `expectedCode`. */
  run(command: Command, expectedCode?: string): Promise<Answer>;
  /** Begin a command whose answer is waited for later. */
  start(command: Command): Promise<Answer>;
  /** More for the keys whose source is `bytes`. */
  write(input: Uint8Array): void;
  /** Resolves when the process is gone; with a core image of it, where the limits allow one. */
  end(signal?: 'SIGKILL' | 'SIGABRT'): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./fixtures/program.js', import.meta.url));

export interface ProgramStart {
  readonly env: Readonly<Record<string, string>>;
  /** For the keys whose source is `bytes`. */
  readonly input: Uint8Array;
  /** A command that runs the one that follows it. */
  readonly through?: readonly string[];
  readonly flags?: readonly string[];
  /** The working directory. */
  readonly folder?: string;
  /** Default: the package's own, with the back door of fixtures/workers. */
  readonly workers?: URL;
}

export const startProgram = async (options: ProgramStart): Promise<Program> => {
  const { env, input, through = [], flags = [], folder, workers } = options;
  const [file = '', ...args] = [...through, process.execPath, ...flags, PROGRAM, ...(workers ? [workers.href] : [])];
  const child: ChildProcess = spawn(file, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  child.stdin?.write(input);
  await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error('the program under test did not start'))),
  ]);

  const waiting = new Map<number, (answer: Answer) => void>();
  let commands = 0;
  child.on('message', ({ number, answer }: Reply) => {
    waiting.get(number)?.(answer);
    waiting.delete(number);
  });
  const start = (command: Command): Promise<Answer> => {
    const number = commands++;
    const answered = new Promise<Answer>((resolve) => void waiting.set(number, resolve));
    child.send({ number, command } satisfies Request);
    return Promise.race([
      answered,
      exited.then(([code, signal]) => Promise.reject(new Error(`the program under test ended: ${code ?? signal}`))),
    ]);
  };

  return {
    pid: child.pid as number,
    start,
    async run(command, expectedCode) {
      const answer = await start(command);
      if (answer.code !== expectedCode) {
        throw new Error(`"${command.do}" expected ${expectedCode ?? 'no error'}, got ${answer.code ?? 'no error'}`);
      }
      return answer;
    },
    write: (bytes) => void child.stdin?.write(bytes),
    async end(signal = 'SIGKILL') {
      child.kill(signal);
      await exited;
    },
  };
};
