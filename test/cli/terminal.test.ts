// The program at a terminal: secrets are typed without echo, lie in the arena alone, and the terminal is left as it was
// found.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compilePatterns } from '../residue/scanner/patterns.js';
import { scanProcess } from '../residue/scanner/scan.js';
import { whyNoScan } from '../residue/scanner/support.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { createProgram, MAIN, PROGRAM_ENVIRONMENT } from './program.js';
import { type Pty, startAtPty, whyNoPty } from './pty.js';

const test = suite('the program at a terminal');
const program = createProgram();
const ASK = new URL('../../../dist/src/cli/ask.js', import.meta.url).href;
const STRONGROOM = `'${process.execPath}' '${MAIN}'`;
/** Argon2id as cheap as the options allow. */
const CHEAP = '--memory 1 --passes 1';
const PASSWORD = 'Grün-tapir.mauve7lantern_orbit42quill';
const start = (command: string): Pty => startAtPty(command, program.folder, PROGRAM_ENVIRONMENT);
const read = (name: string): string => readFileSync(join(program.folder, name), 'utf8');

test.timeout(60_000);

/** The process of a pseudo-terminal that is the program itself. */
const programUnder = (pid: number): number => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  for (const child of children) {
    const [binary, script] = readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0');
    const found = binary === process.execPath && script === MAIN ? child : programUnder(child);
    if (found !== 0) return found;
  }
  return 0;
};

/** A terminal's settings before and after a command, and its exit code. */
const framed = (command: string): string => `stty -g > before; ${command}; echo "exit $?"; stty -g > after`;
const assertRestored = (): void => {
  assert.match(read('before'), /^[0-9a-f:]{20,}\n$/);
  assert.is(read('after'), read('before'));
};

const reason = whyNoPty();
const unreadable = whyNoScan();
if (unreadable !== undefined) test.skip('a typed password lies in the arena alone', unreadable);
const whenPty = (name: string, body: () => Promise<void>): void =>
  reason === undefined ? test(name, body) : test.skip(name, reason);

whenPty('what is pressed is echoed until a program switches that off', async () => {
  const cat = start('cat');
  cat.press('visible\r');
  await cat.shows('visible\nvisible\n');
  cat.press('\x04');
  assert.is(await cat.ended, 0);
});

whenPty('init asks twice, again if that differs, and shows nothing of what is typed', async () => {
  const pty = start(framed(`${STRONGROOM} init ${CHEAP}`));
  await pty.shows('New password of keys.sealed: ');
  pty.press('\r');
  await pty.shows('It must not be empty.');
  await pty.shows('New password of keys.sealed: ');
  pty.press(`${PASSWORD}\r`);
  await pty.shows('Strength: strong.');
  await pty.shows('The same again: ');
  pty.press('something else\r');
  await pty.shows('These were not the same.');
  await pty.shows('New password of keys.sealed: ');
  pty.press(`${PASSWORD}ö\x7f\r`);
  await pty.shows('The same again: ');

  if (unreadable === undefined) {
    const bytes = new TextEncoder().encode(PASSWORD);
    const set = compilePatterns([{ label: 'password', type: 'plain', bytes }]);
    const { hits } = scanProcess(programUnder(pty.pid), set);
    const found = hits.map(({ form, inArena, whole }) => ({ form, inArena, whole }));
    assert.equal(found, [{ form: 'bytes', inArena: true, whole: true }]);
  }
  pty.press(`${PASSWORD}\r`);
  await pty.shows('exit 0');
  assert.is(await pty.ended, 0);
  for (const part of [PASSWORD, 'tapir', 'something', 'ö']) assert.not.ok(pty.screen.includes(part), part);
  assert.match(pty.screen, /\nkey {10}node\/identity \(ed25519\)\npublic key {3}[0-9a-f]{64}\n/);
  assert.equal(JSON.parse(read('strongroom.json')), {
    keys: { 'node/identity': { type: 'ed25519', from: { sealed: 'keys.sealed', password: { prompt: true } } } },
  });
  assertRestored();
});

whenPty('sign asks for it, while its message comes from a pipe and its signature goes into one', async () => {
  const pty = start(`echo hello | ${STRONGROOM} sign --key node/identity --in - | tr a-f A-F > signature`);
  await pty.shows('Password of keys.sealed: ');
  pty.press(`${PASSWORD}\r`);
  assert.is(await pty.ended, 0);
  assert.match(read('signature'), /^[0-9A-F]{128}\n$/);
  assert.is(pty.screen, 'Password of keys.sealed: \n');
});

whenPty('a wrong password is told by its code', async () => {
  const pty = start(framed(`${STRONGROOM} check`));
  await pty.shows('Password of keys.sealed: ');
  pty.press('not it\r');
  await pty.shows('FAILED  node/identity  ed25519  sealed  ERR_PASSWORD');
  await pty.shows('exit 78');
  await pty.ended;
  assertRestored();
});

whenPty('passwd asks for the old one and the new one, and tells a weak one', async () => {
  const pty = start(framed(`${STRONGROOM} passwd --sealed keys.sealed ${CHEAP}`));
  await pty.shows('Password of keys.sealed: ');
  pty.press(`${PASSWORD}\r`);
  await pty.shows('New password of keys.sealed: ');
  pty.press('short\r');
  await pty.shows('This password is weak.');
  await pty.shows('The same again: ');
  pty.press('short\r');
  await pty.shows('keys.sealed is sealed anew, with 1 key');
  await pty.shows('exit 0');
  await pty.ended;
  assertRestored();
  program.write('short.pw', 'short\n');
  assert.is((await program.run(['check', '--password-file', 'short.pw'])).code, 0);
});

whenPty('Ctrl-C ends with 130 and a restored terminal, and writes nothing', async () => {
  const pty = start(framed(`${STRONGROOM} init --settings other.json --sealed other.sealed`));
  await pty.shows('New password of other.sealed: ');
  pty.press('half a pass\x03');
  await pty.shows('exit 130');
  await pty.ended;
  assert.match(pty.screen, 'strongroom: ERR_CANCELLED: ');
  assert.not.ok(pty.screen.includes('half'));
  assertRestored();
  assert.equal(
    readdirSync(program.folder).filter((name) => name.startsWith('other')),
    [],
  );
});

whenPty('a signal leaves the terminal restored, too', async () => {
  const pty = start(framed(`${STRONGROOM} check`));
  await pty.shows('Password of keys.sealed: ');
  pty.press('half');
  process.kill(programUnder(pty.pid), 'SIGTERM');
  await pty.shows('exit 143');
  await pty.ended;
  assertRestored();
});

whenPty('so does a vault thread that ends while it is asked', async () => {
  program.write(
    'crash.mjs',
    `import { createAsk } from ${JSON.stringify(ASK)};
    let asked = 0;
    const call = async () => {
      if (++asked < 4) return { state: 'waiting' };
      throw new Error('the vault thread ended');
    };
    await createAsk({ call })({ what: 'password of nothing', isNew: false }).catch((error) => console.log(error.message));`,
  );
  const pty = start(framed(`'${process.execPath}' crash.mjs`));
  await pty.shows('Password of nothing: ');
  await pty.shows('the vault thread ended');
  await pty.shows('exit 0');
  await pty.ended;
  assertRestored();
});

test.run();
