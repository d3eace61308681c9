// The terminal that the process belongs to, on a descriptor of its own, read byte by byte straight into the arena. Main
// has switched its echo and its line editing off (src/cli/terminal.ts), and reads nothing from it.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { errnoName } from './errno.js';

const TERMINAL = '/dev/tty';
// Non-blocking: this thread must answer while nobody types.
const FLAGS = constants.O_RDWR | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

export interface Terminal {
  /** Read one byte into `into[at]`: `none` when nothing is typed yet, `gone` when there is nobody left to type. */
  read(into: Uint8Array, at: number): 'byte' | 'none' | 'gone';
  close(): void;
}

/** undefined: the process has no terminal, or the system (Windows) has none of this kind. */
export const openTerminal = (): Terminal | undefined => {
  let descriptor: number;
  try {
    descriptor = openSync(TERMINAL, FLAGS);
  } catch {
    return undefined;
  }
  return {
    read(into, at) {
      try {
        return readSync(descriptor, into, at, 1, null) === 1 ? 'byte' : 'gone';
      } catch (error) {
        return errnoName(error) === 'EAGAIN' ? 'none' : 'gone';
      }
    },
    close: () => closeSync(descriptor),
  };
};
