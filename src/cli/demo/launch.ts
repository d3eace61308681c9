// Plays the one who starts your program: runs the demo in a process of its own, with a key in its environment. The key
// is a random number of this file, for a demo that ends in seconds: real keys are never made in main, and the vault
// offers no way to.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { onInterrupt } from '../interrupt.js';
import { toHex } from '../output.js';
import { DEMO_VARIABLE } from './plan.js';

/** Run the same command again with the demo's variable set. Resolves with its exit code. */
export const launchDemo = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const program = fileURLToPath(new URL('../main.js', import.meta.url));
    const throwAwayKey = toHex(crypto.getRandomValues(new Uint8Array(32)));
    const child = spawn(process.execPath, [...process.execArgv, program, ...process.argv.slice(2)], {
      stdio: 'inherit',
      env: { ...process.env, [DEMO_VARIABLE]: throwAwayKey },
    });
    const ended = new Promise<void>((end) => child.once('close', () => end()));
    const forget = onInterrupt((signal) => {
      child.kill(signal);
      return ended;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      forget();
      resolve(code ?? 128 + constants.signals[signal!]);
    });
  });
