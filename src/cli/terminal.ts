// The terminal, while something secret is typed at it: main writes the question and switches the echo off, and reads
// nothing. What is typed goes to the vault thread (workers/sources/terminal.ts). It is left as it was found, however the
// program ends.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

const TERMINAL = '/dev/tty';

export interface Terminal {
  write(text: string): void;
  /** Switch echo and line editing on again. */
  close(): void;
}

/** undefined: the process has no terminal, or the system has none that the vault can read by itself (Windows). */
export const openTerminal = (): Terminal | undefined => {
  let output: number | undefined;
  let stream: ReadStream | undefined;
  try {
    output = openSync(TERMINAL, constants.O_WRONLY | constants.O_NOCTTY);
    // Never read from: the runtime would take what is meant for the vault.
    stream = new ReadStream(openSync(TERMINAL, constants.O_RDWR | constants.O_NOCTTY));
  } catch {
    // No terminal, or none that can be set.
  }
  stream?.on('error', () => undefined); // it hung up: the vault finds that out, and the question ends
  stream?.setRawMode(true);
  if (output === undefined || !stream?.isRaw) {
    stream?.destroy();
    if (output !== undefined) closeSync(output);
    return undefined;
  }
  return holdTerminal(output, stream);
};

const holdTerminal = (output: number, stream: ReadStream): Terminal => {
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    stream.setRawMode(false);
    stream.destroy();
    closeSync(output);
  };
  process.on('exit', close); // signals end the process by way of process.exit (interrupt.ts)
  return {
    write(text) {
      if (!isOpen) return;
      try {
        writeSync(output, text);
      } catch {
        // It hung up, as above.
      }
    },
    close,
  };
};
