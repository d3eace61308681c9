// One port that floods does not starve another: by the order of answers, not by their time. benchmarks measure the time.
import { connectVault, type GrantRequest, openVault, type Vault } from 'strongroom';
import { schemeCode } from '../../dist/src/wire/frame.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { outcomesOf } from './outcomes.js';
import { codeOf, frameOf, handleOf, speakRaw } from './raw-port.js';
import { shareVault } from './shared-vault.js';

const MESSAGE = new Uint8Array(32).fill(1);
const KEYS = {
  ed: { type: 'ed25519', from: 'generate' },
  bls: { type: 'bls12-381', from: 'generate' },
} as const;
const REQUEST: GrantRequest = { keys: ['*'], operations: ['sign', 'verify', 'publicKey'] };
const LONE_CALLS = 8;
const test = suite('ports share what there is');

const shared = shareVault();
test.after(shared.close);
const open = (): Promise<Vault> => shared.use(KEYS);
const connect = async (vault: Vault): Promise<Vault> => connectVault(await vault.grant(REQUEST));

interface Flood {
  readonly settled: Promise<unknown>;
  /** Calls that are answered. */
  readonly done: number;
}

const counted = (calls: readonly Promise<unknown>[]): Flood => {
  let done = 0;
  const count = (): void => {
    done++;
  };
  const settled = Promise.all(calls.map((call) => call.then(count)));
  return {
    settled,
    get done() {
      return done;
    },
  };
};

/** One call after another: each begins when the one before is answered. */
const oneByOne = async (call: () => Promise<unknown>): Promise<void> => {
  for (let i = 0; i < LONE_CALLS; i++) await call();
};

for (const [name, quietCall] of [
  ['lone ed25519 signatures', (quiet: Vault) => quiet.sign('ed', MESSAGE)],
  ['lone bls12-381 signatures', (quiet: Vault) => quiet.sign('bls', MESSAGE)],
  ['verifications', (quiet: Vault) => quiet.verify('ed', MESSAGE, new Uint8Array(64))],
  ['public keys', (quiet: Vault) => quiet.publicKey('ed')],
] as const) {
  test(`${name}, one after another, are answered while another port has thousands of calls under way`, async () => {
    await using vault = await open();
    const [flooding, quiet] = [await connect(vault), await connect(vault)];
    const flood = counted(Array.from({ length: 2500 }, () => flooding.sign('bls', MESSAGE)));
    await oneByOne(() => quietCall(quiet));
    const meanwhile = flood.done;
    await flood.settled;
    assert.ok(meanwhile < 2500 / 2, `${meanwhile} of 2,500 were answered by then`);
    assert.is(flood.done, 2500);
  });
}

test('the owner is a port among others: neither its flood nor theirs starves', async () => {
  await using vault = await open();
  const port = await connect(vault);
  for (const [flooding, quiet] of [
    [vault, port],
    [port, vault],
  ] as const) {
    const flood = counted(Array.from({ length: 2500 }, () => flooding.sign('bls', MESSAGE)));
    await oneByOne(() => quiet.sign('ed', MESSAGE));
    assert.ok(flood.done < 2500 / 2, `${flood.done} of 2,500`);
    await flood.settled;
  }
});

test('two floods take turns: when one of them is done, the other has more than half of its answers', async () => {
  await using vault = await open();
  const clients = [await connect(vault), await connect(vault)];
  const floods = clients.map((client) => counted(Array.from({ length: 15_000 }, () => client.sign('ed', MESSAGE))));
  await Promise.race(floods.map(({ settled }) => settled));
  const behind = Math.min(...floods.map(({ done }) => done));
  assert.ok(behind > 15_000 * 0.6, `the other had ${behind} of 15,000`);
  await Promise.all(floods.map(({ settled }) => settled));
});

test('a port that asks for thousands of verifications at once is one among others, and is bounded', async () => {
  await using vault = await open();
  const flooding = speakRaw(await vault.grant(REQUEST));
  const quiet = await connect(vault);
  const signature = await vault.sign('bls', MESSAGE);
  const request = { id: 'bls', scheme: 'bls12-381', hash: undefined, message: MESSAGE, signature };
  const calls = Array.from({ length: 4500 }, () => flooding.call('verify', [request]));
  const replies: string[] = [];
  const all = Promise.all(calls.map((call) => call.then((reply) => void replies.push(codeOf(reply)))));
  await oneByOne(() => quiet.verify('bls', MESSAGE, signature));
  await quiet.sign('ed', MESSAGE);
  const done = replies.filter((code) => code === 'OK').length;
  assert.ok(done < 1000, `${done} were verified by then`);
  flooding.close();
  await rejects(all, Error);
  assert.ok(replies.includes('ERR_VAULT_BUSY'), 'more than may wait were refused');
});

for (const [name, size, count] of [
  ['of one operation', 1, 4000],
  ['of many operations on keys that are not there', 8192, 100],
] as const) {
  test(`a port that sends ${count.toLocaleString('en-US')} frames ${name} at once is one among others`, async () => {
    await using vault = await open();
    const flooding = speakRaw(await vault.grant(REQUEST));
    const quiet = await connect(vault);
    const { keys } = await flooding.connect();
    const handle = size === 1 ? handleOf(keys, 'ed') : { ...handleOf(keys, 'ed'), generation: 999 };
    const frame = frameOf(...Array.from({ length: size }, () => ({ handle, code: schemeCode('ed25519') })));
    const flood = counted(Array.from({ length: count }, () => flooding.call('sign', [frame])));
    await oneByOne(() => quiet.sign('ed', MESSAGE));
    const meanwhile = flood.done;
    await flood.settled;
    assert.ok(meanwhile < count * 0.75, `${meanwhile} of ${count} frames were answered by then`);
  });
}

test('one long message does not hold up the others', async () => {
  await using vault = await open();
  const [long, quiet] = [await connect(vault), await connect(vault)];
  await quiet.sign('ed', MESSAGE);
  const begun = performance.now();
  let took = 0;
  const signing = long.sign('ed', new Uint8Array(96 * 1024 * 1024)).then(() => {
    took = performance.now() - begun;
  });
  let lone = 0;
  while (took === 0) {
    await quiet.sign('ed', MESSAGE);
    lone++;
  }
  await signing;
  assert.ok(lone > 3, `${lone} lone calls were answered in the ${took} ms of it`);
});

test('what one port has waiting is bounded by itself: another may still ask', async () => {
  await using vault = await openVault({ threads: 1, keys: KEYS, maxPending: 600 });
  const flooding = speakRaw(await vault.grant(REQUEST));
  const quiet = await connect(vault);
  const { keys } = await flooding.connect();
  const operation = { handle: handleOf(keys, 'bls'), code: schemeCode('bls12-381') };
  const frame = frameOf(...Array.from({ length: 200 }, () => operation));
  const codes = Promise.all(Array.from({ length: 20 }, async () => codeOf(await flooding.call('sign', [frame]))));
  assert.equal(await outcomesOf(Array.from({ length: 300 }, () => quiet.sign('ed', MESSAGE))), { done: 300 });
  assert.ok((await codes).includes('ERR_VAULT_BUSY'), 'positive control');
});

test('what is granted onward counts for the port that granted it: many ports are no way around its bounds', async () => {
  await using vault = await openVault({ threads: 1, keys: KEYS, maxPending: 600 });
  const port = await connectVault(await vault.grant(REQUEST));
  const children = await Promise.all(Array.from({ length: 8 }, () => port.grant({ ...REQUEST, operations: ['sign'] })));
  const raws = children.map(speakRaw);
  const { keys } = await raws[0]!.connect();
  const operation = { handle: handleOf(keys, 'bls'), code: schemeCode('bls12-381') };
  const frame = frameOf(...Array.from({ length: 200 }, () => operation));
  const codes = await Promise.all(raws.map(async (raw) => codeOf(await raw.call('sign', [frame]))));
  assert.equal(codes.filter((code) => code === 'OK').length, 3, 'six hundred of sixteen hundred');
  assert.equal(new Set(codes), new Set(['OK', 'ERR_VAULT_BUSY']));
});

test.run();
