// Granted ports under hostile messages: never a signature or a fact of a key that was not granted, never the end of the
// vault, and never a wait for the others. STRONGROOM_FUZZ_MESSAGES sets how many; TEST_SEED repeats a run.
import { serialize } from 'node:v8';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { ed25519 } from '@noble/curves/ed25519.js';
import { createFrameWriter, REPLY_HEADER_BYTES, schemeCode } from '../../dist/src/wire/frame.js';
import type { KeyRecord, LoadReply } from '../../dist/src/wire/protocol.js';
import { assert } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { type GrantedPort, keepBooks, type Rights, sendHostile } from './fuzz/granted.js';
import { createLeakFinder } from './fuzz/leaks.js';
import type { Target } from './fuzz/messages.js';
import { CONFIG, type RawVault, startRawVault } from './fuzz/raw-vault.js';

const MESSAGES = Number(process.env.STRONGROOM_FUZZ_MESSAGES ?? 6_000);
const BATCH = 250;
const SCHEMES = ['ed25519', 'ecdsa'] as const;
const GRANT = { keys: ['kept/*'], operations: ['sign', 'verify', 'publicKey'], schemes: SCHEMES };
const SEEN = ['kept/ed', 'kept/ec'] as const;

const test = suite('hostile messages on granted ports');
test.timeout(Math.max(120_000, MESSAGES * 3));
const random = seededRandom('fuzz of granted ports');

const TYPES = {
  'kept/ed': 'ed25519',
  'kept/ec': 'secp256k1',
  'hidden/ed': 'ed25519',
  'hidden/ec': 'secp256k1',
  'hidden/bls': 'bls12-381',
  'hidden/x': 'x25519',
  'hidden/aead': 'aead',
  'hidden/seed': 'seed',
} as const;
const secrets = Object.fromEntries(
  Object.entries(TYPES).map(([id, type]) => {
    const secret = random.bytes(type === 'seed' ? 64 : 32);
    secret[0]! &= 0x1f; // below every order
    return [id, secret] as const;
  }),
);
const holdsSecret = createLeakFinder(Object.values(secrets));

interface Opened {
  readonly vault: RawVault;
  readonly records: readonly KeyRecord[];
  readonly target: Target;
  readonly rights: Rights;
}

const open = async (): Promise<Opened> => {
  const vault = await startRawVault(holdsSecret);
  assert.ok((await vault.call('open', CONFIG)).ok);
  const ids = Object.keys(TYPES) as (keyof typeof TYPES)[];
  ids.forEach((id, handoff) => void vault.handOff(handoff, secrets[id]!));
  const specs = ids.map((id, handoff) => ({
    id,
    type: TYPES[id],
    source: { kind: 'bytes', handoff, encoding: 'raw' },
  }));
  const loaded = await vault.call('load', specs, []);
  const { keys: records, failures } = loaded.value as LoadReply;
  assert.equal(failures, []);
  const hidden = records.filter(({ info }) => info.id.startsWith('hidden/') && info.publicKey.length > 0);
  const target = { keptIds: ids, handles: records.map(({ handle }) => handle), folder: tempFolder() };
  const rights: Rights = {
    keys: records.filter(({ info }) => info.id.startsWith('kept/')),
    schemes: SCHEMES,
    holdsUnseen: createLeakFinder(hidden.map(({ info }) => info.publicKey)),
  };
  return { vault, records, target, rights };
};

const grant = async (vault: RawVault, request: object = GRANT): Promise<MessagePort> => {
  const { port1, port2 } = new MessageChannel();
  const made = await vault.call('grant', request, port2);
  assert.ok(made.ok, made.error?.code);
  return port1;
};

/** One call on a port of its own, as a program would make it; its answer. */
const ask = (port: MessagePort, method: string, ...args: unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const id = `quiet-${random.int(2 ** 40)}`;
    const timer = setTimeout(() => reject(new Error('a quiet port has no answer')), 30_000);
    const listen = (message: { id?: string; value?: { ok: boolean; value?: unknown } }): void => {
      if (message.id !== id) return;
      clearTimeout(timer);
      port.off('message', listen);
      if (message.value?.ok) resolve(message.value.value);
      else reject(new Error('a quiet port was refused'));
    };
    port.on('message', listen);
    const argumentList = args.map((value) => ({ type: 'RAW', value }));
    port.postMessage({ id, type: 'APPLY', path: [method], argumentList });
  });

/** The quiet port has its signature, and the owner is answered. */
const probe = async ({ vault, records }: Opened, quiet: MessagePort): Promise<void> => {
  const { info, handle } = records.find(({ info: { id } }) => id === 'hidden/ed')!;
  const message = random.bytes(40);
  const writer = createFrameWriter(256);
  writer.add(handle, schemeCode('ed25519'), 0, message, undefined);
  const frame = writer.finish();
  for (const reply of [await ask(quiet, 'sign', frame.slice(0)), (await vault.call('sign', frame)).value]) {
    const [only] = reply as [ArrayBuffer];
    assert.is(new Uint8Array(only)[REPLY_HEADER_BYTES], 0);
    const signature = new Uint8Array(only, REPLY_HEADER_BYTES + 1);
    assert.ok(ed25519.verify(signature, message, info.publicKey));
  }
};

test('positive control: a fact of a key that was not granted is seen in an answer', async () => {
  const { vault, records, rights } = await open();
  const wide = await grant(vault, { ...GRANT, keys: ['*'] });
  const told = (await ask(wide, 'connect')) as { readonly keys: readonly KeyRecord[] };
  assert.is(told.keys.length, records.length);
  assert.ok(rights.holdsUnseen(serialize(told)), 'a wider port is told of them');
  const { info } = records.find(({ info: { id } }) => id === 'hidden/bls')!;
  assert.ok(rights.holdsUnseen(new TextEncoder().encode(toHex(info.publicKey))));
  assert.not(rights.holdsUnseen(serialize(rights.keys)));
  wide.close();
  assert.ok((await vault.call('close')).ok);
});

test(`${MESSAGES.toLocaleString('en-US')} messages to two ports: refusals, or what was granted; the others are answered meanwhile`, async () => {
  const opened = await open();
  const { vault, target, rights } = opened;
  const quiet = await grant(vault, { keys: ['hidden/ed'], operations: ['sign'] });
  const ports: GrantedPort[] = [];
  for (let i = 0; i < 2; i++) ports.push(keepBooks(await grant(vault), rights, holdsSecret));
  const begun = performance.now();
  for (let sent = 0; sent < MESSAGES; sent += BATCH) {
    for (let i = 0; i < BATCH; i++) sendHostile(random.pick(ports), random, target);
    await probe(opened, quiet); // behind none of them
    await Promise.all(ports.map((port) => port.settled()));
    for (const port of ports) assert.equal(port.problems, []);
  }
  await probe(opened, quiet);
  const sum = (pick: (port: GrantedPort) => number): number => ports.reduce((total, port) => total + pick(port), 0);
  const refusals = [...new Set(ports.flatMap(({ refused }) => [...refused.keys()]))].sort();
  const signatures = sum(({ counts }) => counts.signatures);
  const accepted = sum(({ counts }) => counts.accepted);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(
    `# FUZZ ${JSON.stringify({ posted: sum(({ counts }) => counts.posted), accepted, signatures, seconds, refusals })}`,
  );
  assert.ok(signatures > MESSAGES / 100, 'positive control: what was granted was signed');
  for (const code of ['ERR_REFUSED', 'ERR_KEY_NOT_FOUND', 'ERR_NOT_GRANTED', 'ERR_GRANT']) {
    assert.ok(refusals.includes(code), `positive control: ${code}`);
  }
  const told = await vault.call('publicKey', 'hidden/bls');
  assert.ok(told.ok, 'nothing was released');
  for (const port of ports) port.close();
  assert.equal(vault.problems, []);
  assert.ok((await vault.call('close')).ok, 'the canaries hold');
  assert.is(await vault.exited, 0);
});

test('messages between, before and behind revocations, and the close of the vault: answered, or the port is closed', async () => {
  for (let life = 0; life < 3; life++) {
    const opened = await open();
    const { vault, target, rights } = opened;
    const { port1, port2 } = new MessageChannel();
    const made = await vault.call('grant', GRANT, port2);
    const closed = new Promise<void>((resolve) => void port1.once('close', resolve));
    const port = keepBooks(port1, rights, holdsSecret);
    for (let i = 0; i < BATCH; i++) sendHostile(port, random, target);
    const end = life === 0 ? vault.call('revoke', made.value) : life === 1 ? vault.call('close') : undefined;
    for (let i = 0; i < BATCH; i++) sendHostile(port, random, target);
    if (end === undefined) port.close();
    await closed;
    const ends = ['the port ended: ERR_GRANT_REVOKED', 'the port ended: ERR_VAULT_CLOSED'];
    assert.equal(
      port.problems.filter((problem) => !ends.includes(problem)),
      [],
    );
    if (life !== 1) {
      assert.ok((await vault.call('publicKey', 'hidden/ed')).ok);
      assert.ok((await vault.call('close')).ok);
    } else assert.ok((await end!).ok);
    assert.is(await vault.exited, 0);
  }
});

test(`the port of a port: SEEN keys stay ${SEEN.length}, whatever the ports between are sent`, async () => {
  const opened = await open();
  const { vault, target, rights } = opened;
  const parent = await grant(vault);
  const { port1, port2 } = new MessageChannel();
  const argumentList = [{ ...GRANT, schemes: ['ed25519'] }, port2].map((value) => ({ type: 'RAW', value }));
  parent.postMessage({ id: 'nested', type: 'APPLY', path: ['grant'], argumentList }, [port2]);
  const child = keepBooks(port1, { ...rights, schemes: ['ed25519'] }, holdsSecret);
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < BATCH; i++) sendHostile(child, random, target);
    await child.settled();
    assert.equal(child.problems, []);
  }
  const told = (await ask(parent, 'connect')) as { readonly keys: readonly KeyRecord[] };
  assert.equal(told.keys.map(({ info }) => info.id).sort(), [...SEEN].sort());
  assert.ok(child.counts.signatures > 0, 'positive control');
  parent.close();
  assert.ok((await vault.call('close')).ok);
});

test.run();
