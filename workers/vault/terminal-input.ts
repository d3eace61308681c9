// Passwords that are typed: main asks for one step after another, and this thread reads what was typed meanwhile. The
// line lies in the arena, as a hand-off under a number of the vault's own; main learns that number and how it ended.
import type { TypingReply, TypingStep } from '../../src/wire/protocol.js';
import { openTerminal, type Terminal } from '../sources/terminal.js';
import type { HeldValues } from './held-values.js';
import { createLine, LINE_BYTES, type Line } from './terminal-line.js';
import { strengthOf } from './terminal-strength.js';

export interface TerminalInput {
  /** @throws {VaultError} ERR_SOURCE_TOO_LARGE - there is no room for what is typed. */
  step(step: TypingStep): TypingReply;
}

interface Session {
  readonly terminal: Terminal;
  readonly line: Line;
  /** The same once more, to compare. */
  readonly repeated: Line;
  /** The line is complete: whoever was told its number may name it. */
  given: boolean;
}

/** Every byte, whatever the lines hold: how long it takes does not depend on them. */
const isSame = (a: Line, b: Line): boolean => {
  let difference = a.value.length ^ b.value.length;
  for (let i = 0; i < LINE_BYTES; i++) difference |= (a.value.place[i] as number) ^ (b.value.place[i] as number);
  return difference === 0;
};

export const createTerminalInput = (
  held: HeldValues,
  open: () => Terminal | undefined = openTerminal,
): TerminalInput => {
  let session: Session | undefined;

  /** What was given stays, until it is used or the vault is closed. */
  const end = (keepGiven: boolean): void => {
    if (session === undefined) return;
    const { terminal, line, repeated, given } = session;
    session = undefined;
    held.dropHandoff(repeated.value.number);
    if (!given || !keepGiven) held.dropHandoff(line.value.number);
    terminal.close();
  };

  const begin = (): TypingReply => {
    end(true);
    const terminal = open();
    if (terminal === undefined) return { state: 'no-terminal' };
    try {
      const line = createLine(held.holdTyped(LINE_BYTES));
      session = { terminal, line, repeated: createLine(held.holdTyped(LINE_BYTES)), given: false };
      // What was typed before the question was seen on the screen, and meant for something else.
      while (terminal.read(line.value.place, 0) === 'byte');
      line.wipe();
      return { state: 'waiting' };
    } finally {
      if (session === undefined) terminal.close();
    }
  };

  const readFirst = ({ terminal, line }: Session, isNew: boolean): TypingReply => {
    if (session!.given) line.wipe();
    session!.given = false;
    const state = line.read(terminal);
    if (state === 'waiting') return { state };
    if (state === 'complete' && line.value.length > 0) {
      session!.given = true;
      const handoff = line.value.number;
      const password = line.value.place.subarray(0, line.value.length);
      return { state: 'typed', handoff, ...(isNew && { strength: strengthOf(password) }) };
    }
    if (state === 'cancelled') end(false);
    else line.wipe();
    return { state: state === 'complete' ? 'empty' : state };
  };

  const readAgain = ({ terminal, line, repeated, given }: Session): TypingReply => {
    if (!given) return { state: 'different' };
    const state = repeated.read(terminal);
    if (state === 'waiting') return { state };
    if (state === 'cancelled') {
      end(false);
      return { state };
    }
    const same = state === 'complete' && isSame(line, repeated);
    repeated.wipe();
    if (same) return { state: 'typed', handoff: line.value.number };
    line.wipe();
    session!.given = false;
    return { state: 'different' };
  };

  return {
    step(step) {
      if (step === 'open') return begin();
      if (step === 'close') end(true);
      if (session === undefined) return { state: step === 'close' ? 'closed' : 'no-terminal' };
      return step === 'again' ? readAgain(session) : readFirst(session, step === 'new');
    },
  };
};
