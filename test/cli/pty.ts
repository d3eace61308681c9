// Runs a shell command at a pseudo-terminal of its own, made by util-linux's `script`: what it shows is read, and keys
// are pressed, as a person would.
import { spawn, spawnSync } from 'node:child_process';
import { killGroup } from '../support/child.js';

/** How a person is waited for, at most. */
const SHOW_MS = 20_000;

/** Why there is no pseudo-terminal here; undefined if there is. */
export const whyNoPty = (): string | undefined => {
  if (process.platform === 'win32') return 'Windows has no terminal that the program can type at unseen';
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return /util-linux/.test(stdout ?? '') ? undefined : "util-linux's script is not installed";
};

export interface Pty {
  /** Resolves when the text is shown, after what was waited for before. */
  shows(text: string): Promise<void>;
  press(keys: string): void;
  /** All that was shown, with plain line feeds. */
  readonly screen: string;
  readonly pid: number;
  /** The exit code of the command. */
  readonly ended: Promise<number | null>;
}

const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) killGroup(pid);
});

/** @param command - for /bin/sh. Its terminal echoes what is pressed, until the command switches that off. */
export const startAtPty = (
  command: string,
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Pty => {
  const child = spawn(
    'script',
    ['--quiet', '--return', '--flush', '--echo', 'always', '--command', command, '/dev/null'],
    {
      cwd,
      env: { ...process.env, SHELL: '/bin/sh', ...env },
      detached: true,
    },
  );
  const pid = child.pid as number;
  running.add(pid);
  let screen = '';
  let seen = 0;
  let look = (): void => undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString('utf8').replaceAll('\r\n', '\n');
    look();
  });
  child.stdin.on('error', () => undefined); // it may end before all keys are pressed
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(pid);
      look();
      resolve(code);
    });
  });
  return {
    shows: (text) =>
      new Promise((resolve, reject) => {
        const fail = (why: string): void => reject(new Error(`${why} before "${text}" was shown:\n${screen}`));
        const timer = setTimeout(() => fail('time ran out'), SHOW_MS);
        look = () => {
          const at = screen.indexOf(text, seen);
          if (at === -1 && running.has(pid)) return;
          clearTimeout(timer);
          look = () => undefined;
          if (at === -1) fail('the program ended');
          else {
            seen = at + text.length;
            resolve();
          }
        };
        look();
      }),
    press: (keys) => void child.stdin.write(keys),
    get screen() {
      return screen;
    },
    pid,
    ended,
  };
};
