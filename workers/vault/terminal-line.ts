// A line as it is typed at a terminal without echo: what keeps a byte, takes one back, or ends the line. Bytes are read
// to the place in the arena where they stay, and zeroed there when they do not.
import type { Terminal } from '../sources/terminal.js';
import type { TypedValue } from './held-values.js';

/** Of a password or a mnemonic: as much as a key derivation takes. */
export const MAX_TYPED_BYTES = 1024;
/** One more, for the byte that is read and not judged yet. */
export const LINE_BYTES: number = MAX_TYPED_BYTES + 1;

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const CTRL_U = 0x15;
const ESCAPE = 0x1b;
const DELETE = 0x7f;
const LEFT_BRACKET = 0x5b;
const LETTER_O = 0x4f;

export interface Line {
  readonly value: TypedValue;
  /** Read what is there. `gone` counts as cancelled. */
  read(terminal: Terminal): 'waiting' | 'complete' | 'too-long' | 'cancelled';
  /** Zero it, to begin anew. */
  wipe(): void;
}

/** @param value - with a place of `LINE_BYTES`. */
export const createLine = (value: TypedValue): Line => {
  let tooLong = false;
  /** Within what an arrow key sends: ESC, then [ or O, then more. Those are no characters of a password. */
  let sequence: 'none' | 'begun' | 'csi' | 'ss3' = 'none';

  const wipe = (): void => {
    value.place.fill(0);
    value.length = 0;
    tooLong = false;
    sequence = 'none';
  };

  /** Take back one character of UTF-8: its last bytes are continuations (10xxxxxx), its first is not. */
  const takeBack = (): void => {
    let isContinuation = true;
    while (isContinuation && value.length > 0) {
      value.length -= 1;
      isContinuation = ((value.place[value.length] as number) & 0xc0) === 0x80;
      value.place[value.length] = 0;
    }
  };

  /** Whether a byte belongs to an escape sequence. */
  const isEscaped = (byte: number): boolean => {
    const before = sequence;
    sequence = 'none';
    if (before === 'begun' && byte === LEFT_BRACKET) sequence = 'csi';
    else if (before === 'begun' && byte === LETTER_O) sequence = 'ss3';
    else if (before === 'csi') sequence = byte >= 0x40 && byte <= 0x7e ? 'none' : 'csi';
    else return before === 'ss3';
    return true;
  };

  /** Judge the byte after the end of the line. */
  const eat = (): ReturnType<Line['read']> => {
    const byte = value.place[value.length] as number;
    if (byte >= 0x20 && byte !== DELETE) {
      const isKept = !isEscaped(byte) && value.length < MAX_TYPED_BYTES;
      if (isKept) value.length += 1;
      else {
        tooLong ||= value.length === MAX_TYPED_BYTES;
        value.place[value.length] = 0;
      }
      return 'waiting';
    }
    value.place[value.length] = 0;
    sequence = byte === ESCAPE ? 'begun' : 'none';
    switch (byte) {
      case CTRL_C:
      case CTRL_D:
        return 'cancelled';
      case CARRIAGE_RETURN:
      case LINE_FEED:
        return tooLong ? 'too-long' : 'complete';
      case BACKSPACE:
      case DELETE:
        takeBack();
        return 'waiting';
      case CTRL_U:
        wipe();
        return 'waiting';
      default:
        return 'waiting'; // other control characters are not part of any password
    }
  };

  return {
    value,
    wipe,
    read(terminal) {
      for (;;) {
        const found = terminal.read(value.place, value.length);
        if (found === 'gone') return 'cancelled';
        if (found === 'none') {
          sequence = 'none'; // a key sends its sequence at once: this was Escape alone
          return 'waiting';
        }
        const state = eat();
        if (state !== 'waiting') return state;
      }
    },
  };
};
