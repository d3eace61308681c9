// The vault's real port under hostile messages: no crash, no hang, no secret, one answer for each message that can have
// one, and afterwards it still signs. STRONGROOM_FUZZ_MESSAGES sets how many; TEST_SEED repeats a run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { entropyToMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { createFrameWriter, REPLY_HEADER_BYTES, schemeCode } from '../../dist/src/wire/frame.js';
import { parsePath } from '../../dist/src/wire/path.js';
import type { KeyRecord, LoadReply } from '../../dist/src/wire/protocol.js';
import type { ExtendedPublicKey } from '../../dist/src/wire/types.js';
import { SCRATCH_BYTES } from '../../dist/workers/arena/layout.js';
import { extendedPublicKey } from '../../dist/workers/derive/derive.js';
import { loadDeriveTools } from '../../dist/workers/derive/tools.js';
import { createHeldValues, MAX_HANDOFF_BYTES, SPARE_HANDOFFS } from '../../dist/workers/vault/held-values.js';
import { assert } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { createLeakFinder } from './fuzz/leaks.js';
import { hostileMessage, type Target } from './fuzz/messages.js';
import { CONFIG, type RawVault, startRawVault } from './fuzz/raw-vault.js';
import type { Bag } from './fuzz/values.js';

const MESSAGES = Number(process.env.STRONGROOM_FUZZ_MESSAGES ?? 12_000);
const BATCH = 250;
/** A real signature is asked for after so many messages. */
const PROBE_EVERY = 1000;
/** Memory that the process may take on in the later half. A leak of a kilobyte a message would be seen. */
const MAX_GROWTH_MIB = 96;
const SOURCE_LIMIT = 64 * 1024;

const test = suite('hostile messages on the port of the vault');
test.timeout(Math.max(120_000, MESSAGES * 3));

const random = seededRandom('fuzz of the port');
const folder = tempFolder();
const small = (length = 32): Uint8Array => {
  const secret = random.bytes(length);
  secret[0]! &= 0x1f; // below every order
  return secret;
};
/** A password as text: what goes into key derivations is looked for in replies like keys are. */
const text = (bytes: Uint8Array): Uint8Array => new TextEncoder().encode(toHex(bytes));
const secrets = {
  ed: small(),
  ec: small(),
  bls: small(),
  x: small(),
  seed: small(64),
  spare: small(),
  password: text(random.bytes(20)),
  mnemonic: new TextEncoder().encode(entropyToMnemonic(random.bytes(32), wordlist)),
};
const holdsSecret = createLeakFinder(Object.values(secrets));
writeFileSync(join(folder, 'ec.hex'), toHex(secrets.ec), { mode: 0o600 });
writeFileSync(join(folder, 'bls.raw'), secrets.bls, { mode: 0o600 });
writeFileSync(join(folder, 'key.hex'), toHex(secrets.spare), { mode: 0o600 });
writeFileSync(join(folder, 'words.txt'), secrets.mnemonic, { mode: 0o600 });
writeFileSync(join(folder, 'password.txt'), secrets.password, { mode: 0o600 });
writeFileSync(join(folder, 'wrong.txt'), 'another password', { mode: 0o600 });
for (const name of ['keystores', 'passwords', 'broken']) mkdirSync(join(folder, name));
writeFileSync(join(folder, 'broken', 'broken.json'), '{"version": 4}');
writeFileSync(join(folder, 'passwords', 'bls.txt'), secrets.password, { mode: 0o600 });

const rssMiB = (): number => Math.round(process.memoryUsage().rss / 2 ** 20);

const post = (vault: RawVault, count: number, target: Target): void => {
  for (let i = 0; i < count; i++) {
    const bag: Bag = [];
    const { message, mustRefuse } = hostileMessage(random, bag, target);
    vault.post(message, bag, mustRefuse);
  }
};

const NOWHERE: Target = { keptIds: ['kept/ed'], handles: [{ slot: 0, generation: 0 } as never], folder };

/** Keystores and a sealed file of the keys that allow it, cheap to open, for the vaults of these tests to load. */
const writeFiles = async (vault: RawVault): Promise<void> => {
  const password = { kind: 'file', path: join(folder, 'password.txt'), allowSharedFile: false };
  for (const name of ['bls', 'ec']) {
    const path = join(folder, 'keystores', `${name}.json`);
    const made = await vault.call('exportKeystore', { id: `kept/${name}`, path, password, n: 1024 });
    assert.ok(made.ok, made.error?.message);
  }
  const ids = ['kept/bls', 'kept/ec', 'kept/seed'];
  const cost = { memory: 65_536, passes: 1 };
  const sealed = await vault.call('seal', { path: join(folder, 'keys.sealed'), password, ids, cost });
  assert.is(sealed.value, ids.length, sealed.error?.message);
};
let filesAreWritten = false;

/** Open a raw vault with five keys, by hand-off and by file. */
const openRaw = async (vault: RawVault): Promise<{ records: readonly KeyRecord[]; target: Target }> => {
  const opened = await vault.call('open', CONFIG);
  assert.ok(opened.ok, opened.error?.message);
  vault.handOff(0, secrets.ed);
  vault.handOff(1, secrets.x);
  vault.handOff(2, secrets.seed);
  const file = (name: string, encoding: string) => ({
    kind: 'file',
    path: join(folder, name),
    encoding,
    allowSharedFile: false,
  });
  const loaded = await vault.call(
    'load',
    [
      { id: 'kept/ed', type: 'ed25519', source: { kind: 'bytes', handoff: 0, encoding: 'raw' } },
      { id: 'kept/x', type: 'x25519', source: { kind: 'bytes', handoff: 1, encoding: 'raw' } },
      { id: 'kept/ec', type: 'secp256k1', source: file('ec.hex', 'hex'), allow: ['sign', 'export'] },
      { id: 'kept/bls', type: 'bls12-381', source: file('bls.raw', 'raw'), allow: ['sign', 'export'] },
      {
        id: 'kept/seed',
        type: 'seed',
        source: { kind: 'bytes', handoff: 2, encoding: 'raw' },
        allow: ['derive', 'extendedPublicKey', 'export'],
      },
    ],
    [],
  );
  const { keys, failures } = loaded.value as LoadReply;
  assert.equal(failures, []);
  if (!filesAreWritten) await writeFiles(vault);
  filesAreWritten = true;
  const target = { keptIds: keys.map(({ info }) => info.id), handles: keys.map(({ handle }) => handle), folder };
  return { records: keys, target };
};

const SCHEMES = { ed25519: 'ed25519', secp256k1: 'schnorr', 'bls12-381': 'bls12-381' } as const;

/** Of `m/44'/60'/0'` from the seed of these tests: by noble, in this thread. */
const XPUB = await (async () => {
  const tools = await loadDeriveTools('noble');
  const path = parsePath('secp256k1', "m/44'/60'/0'") as readonly number[];
  return extendedPublicKey(secrets.seed.slice(), path, new Uint8Array(SCRATCH_BYTES), tools).xpub;
})();

/** Each key signs, and its signature verifies: the vault is whole. */
const probe = async (vault: RawVault, records: readonly KeyRecord[]): Promise<void> => {
  for (const { info, handle } of records) {
    if (info.type === 'x25519') continue;
    if (info.type === 'seed') {
      const derived = await vault.call('execute', { id: info.id, operator: 'extendedPublicKey', path: "m/44'/60'/0'" });
      assert.is((derived.value as ExtendedPublicKey).xpub, XPUB);
      continue;
    }
    const scheme = SCHEMES[info.type as keyof typeof SCHEMES];
    const message = random.bytes(40);
    const writer = createFrameWriter(256);
    writer.add(handle, schemeCode(scheme), 0, message, undefined);
    const signed = await vault.call('sign', writer.finish());
    assert.ok(signed.ok, `${info.id}: ${signed.error?.code}`);
    const [reply] = signed.value as [ArrayBuffer];
    assert.is(new Uint8Array(reply)[REPLY_HEADER_BYTES], 0, info.id);
    const signature = new Uint8Array(reply, REPLY_HEADER_BYTES + 1).slice();
    if (scheme === 'ed25519') assert.ok(ed25519.verify(signature, message, info.publicKey), info.id);
    const request = { id: info.id, scheme, hash: undefined, message, signature };
    assert.is((await vault.call('verify', request)).value, true, info.id);
  }
};

test('positive control: the finder sees a secret in each form, and any 16 bytes of it', () => {
  const around = (bytes: Uint8Array): Uint8Array => Buffer.concat([random.bytes(99), bytes, random.bytes(99)]);
  const { ed } = secrets;
  assert.ok(holdsSecret(around(ed)));
  assert.ok(holdsSecret(around(ed.slice().reverse())));
  for (let at = 0; at <= 16; at++) assert.ok(holdsSecret(around(ed.subarray(at, at + 16))));
  for (const text of [toHex(ed), toHex(ed).toUpperCase(), Buffer.from(ed).toString('base64'), toHex(ed).slice(9, 27)]) {
    assert.ok(holdsSecret(around(new TextEncoder().encode(text))));
  }
  assert.ok(holdsSecret(around(Buffer.from(toHex(ed), 'utf16le'))));
  assert.not(holdsSecret(around(random.bytes(32))));
  assert.not(holdsSecret(around(ed.subarray(0, 15))));
});

test(`a vault that is not open yet refuses ${BATCH * 4} messages, and then opens`, async () => {
  const vault = await startRawVault(holdsSecret);
  for (let i = 0; i < 4; i++) {
    post(vault, BATCH, NOWHERE);
    await vault.settled();
  }
  assert.is(vault.counts.accepted, 0, 'nothing was valid');
  const { records } = await openRaw(vault);
  await probe(vault, records);
  assert.ok((await vault.call('close')).ok);
  assert.is(await vault.exited, 0);
  assert.equal(vault.problems, []);
});

test(`${MESSAGES.toLocaleString('en-US')} messages: each is answered once, by a refusal or a record without a secret; keys still sign`, async () => {
  const vault = await startRawVault(holdsSecret);
  const { records, target } = await openRaw(vault);
  const startedAt = performance.now();
  let half = 0;
  let probed = 0;
  while (vault.counts.posted < MESSAGES) {
    post(vault, BATCH, target);
    await vault.settled();
    assert.equal(vault.problems, []);
    if (vault.counts.posted >= probed + PROBE_EVERY - BATCH) {
      await probe(vault, records);
      probed = vault.counts.posted;
    }
    if (half === 0 && vault.counts.posted >= MESSAGES / 2) half = rssMiB();
  }
  await probe(vault, records);
  const growth = rssMiB() - half;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const refusals = Object.fromEntries([...vault.refused].sort(([, a], [, b]) => b - a));
  console.log(`# FUZZ ${JSON.stringify({ ...vault.counts, seconds, growthMiB: growth, refusals })}`);
  assert.ok(growth < MAX_GROWTH_MIB, `the process grew by ${growth} MiB`);
  assert.ok((refusals.ERR_REFUSED ?? 0) > MESSAGES * 0.2 && vault.counts.accepted > MESSAGES * 0.02, 'they are mixed');

  const closed = await vault.call('close');
  assert.ok(closed.ok, `the canaries hold: ${closed.error?.code}`);
  assert.is(await vault.exited, 0);
  assert.equal(vault.problems, []);
});

test('messages before, between and behind calls of close are answered, or the thread has ended', async () => {
  for (let life = 0; life < 4; life++) {
    const vault = await startRawVault(holdsSecret);
    const { target } = life % 2 === 0 ? await openRaw(vault) : { target: NOWHERE };
    post(vault, BATCH, target);
    const closes = [vault.call('close')];
    post(vault, BATCH, target);
    for (let more = random.int(3); more > 0; more--) closes.push(vault.call('close'));
    post(vault, BATCH, target);
    const [first] = await Promise.all(closes);
    assert.ok(first?.ok, first?.error?.code);
    assert.is(await vault.exited, 0);
    assert.equal(vault.problems, []);
  }
});

test('two calls of close at once close the vault', async () => {
  const vault = await startRawVault(holdsSecret);
  await openRaw(vault);
  const [first, second] = await Promise.all([vault.call('close'), vault.call('close')]);
  assert.ok(first.ok && second.ok);
  assert.is(await vault.exited, 0);
});

test('a load with holes registers nothing', async () => {
  const vault = await startRawVault(holdsSecret);
  await openRaw(vault);
  const specs: unknown[] = [{ id: 'a', type: 'ed25519', source: { kind: 'generate' } }];
  specs.length = 3;
  assert.is((await vault.call('load', specs, [])).error?.code, 'ERR_REFUSED');
  const loads: unknown[] = [];
  loads.length = 2;
  assert.is((await vault.call('load', specs.slice(0, 1), loads)).error?.code, 'ERR_REFUSED');
  assert.is((await vault.call('publicKey', 'a')).error?.code, 'ERR_KEY_NOT_FOUND');
  await vault.call('close');
});

test('messages over shared memory are refused: their sender could change them', async () => {
  const vault = await startRawVault(holdsSecret);
  await openRaw(vault);
  const shared = new Uint8Array(new SharedArrayBuffer(64));
  const request = { id: 'kept/ed', scheme: 'ed25519', hash: undefined };
  for (const fields of [
    { message: shared, signature: new Uint8Array(64) },
    { message: new Uint8Array(3), signature: shared },
  ]) {
    assert.is((await vault.call('verify', { ...request, ...fields })).error?.code, 'ERR_REFUSED');
  }
  assert.is((await vault.call('signTogether', ['kept/bls'], shared)).error?.code, 'ERR_REFUSED');
  await vault.call('close');
});

test('a flood of hand-offs is not kept, and the vault goes on', async () => {
  const vault = await startRawVault(holdsSecret);
  const { records } = await openRaw(vault);
  const value = new Uint8Array(SOURCE_LIMIT).fill(1);
  const before = rssMiB();
  for (let number = 10; number < 3000; number++) {
    vault.handOff(number, value);
    if (number % 100 === 0) await vault.call('publicKey', 'kept/ed');
  }
  const growth = rssMiB() - before;
  assert.ok(growth < 150, `187 MiB were handed off, and the process grew by ${growth} MiB`);
  const register = (handoff: number) =>
    vault.call('register', { id: 'late', type: 'ed25519', source: { kind: 'bytes', handoff, encoding: 'raw' } });
  assert.is((await register(2999)).error?.code, 'ERR_SOURCE_TOO_LARGE', 'this one was not kept');
  assert.is((await register(10)).error?.code, 'ERR_KEY_LENGTH', 'this one was');
  vault.handOff(5000, secrets.spare);
  assert.ok((await register(5000)).ok, 'there is room again');
  await probe(vault, records);
  assert.ok((await vault.call('close')).ok);
  assert.equal(vault.problems, []);
});

test('a hand-off whose key is refused is wiped all the same', async () => {
  const vault = await startRawVault(holdsSecret);
  await openRaw(vault);
  vault.handOff(7, secrets.spare);
  const spec = (id: string) => ({ id, type: 'ed25519', source: { kind: 'bytes', handoff: 7, encoding: 'raw' } });
  assert.is((await vault.call('register', spec('kept/ed'))).error?.code, 'ERR_KEY_EXISTS');
  assert.is((await vault.call('register', spec('other'))).error?.code, 'ERR_SOURCE_NOT_FOUND');
  await vault.call('close');
});

test('what waits is bounded in bytes and in number, and what is not kept is zeroed', () => {
  const handOffs = (count: number, length: number, maxKeys: number): Uint8Array[] => {
    const held = createHeldValues(new Uint8Array(100), maxKeys);
    const values = Array.from({ length: count }, () => new Uint8Array(length).fill(7));
    values.forEach((value, handoff) => void held.receive({ handoff, bytes: value.buffer as ArrayBuffer }));
    const kept = values.filter((value) => value[0] === 7);
    held.wipe();
    assert.ok(values.every((value) => value[0] === 0));
    return kept;
  };
  assert.is(handOffs(1100, SOURCE_LIMIT, 1_000_000).length, MAX_HANDOFF_BYTES / SOURCE_LIMIT);
  assert.is(handOffs(3000, 1, 64).length, 64 + SPARE_HANDOFFS);
  assert.is(handOffs(2, SOURCE_LIMIT + 1, 64).length, 0);
});

test.run();
