// Asks for secrets at the terminal. The answer is read by the vault thread and stays there: what comes back is a number.
import { setTimeout as wait } from 'node:timers/promises';
import type { VaultHost } from '../host.js';
import type { Strength, TypingReply, TypingStep } from '../wire/protocol.js';
import type { CheckedSecret } from '../wire/sources.js';
import { CliError } from './exit-codes.js';
import { onInterrupt } from './interrupt.js';
import { openTerminal, type Terminal } from './terminal.js';

/** How often the vault looks at what was typed: well below what a person notices. */
const LOOK_MS = 20;
const MAX_TRIES = 3;

const HINTS: Readonly<Record<Strength, string>> = {
  weak: 'This password is weak. It is taken; five words that have nothing to do with each other are better.',
  fair: 'Strength: fair.',
  strong: 'Strength: strong.',
};

export interface Question {
  /** As in `password of keys.sealed`. */
  readonly what: string;
  /** It is chosen now: asked for twice, with a word about its strength. */
  readonly isNew: boolean;
  /** The options that would have made the question unnecessary; none for a mnemonic. */
  readonly options?: string;
}

export type Ask = (question: Question) => Promise<CheckedSecret>;

const noTerminal = ({ what, options }: Question): CliError => {
  const place = process.platform === 'win32' ? 'nothing can be typed unseen on Windows' : 'there is no terminal';
  const instead = options === undefined ? 'name a file or a variable in the settings' : `give ${options}`;
  return new CliError('ERR_USAGE', `${place}: the ${what} cannot be asked for; ${instead}`);
};

const cancelled = (): CliError => new CliError('ERR_CANCELLED', 'cancelled while a secret was asked for');

/** How a vault is asked to read what people type. */
export const createAsk = (host: VaultHost): Ask => {
  const answerTo = async (step: TypingStep, isCancelled: () => boolean): Promise<TypingReply> => {
    for (;;) {
      const reply = await host.call('readTyped', step);
      if (reply.state === 'cancelled' || isCancelled()) throw cancelled();
      if (reply.state !== 'waiting') return reply;
      await wait(LOOK_MS);
    }
  };

  const askAt = async (terminal: Terminal, question: Question, isCancelled: () => boolean): Promise<CheckedSecret> => {
    const { what, isNew } = question;
    const readLine = async (label: string, step: TypingStep): Promise<TypingReply> => {
      terminal.write(`${label}: `);
      try {
        return await answerTo(step, isCancelled);
      } finally {
        terminal.write('\n');
      }
    };
    for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
      const reply = await readLine(
        isNew ? `New ${what}` : what[0]!.toUpperCase() + what.slice(1),
        isNew ? 'new' : 'old',
      );
      if (reply.state === 'no-terminal') throw noTerminal(question);
      if (reply.state !== 'typed') {
        terminal.write(reply.state === 'empty' ? 'It must not be empty.\n' : 'It is too long: at most 1,024 bytes.\n');
        continue;
      }
      if (!isNew) return { typed: reply.handoff };
      if (reply.strength !== undefined) terminal.write(`${HINTS[reply.strength]}\n`);
      const again = await readLine('The same again', 'again');
      if (again.state === 'typed') return { typed: again.handoff };
      terminal.write('These were not the same.\n');
    }
    throw new CliError('ERR_INPUT', `no ${what} after ${MAX_TRIES} tries`);
  };

  return async (question) => {
    const terminal = openTerminal();
    if (terminal === undefined) throw noTerminal(question);
    let isInterrupted = false;
    const forget = onInterrupt(() => {
      isInterrupted = true;
      terminal.close();
    });
    try {
      // Only now: the vault drops what was typed before the echo was off.
      const { state } = await host.call('readTyped', 'open');
      if (state !== 'waiting') throw noTerminal(question);
      return await askAt(terminal, question, () => isInterrupted);
    } finally {
      forget();
      terminal.close();
      await host.call('readTyped', 'close').catch(() => undefined); // a vault that ended has closed its own
    }
  };
};
