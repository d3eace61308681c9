// Keys from environment variables, in programs of their own: the variable is gone from process.env and, on Linux, from
// what the system shows of the process; a value that the program has set itself is the one that counts.
import { ed25519 } from '@noble/curves/ed25519.js';
import { assert } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const random = seededRandom('start/environment');
const test = suite('keys from the environment');
const isLinux = process.platform === 'linux';

const secret = (): { readonly hex: string; readonly publicKey: string } => {
  const bytes = random.bytes(32);
  return {
    hex: Buffer.from(bytes).toString('hex'),
    publicKey: Buffer.from(ed25519.getPublicKey(bytes)).toString('hex'),
  };
};

interface Told {
  /** Public keys by id, or the code of each key that failed. */
  readonly keys: Record<string, string>;
  /** Which names process.env has still. */
  readonly left: string[];
  /** Which of the values another process can read in this one's environment. */
  readonly shown: string[];
  readonly reasons: string[];
}

/** Open a vault with an ed25519 key from each variable, in a program that first runs some code of its own. */
const open = async (env: Record<string, string>, names: readonly string[], before = ''): Promise<Told> => {
  const program = `
    import { spawnSync } from 'node:child_process';
    import { openVault } from 'strongroom';
    const names = ${JSON.stringify(names)};
    ${before}
    const keys = {};
    const reasons = [];
    const spec = (name) => ({ type: 'ed25519', from: { env: name } });
    try {
      const vault = await openVault({ threads: 1, keys: Object.fromEntries(names.map((name) => [name, spec(name)])) });
      for (const { id, publicKey } of vault.keys()) keys[id] = Buffer.from(publicKey).toString('hex');
      await vault.close();
    } catch (error) {
      for (const { id, code, reason } of error.failures) {
        keys[id] = code;
        reasons.push(reason);
      }
    }
    const look = process.platform === 'linux'
      ? spawnSync('/bin/cat', ['/proc/' + process.pid + '/environ'], { env: {}, encoding: 'latin1' }).stdout : '';
    const left = names.filter((name) => name in process.env);
    console.log(JSON.stringify({ keys, reasons, left, look }));`;
  const { code, stdout, stderr } = await runNode(program, { env });
  assert.is(code, 0, stderr);
  const { look, ...told } = JSON.parse(stdout) as Omit<Told, 'shown'> & { readonly look: string };
  if (isLinux) assert.ok(look.includes('PATH='), 'positive control: the environment is seen');
  return { ...told, shown: Object.keys(env).filter((name) => env[name] !== '' && look.includes(env[name]!)) };
};

test('the value is the key, the variable is gone, and no other process sees it', async () => {
  const [a, b] = [secret(), secret()];
  const env = { VAULT_A: a.hex, VAULT_B: `0x${b.hex}\n`, VAULT_OTHER: 'stays in place' };
  const told = await open(env, ['VAULT_A', 'VAULT_B']);
  assert.equal(told.keys, { VAULT_A: a.publicKey, VAULT_B: b.publicKey });
  assert.equal(told.left, []);
  assert.equal(told.shown, isLinux ? ['VAULT_OTHER'] : []);
});

test('a variable that the program has set is the key', async () => {
  const late = secret();
  const told = await open({}, ['VAULT_LATE'], `process.env.VAULT_LATE = '${late.hex}';`);
  assert.equal([told.keys, told.left], [{ VAULT_LATE: late.publicKey }, []]);
});

test('a value that the program has set in place of the first one is the key, and both are gone', async () => {
  const [first, second] = [secret(), secret()];
  for (const value of [second.hex, `0x${second.hex}`]) {
    const told = await open(
      { VAULT_KEY: first.hex },
      ['VAULT_KEY'],
      `process.env.VAULT_KEY = ${JSON.stringify(value)};`,
    );
    assert.equal(told, { keys: { VAULT_KEY: second.publicKey }, left: [], shown: [], reasons: [] });
  }
});

test('unset and empty variables are told apart', async () => {
  const told = await open({ VAULT_EMPTY: '' }, ['VAULT_EMPTY', 'VAULT_UNSET']);
  assert.equal(told.keys, { VAULT_EMPTY: 'ERR_SOURCE_EMPTY', VAULT_UNSET: 'ERR_SOURCE_NOT_FOUND' });
  assert.match(told.reasons.join(), /variable VAULT_EMPTY: expected a key, got nothing/);
  assert.match(told.reasons.join(), /variable VAULT_UNSET: not set/);
});

test('a start that fails takes the good variables away as well, and shows no value', async () => {
  const good = secret();
  const bad = `${secret().hex}zz`;
  const told = await open({ VAULT_GOOD: good.hex, VAULT_BAD: bad }, ['VAULT_GOOD', 'VAULT_BAD']);
  assert.equal(Object.keys(told.keys), ['VAULT_BAD']);
  assert.equal([told.left, told.shown], [[], []]);
  assert.not.ok(told.reasons.join().includes(bad));
});

test('two keys may name one variable', async () => {
  const one = secret();
  const program = `
    import { openVault } from 'strongroom';
    const spec = { type: 'ed25519', from: { env: 'VAULT_BOTH' } };
    const vault = await openVault({ threads: 1, keys: { a: spec, b: spec } });
    console.log(vault.keys().map(({ publicKey }) => Buffer.from(publicKey).toString('hex')).join());
    await vault.close();`;
  const { stdout, stderr } = await runNode(program, { env: { VAULT_BOTH: one.hex } });
  assert.is(stdout.trim(), `${one.publicKey},${one.publicKey}`, stderr);
});

test('register() takes a variable as a start does', async () => {
  const [first, late] = [secret(), secret()];
  const program = `
    import { openVault } from 'strongroom';
    const vault = await openVault({ threads: 1 });
    process.env.VAULT_LATE = '${late.hex}';
    for (const env of ['VAULT_KEY', 'VAULT_LATE']) {
      const { publicKey } = await vault.register(env, { type: 'ed25519', from: { env } });
      console.log(Buffer.from(publicKey).toString('hex'), env in process.env);
      await vault.register(env + '2', { type: 'ed25519', from: { env } }).catch(({ code }) => console.log(code));
    }
    await vault.close();`;
  const { stdout, stderr } = await runNode(program, { env: { VAULT_KEY: first.hex } });
  const again = isLinux ? 'ERR_SOURCE_EMPTY' : 'ERR_SOURCE_NOT_FOUND';
  const lines = stdout.trim().split('\n');
  assert.equal([lines[0], lines[2]], [`${first.publicKey} false`, `${late.publicKey} false`], stderr);
  assert.ok([again, 'ERR_SOURCE_NOT_FOUND'].includes(lines[1]!), lines[1]);
  assert.is(lines[3], 'ERR_SOURCE_NOT_FOUND');
});

test.run();
