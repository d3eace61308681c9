// A line that is typed, key by key, without a process or a terminal: what is kept, what is taken back, how it ends, and
// that nothing of what does not stay is left in the arena.
import { type KeySource, openVault } from '../../dist/src/index.js';
import { readSettings } from '../../dist/src/settings/read.js';
import { createHeldValues } from '../../dist/workers/vault/held-values.js';
import { createTerminalInput } from '../../dist/workers/vault/terminal-input.js';
import { LINE_BYTES, MAX_TYPED_BYTES } from '../../dist/workers/vault/terminal-line.js';
import { strengthOf } from '../../dist/workers/vault/terminal-strength.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';

/** The part of the standard interface that node's own types leave to the DOM's. */
declare const WebAssembly: {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const test = suite('what is typed');
const AREA_BYTES = 8192;

/** A vault's held values, and a terminal at which keys are pressed; `end` is a terminal that went away. */
const startTyping = () => {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const area = new Uint8Array(buffer, 0, AREA_BYTES);
  const held = createHeldValues(area, 16);
  const pressed: number[] = [];
  let isOpen = false;
  let isGone = false;
  const input = createTerminalInput(held, () => {
    isOpen = true;
    return {
      read(into, at) {
        const byte = pressed.shift();
        if (byte === undefined) return isGone ? 'gone' : 'none';
        into[at] = byte;
        return 'byte';
      },
      close: () => {
        isOpen = false;
      },
    };
  });
  return {
    held,
    input,
    press: (keys: string | readonly number[]) =>
      void pressed.push(...(typeof keys === 'string' ? new TextEncoder().encode(keys) : keys)),
    end: () => {
      isGone = true;
    },
    isOpen: () => isOpen,
    /** Bytes of the arena that are not zero. */
    used: () => area.reduce((count, byte) => count + Number(byte !== 0), 0),
  };
};

/** What the vault has after some keys and Enter. */
const typed = (keys: string | readonly number[]): string => {
  const { held, input, press, used } = startTyping();
  input.step('open');
  press(keys);
  press('\r');
  const reply = input.step('old');
  if (reply.state !== 'typed') return reply.state;
  const value = held.handoff(reply.handoff, 'bytes') as Uint8Array;
  assert.is(used(), value.filter((byte) => byte !== 0).length, 'more than the line is left');
  return new TextDecoder().decode(value.slice());
};

test('Enter ends a line; a line feed does so too', () => {
  assert.is(typed('correct horse'), 'correct horse');
  assert.is(typed('left\nright'), 'left');
});

test('Backspace takes back a whole character, Ctrl-U the line', () => {
  assert.is(typed('abc\x7f\x7fd'), 'ad');
  assert.is(typed('aö\x7fb'), 'ab');
  assert.is(typed('a€😀\x7f\x08b'), 'ab');
  assert.is(typed('\x7f\x7f\x7fa'), 'a');
  assert.is(typed('wrong\x15right'), 'right');
  assert.is(typed('ö\x7f'), 'empty');
});

test('keys that are no characters are not part of a password', () => {
  assert.is(typed('a\x1b[A\x1b[1;5Cb\x1bOPc'), 'abc'); // arrows and F1
  assert.is(typed('a\x00\x01\tb\x1a\x1cc'), 'abc');
  assert.is(typed('a\x1b[Zb[c'), 'ab[c');
});

test('Escape alone takes nothing with it', () => {
  const { held, input, press } = startTyping();
  input.step('open');
  press('a\x1b');
  assert.equal(input.step('old'), { state: 'waiting' });
  press('[b\r'); // later: typed, not sent by a key
  const reply = input.step('old');
  assert.is(reply.state, 'typed');
  if (reply.state === 'typed') assert.equal([...(held.handoff(reply.handoff, '') as Uint8Array)], [0x61, 0x5b, 0x62]);
});

test('Ctrl-C, Ctrl-D and a terminal that goes away end it, with nothing left', () => {
  for (const key of ['\x03', '\x04', '']) {
    const { input, press, used, isOpen, end } = startTyping();
    input.step('open');
    press('secret');
    assert.equal(input.step('new'), { state: 'waiting' });
    assert.is(used(), 6);
    assert.is(isOpen(), true);
    press(key);
    if (key === '') end();
    assert.equal(input.step('new'), { state: 'cancelled' });
    assert.is(used(), 0);
    assert.is(isOpen(), false);
    assert.equal(input.step('again'), { state: 'no-terminal' });
  }
});

test('a line may have 1,024 bytes; more is refused, however it ends', () => {
  assert.is(typed('x'.repeat(MAX_TYPED_BYTES)), 'x'.repeat(MAX_TYPED_BYTES));
  assert.is(typed('x'.repeat(MAX_TYPED_BYTES + 1)), 'too-long');
  assert.is(typed(`${'x'.repeat(5 * MAX_TYPED_BYTES)}\x7f`), 'too-long');
  assert.is(typed(`${'x'.repeat(5 * MAX_TYPED_BYTES)}\x15y`), 'y');
});

test('what was typed before the question does not count', () => {
  const { held, input, press } = startTyping();
  press('typed too early\rand more');
  assert.equal(input.step('open'), { state: 'waiting' });
  press('now\r');
  const reply = input.step('old');
  assert.is(reply.state === 'typed' && held.handoff(reply.handoff, '')?.length, 3);
});

test('a new password is taken when it is typed twice alike, and both are wiped when it is not', () => {
  const { held, input, press, used } = startTyping();
  input.step('open');
  for (const other of ['secret!', 'secre', 'Secret', '']) {
    press('secret\r');
    assert.is(input.step('new').state, 'typed');
    press(`${other}\r`);
    assert.equal(input.step('again'), { state: 'different' });
    assert.is(used(), 0);
    assert.equal(input.step('again'), { state: 'different' }); // there is nothing to compare with
  }
  press('secret\r');
  const first = input.step('new');
  assert.equal([first.state, first.state === 'typed' && first.strength], ['typed', 'weak']);
  press('secrex\x7ft\r');
  const again = input.step('again');
  assert.is(again.state, 'typed');
  assert.is(used(), 6);
  assert.equal(input.step('close'), { state: 'closed' });
  assert.is(used(), 6); // it is held until it is used
  if (again.state === 'typed') held.dropHandoff(again.handoff);
  assert.is(used(), 0);
});

test('the room for lines is given back, and senders cannot take their numbers', () => {
  const { held, input, press, used } = startTyping();
  for (let i = 0; i < (3 * AREA_BYTES) / LINE_BYTES; i++) {
    input.step('open');
    press('one\r');
    const reply = input.step('old');
    assert.is(reply.state, 'typed');
    if (reply.state !== 'typed') continue;
    assert.is('strength' in reply, false); // of a new one only
    input.step('close');
    const forged = new TextEncoder().encode('forged').slice().buffer;
    held.receive({ handoff: reply.handoff, bytes: forged });
    assert.is(held.handoff(reply.handoff, '')?.length, 3);
    assert.equal([...new Uint8Array(forged)], new Array(6).fill(0));
    held.dropHandoff(reply.handoff);
    assert.is(held.handoff(reply.handoff, ''), undefined);
  }
  input.step('open');
  press('half');
  input.step('old');
  assert.is(used(), 4);
  held.wipe();
  assert.is(used(), 0);
});

test('settings that leave a secret to be typed are for the program alone', async () => {
  const from = { sealed: 'keys.sealed', password: { prompt: true } } as unknown as KeySource;
  const settings = { keys: { a: { type: 'ed25519', from } } } as const;
  const expected = /keys\["a"\]\.from\.password\.prompt: only the program strongroom asks/;
  await rejects(openVault(settings), 'ERR_SETTINGS', expected);
  const { keys } = readSettings(settings, {}, 'program');
  assert.equal((keys[0]!.from as { password: unknown }).password, { prompt: true });
});

test('strength is told in three words', () => {
  const told = (password: string): string => strengthOf(new TextEncoder().encode(password));
  const weak = ['x', '123456789012', 'password', 'aaaaaaaaaaaaaaaaaaaaaaaa', 'Password1!', 'abcdefghijklmnop'];
  weak.push('ababababababab', 'hunter2hunter2', 'horse battery', 'wörtlich-grün', '9402837465');
  const fair = ['k7#Qz!pW4', 'correct horse battery staple', 'vbnqxhwkepzmrtyulsod'];
  const strong = ['correct horse battery staple orbit', 'f3A9!kd02-Zq7x', 'пароль из пяти слов наугад'];
  for (const password of weak) assert.is(told(password), 'weak', password);
  for (const password of fair) assert.is(told(password), 'fair', password);
  for (const password of strong) assert.is(told(password), 'strong', password);
});

test.run();
