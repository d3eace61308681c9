// The gate at start: a vault opens with all of its keys, or not at all. Every key that cannot be registered is named,
// nothing stays behind, and the process is free to end.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeySpec, openVault, VaultError } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const random = seededRandom('start/gate');
const test = suite('the gate at start');
const folder = tempFolder();

const file = (name: string, content: string | Uint8Array, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, content, { mode });
  return path;
};
const ZEROS = '00'.repeat(32);
const FF = 'ff'.repeat(32);
const hex = (): string => Buffer.from(random.bytes(32)).toString('hex');

/** Ways to be no key, each with the code that says so. */
const BAD: readonly (readonly [name: string, code: string, spec: () => KeySpec])[] = [
  ['missing-file', 'ERR_SOURCE_NOT_FOUND', () => ({ type: 'ed25519', from: { file: join(folder, 'nothing') } })],
  ['directory', 'ERR_SOURCE_NOT_FILE', () => ({ type: 'ed25519', from: { file: folder } })],
  ['empty-file', 'ERR_SOURCE_EMPTY', () => ({ type: 'ed25519', from: { file: file('empty', '') } })],
  ['shared-file', 'ERR_SOURCE_PERMISSIONS', () => ({ type: 'ed25519', from: { file: file('shared', hex(), 0o644) } })],
  [
    'large-file',
    'ERR_SOURCE_TOO_LARGE',
    () => ({ type: 'ed25519', from: { file: file('large', new Uint8Array(65_537)) } }),
  ],
  ['unset-variable', 'ERR_SOURCE_NOT_FOUND', () => ({ type: 'ed25519', from: { env: 'STRONGROOM_TEST_UNSET' } })],
  ['short-bytes', 'ERR_KEY_LENGTH', () => ({ type: 'ed25519', from: { bytes: random.bytes(31), encoding: 'raw' } })],
  [
    'not-hex',
    'ERR_KEY_ENCODING',
    () => ({ type: 'secp256k1', from: { file: file('not-hex', `${hex().slice(2)}zz`), encoding: 'hex' } }),
  ],
  ['zero', 'ERR_KEY_RANGE', () => ({ type: 'secp256k1', from: { file: file('zero', ZEROS) } })],
  ['beyond-order', 'ERR_KEY_RANGE', () => ({ type: 'bls12-381', from: { file: file('ff', FF) } })],
];

const settings = (bad: number) => {
  const keys: Record<string, KeySpec> = {};
  const expected: [string, string][] = [];
  for (let i = 0; i < bad; i++) {
    const [name, code, spec] = BAD[i % BAD.length]!;
    keys[`good/${i}`] =
      i % 2 === 0
        ? { type: 'ed25519', from: 'generate' }
        : { type: 'bls12-381', from: { file: file(`good-${i}`, `0x0${hex().slice(1)}\n`) } };
    keys[`bad/${name}/${i}`] = spec();
    expected.push([`bad/${name}/${i}`, code]);
  }
  keys['good/last'] = { type: 'secp256k1', from: { bytes: random.bytes(32).fill(1, 0, 2) } };
  return { keys, expected };
};

for (const bad of [1, 2, 50]) {
  test(`of ${bad} bad ${bad === 1 ? 'key' : 'keys'} among good ones, every one is reported, at once`, async () => {
    const { keys, expected } = settings(bad);
    const handles = process.getActiveResourcesInfo().length;
    const error = await rejects(openVault({ threads: 2, keys }), 'ERR_VAULT_STARTUP');
    assert.instance(error, VaultError);
    assert.equal(
      error.failures!.map(({ id, code }) => [id, code]),
      expected,
    );
    assert.match(
      error.message,
      new RegExp(`^${bad} of ${2 * bad + 1} keys could not be registered: "bad/missing-file/0": `),
    );
    if (bad > 3) assert.match(error.message, /; and 47 more$/);
    for (const { reason } of error.failures!) {
      assert.ok(reason.length > 10);
      assert.not.match(reason, /[0-9a-f]{40}/i, 'a reason says nothing of what a source holds');
    }
    assert.is(process.getActiveResourcesInfo().length, handles, 'its threads have ended');
  });
}

test('each kind of failure says where and what', async () => {
  const { keys } = settings(BAD.length);
  const error = await rejects(openVault({ threads: 1, keys }), 'ERR_VAULT_STARTUP');
  const reasons = Object.fromEntries(error.failures!.map(({ id, reason }) => [id.split('/')[1], reason]));
  assert.match(reasons['missing-file']!, /file .*nothing: no such file/);
  assert.match(reasons.directory!, /expected a regular file, got a directory/);
  assert.match(reasons['shared-file']!, /got mode 0644; run chmod 600, or set allowSharedFile/);
  assert.match(reasons['unset-variable']!, /environment variable STRONGROOM_TEST_UNSET: not set/);
  assert.match(reasons['short-bytes']!, /32 bytes.*31|31.*32/);
  assert.is(new Set(Object.values(reasons)).size, BAD.length, 'no two alike');
});

test('the same settings without the bad keys open', async () => {
  const { keys } = settings(4);
  const good = Object.fromEntries(
    Object.entries(keys).filter(([id, spec]) => id.startsWith('good') && typeof spec.from === 'string'),
  );
  const vault = await openVault({ threads: 1, keys: good });
  assert.equal(
    vault.keys().map(({ id }) => id),
    Object.keys(good),
  );
  await vault.close();
});

test('settings that are not valid start nothing, and every mistake is listed', async () => {
  const wrong = {
    threads: 0,
    keys: { 'a b': { type: 'ed25519', from: 'generate' }, c: { type: 'rsa', from: 'generate' } },
  };
  const error = await rejects(openVault(wrong as never), 'ERR_SETTINGS', /^3 mistakes in the settings/);
  assert.equal(
    error.problems!.map(({ path }) => path),
    ['threads', 'keys[#1]', 'keys["c"].type'],
  );
  const proto = JSON.parse('{ "keys": { "__proto__": { "type": "ed25519", "from": "generate" } } }');
  await rejects(openVault(proto), 'ERR_SETTINGS', /keys\["__proto__"\]: expected a key id/);
});

test('a program whose start fails ends by itself, with nothing left', async () => {
  const program = `
    import { openVault } from 'strongroom';
    const keys = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [
      'k' + i, { type: 'ed25519', from: i % 2 === 0 ? 'generate' : { env: 'NOT_SET_' + i } }]));
    const started = performance.now();
    try {
      await openVault({ threads: 2, keys });
    } catch (error) {
      const failed = performance.now();
      process.on('exit', () => console.log(JSON.stringify({ code: error.code, failures: error.failures.length,
        seconds: (performance.now() - failed) / 1000 })));
    }`;
  const { code, stdout, stderr, timedOut } = await runNode(program, { timeoutMs: 40_000 });
  assert.equal([code, timedOut], [0, false], stderr);
  const told = JSON.parse(stdout) as { code: string; failures: number; seconds: number };
  assert.equal([told.code, told.failures], ['ERR_VAULT_STARTUP', 25]);
  assert.ok(told.seconds < 5, `it took ${told.seconds} s to end`);
});

test.run();
