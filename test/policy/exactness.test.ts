// A key, or a port, that may make so many signatures makes exactly so many: whoever asks, however much at once, and
// whatever fails meanwhile.
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { connectVault, openVault, type Vault } from 'strongroom';
import { schemeCode } from '../../dist/src/wire/frame.js';
import type { KeyRecord } from '../../dist/src/wire/protocol.js';
import type { Scheme } from '../../dist/src/wire/types.js';
import { CONFIG, type RawVault, startRawVault } from '../boundary/raw-vault.js';
import { workersWith } from '../faults/fixtures/copied-workers.js';
import { createCommander, HURTABLE } from '../faults/fixtures/orders.js';
import { countOutcomes, outcomesOf, until } from '../ports/outcomes.js';
import { type Asked, frameOf, type RawPort, speakRaw, statusesIn } from '../ports/raw-port.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const CALLS = 5000;
const LIMIT = 1000;
const random = seededRandom('policy/exactness');
const test = suite('exactly as many signatures as a policy allows');
const MESSAGE = random.bytes(32);

const KEYS = {
  ed: { type: 'ed25519', from: 'generate', maxSignatures: LIMIT },
  ec: { type: 'secp256k1', from: 'generate', maxSignatures: LIMIT },
  bls: { type: 'bls12-381', from: 'generate', maxSignatures: 100 },
  free: { type: 'ed25519', from: 'generate' },
} as const;
const LIMITS: Readonly<Record<string, number>> = { ed: LIMIT, ec: LIMIT, bls: 100 };

const leftOf = (vault: Vault, id: string): number | undefined =>
  vault.keys().find((key) => key.id === id)?.limits.signaturesLeft;

const grantOf = async (vault: Vault): Promise<Vault> =>
  connectVault(await vault.grant({ keys: ['*'], operations: ['sign'] }));

test(`${CALLS.toLocaleString('en-US')} calls at once of one client`, async () => {
  const vault = await openVault({ threads: 2, keys: KEYS });
  const calls = Array.from({ length: CALLS }, () => vault.sign('ed', MESSAGE));
  const results = await Promise.allSettled(calls);
  assert.equal(countOutcomes(results), { done: LIMIT, ERR_KEY_EXHAUSTED: CALLS - LIMIT });
  const first = results.slice(0, LIMIT).every(({ status }) => status === 'fulfilled');
  assert.ok(first, 'those that came first');
  assert.is(leftOf(vault, 'ed'), 0);
  await vault.close();
});

test('calls for one signature, for many and for keys in turn, of the owner and two ports, in any order', async () => {
  const vault = await openVault({ threads: 2, keys: KEYS });
  const clients = [vault, await grantOf(vault), await grantOf(vault)];
  const done: Record<string, number> = { ed: 0, ec: 0, bls: 0, free: 0 };
  const asked: Record<string, number> = { ed: 0, ec: 0, bls: 0, free: 0 };
  const codes = new Set<string>();
  const calls: Promise<void>[] = [];
  const ask = (id: string, count: number, answer: Promise<unknown>): void => {
    asked[id]! += count;
    const add = (): void => {
      done[id]! += count;
    };
    calls.push(answer.then(add, (error: { code: string }) => void codes.add(error.code)));
  };
  while (asked.ed! < CALLS || asked.ec! < CALLS) {
    const client = random.pick(clients);
    const id = random.pick(['ed', 'ed', 'ec', 'ec', 'free', 'bls']);
    if (id === 'bls' && asked.bls! > 400) continue;
    const count = 1 + random.int(5);
    if (random.int(3) === 0) ask(id, count, client.signMany(id, Array(count).fill(MESSAGE)));
    else for (let i = 0; i < count; i++) ask(id, 1, client.sign(id, MESSAGE));
    if (random.int(500) === 0) await Promise.race(calls.slice(-3));
  }
  await Promise.all(calls);
  // What is left are too few for some signMany, and enough for one more call each.
  for (const [id, limit] of Object.entries(LIMITS)) {
    await until(() => clients.every((client) => leftOf(client, id) === limit - done[id]!), `${id} is counted alike`);
    const rest = await outcomesOf(Array.from({ length: 10 }, (_, i) => clients[i % 3]!.sign(id, MESSAGE)));
    const left = Math.min(10, limit - done[id]!);
    assert.equal(rest, { ...(left > 0 && { done: left }), ...(left < 10 && { ERR_KEY_EXHAUSTED: 10 - left }) });
    assert.is(done[id]! + left, limit, id);
  }
  assert.is(done.free, asked.free, 'a key without a limit has none');
  assert.equal([...codes], ['ERR_KEY_EXHAUSTED']);
  const { operations } = await vault.stats();
  assert.is(operations.sign?.count, 2 * LIMIT + 100 + asked.free!, 'the vault counts the same');
  await vault.close();
});

test('a port that may make so many makes so many, with all its keys and all the ports granted of it', async () => {
  const vault = await openVault({ threads: 2, keys: KEYS });
  const grant = { keys: ['*'], operations: ['sign', 'provePossession'] } as const;
  const port = await connectVault(await vault.grant({ ...grant, maxSignatures: LIMIT }));
  const child = await connectVault(await port.grant(grant));
  const grandchild = await connectVault(await child.grant({ ...grant, maxSignatures: 40 }));
  const ids = ['ed', 'ec', 'free'];
  const calls = (client: Vault, count: number): Promise<unknown>[] =>
    Array.from({ length: count }, (_, i) => client.sign(ids[i % 3]!, MESSAGE));
  const proofs = await outcomesOf(Array.from({ length: 3 }, () => grandchild.execute('bls', 'provePossession')));
  assert.equal(proofs, { done: 3 }, 'a proof of possession is a signature');
  assert.is((await grandchild.signTogether(['bls'], MESSAGE)).length, 96);
  const youngest = await outcomesOf(calls(grandchild, 100));
  assert.equal(youngest, { done: 36, ERR_GRANT_EXHAUSTED: 64 });
  const both = await outcomesOf([...calls(port, CALLS / 2), ...calls(child, CALLS / 2)]);
  assert.equal(both, { done: LIMIT - 40, ERR_GRANT_EXHAUSTED: CALLS - LIMIT + 40 });
  assert.equal(await outcomesOf(calls(vault, 30)), { done: 30 }, 'what the port has is not what the owner has');
  await vault.close();
});

test('the port is refunded what the key refuses, and the key what the port refuses', async () => {
  const keys = { few: { type: 'ed25519', from: 'generate', maxSignatures: 10 }, free: KEYS.free } as const;
  const vault = await openVault({ threads: 1, keys });
  const grant = { keys: ['*'], operations: ['sign'] } as const;
  const wide = await connectVault(await vault.grant({ ...grant, maxSignatures: 20 }));
  assert.equal(await outcomesOf(Array.from({ length: 50 }, () => wide.sign('few', MESSAGE))), {
    done: 10,
    ERR_KEY_EXHAUSTED: 40,
  });
  assert.equal(await outcomesOf(Array.from({ length: 50 }, () => wide.sign('free', MESSAGE))), {
    done: 10,
    ERR_GRANT_EXHAUSTED: 40,
  });
  const other = { ...keys.few, maxSignatures: 100 };
  await vault.register('other', other);
  const narrow = await connectVault(await vault.grant({ ...grant, maxSignatures: 5 }));
  await outcomesOf(Array.from({ length: 50 }, () => narrow.sign('other', MESSAGE)));
  await until(() => leftOf(vault, 'other') === 95, 'only what was signed counts');
  await vault.close();
});

test('signMany is given all that it asks for or nothing', async () => {
  const keys = { ed: { type: 'ed25519', from: 'generate', maxSignatures: 10 } } as const;
  const vault = await openVault({ threads: 1, keys });
  const port = await grantOf(vault);
  const many = (client: Vault, count: number): Promise<Uint8Array[]> =>
    client.signMany('ed', Array(count).fill(MESSAGE));
  assert.equal(await outcomesOf([many(vault, 7), many(port, 4), many(vault, 11)]), { done: 1, ERR_KEY_EXHAUSTED: 2 });
  await until(() => leftOf(port, 'ed') === 3, 'the port is told');
  assert.equal(await outcomesOf([many(port, 4), many(port, 3)]), { done: 1, ERR_KEY_EXHAUSTED: 1 });
  assert.equal(await outcomesOf([many(vault, 1), vault.sign('ed', MESSAGE)]), { ERR_KEY_EXHAUSTED: 2 });
  assert.equal(await many(vault, 0), []);
  await vault.close();
});

test('a thousand calls of signMany for seven each: 142 of them are whole, and six are left', async () => {
  const vault = await openVault({ threads: 2, keys: KEYS });
  const clients = [vault, await grantOf(vault), await grantOf(vault)];
  const calls = Array.from({ length: 1000 }, (_, i) => clients[i % 3]!.signMany('ec', Array(7).fill(MESSAGE)));
  assert.equal(await outcomesOf(calls), { done: 142, ERR_KEY_EXHAUSTED: 858 });
  assert.equal(await outcomesOf(Array.from({ length: 20 }, () => vault.sign('ec', MESSAGE))), {
    done: 6,
    ERR_KEY_EXHAUSTED: 14,
  });
  await vault.close();
});

test('signers are killed all the time: what was signed and what is left are the limit', async () => {
  const commander = createCommander();
  const vault = await openVault({ threads: 2, keys: KEYS }, { workers: HURTABLE });
  try {
    const port = await grantOf(vault);
    const calls = Array.from({ length: CALLS }, (_, i) => (i % 2 === 0 ? vault : port).sign('ec', MESSAGE));
    let settled = false;
    const counting = outcomesOf(calls).finally(() => {
      settled = true;
    });
    let kills = 0;
    while (!settled && kills < 20) kills += await commander.order({ do: 'end signers', picks: [random.int(2)] });
    assert.ok(kills > 0, 'positive control: signers were killed');
    const { done = 0, ERR_SIGNER_FAILED: failed = 0, ...refused } = await counting;
    assert.equal(Object.keys(refused), ['ERR_KEY_EXHAUSTED']);
    assert.ok(done <= LIMIT && done + failed >= LIMIT);
    await until(() => leftOf(vault, 'ec') === LIMIT - done, 'as many are left as were not signed');
    const rest = await outcomesOf(Array.from({ length: LIMIT }, () => vault.sign('ec', MESSAGE)));
    assert.is(done + (rest.done ?? 0), LIMIT);
  } finally {
    await vault.close();
    commander.close();
  }
});

const FATAL = new TextEncoder().encode('a message that ends every signer');
const DYING = `
import { signOperations as sign } from './real-sign-operations.js';
export const signOperations = (operations, count, context) => {
  if (Buffer.from(operations).includes(${JSON.stringify(new TextDecoder().decode(FATAL))})) process.exit(9);
  return sign(operations, count, context);
};`;

test('what no signer could sign is given back to the key and to the port', async () => {
  const workers = workersWith('signer/sign-operations.js', DYING);
  const vault = await openVault({ threads: 2, keys: KEYS }, { workers });
  const port = await connectVault(await vault.grant({ keys: ['*'], operations: ['sign'], maxSignatures: LIMIT }));
  const mixed = Array.from({ length: 900 }, (_, i) => port.sign('ed', i === 700 ? FATAL : MESSAGE));
  const { done = 0, ERR_SIGNER_FAILED: failed = 0, ...others } = await outcomesOf(mixed);
  assert.equal(others, {});
  assert.ok(failed > 0 && done > 0, 'positive control: one piece failed');
  await until(() => leftOf(port, 'ed') === LIMIT - done, 'it is refunded');
  const rest = await outcomesOf(Array.from({ length: LIMIT }, () => port.sign('ed', MESSAGE)));
  assert.is(rest.done, LIMIT - done);
  await vault.close();
});

const maxSignatures = LIMIT;
const SCHEME_OF = { ed25519: 'ed25519', secp256k1: 'schnorr' } as const;

const openLimited = async (maxPending: number): Promise<{ vault: RawVault; keys: readonly KeyRecord[] }> => {
  const vault = await startRawVault();
  assert.ok((await vault.call('open', [{ ...CONFIG, maxPending }])).ok);
  assert.ok((await vault.call('load', [[], []])).ok);
  const keys: KeyRecord[] = [];
  for (const type of ['ed25519', 'secp256k1'] as const) {
    const reply = await vault.call('register', [{ id: type, type, source: { kind: 'generate' }, maxSignatures }]);
    assert.ok(reply.ok);
    keys.push((reply as { value: unknown }).value as KeyRecord);
  }
  return { vault, keys };
};

const grantRaw = async (vault: RawVault): Promise<RawPort> => {
  const { port1, port2 } = new MessageChannel();
  const request = { keys: ['*'], operations: ['sign'] };
  assert.ok((await vault.call('grant', [request, port2], [port2 as MessagePort])).ok);
  return speakRaw(port1);
};

/** Statuses by key of each operation of a frame; what is refused whole counts for each. */
const tally = (counts: Record<string, number>, ids: readonly string[], statuses: readonly string[]): void =>
  ids.forEach((id, i) => {
    const status = statuses.length === ids.length ? statuses[i]! : statuses[0]!;
    counts[`${id} ${status}`] = (counts[`${id} ${status}`] ?? 0) + 1;
  });

/** Calls of 1 to 4 operations of one key each, until there are so many. */
const someFrame = (keys: readonly KeyRecord[], count: number): { ids: string[]; frame: ArrayBuffer } => {
  const operations: Asked[] = [];
  const ids: string[] = [];
  while (operations.length < count) {
    const { info, handle } = random.pick(keys);
    const size = Math.min(1 + random.int(4), count - operations.length);
    const code = schemeCode(SCHEME_OF[info.type as 'ed25519'] as Scheme);
    for (let i = 0; i < size; i++) {
      operations.push({ handle, code, together: i < size - 1 });
      ids.push(info.id);
    }
  }
  return { ids, frame: frameOf(...operations) };
};

const atOwners = async (vault: RawVault, frame: ArrayBuffer): Promise<string[]> => {
  const reply = await vault.call('sign', [frame]);
  return reply.ok ? statusesIn(reply.value as ArrayBuffer[]) : [reply.error.code];
};

for (const maxPending of [100_000, 300]) {
  const busy = maxPending === 300;
  const name = busy ? ', most of them refused because too much waits' : '';
  test(`frames made by hand, of keys in turn, at the owner's port and two others${name}`, async () => {
    const { vault, keys } = await openLimited(maxPending);
    const ports = [await grantRaw(vault), await grantRaw(vault)];
    const counts: Record<string, number> = {};
    const round = async (frames: number): Promise<void> => {
      const sent = Array.from({ length: frames }, async (_, i) => {
        const { ids, frame } = someFrame(keys, 100);
        tally(counts, ids, await (ports[i % 3]?.statuses(frame) ?? atOwners(vault, frame)));
      });
      await Promise.all(sent);
    };
    await round(100);
    const wasBusy = Object.entries(counts).some(([what]) => what.endsWith('ERR_VAULT_BUSY'));
    assert.is(wasBusy, busy, 'control');
    // The rest, one call at a time.
    for (const { info, handle } of keys) {
      const code = schemeCode(SCHEME_OF[info.type as 'ed25519'] as Scheme);
      for (let last = 'OK'; last !== 'ERR_KEY_EXHAUSTED'; ) {
        [last = 'none'] = await ports[0]!.statuses(frameOf({ handle, code }));
        tally(counts, [info.id], [last]);
      }
      assert.is(counts[`${info.id} OK`], LIMIT, info.id);
    }
    const known = Object.keys(counts).filter((what) => !/ (OK|ERR_KEY_EXHAUSTED|ERR_VAULT_BUSY)$/.test(what));
    assert.equal(known, []);
    await vault.close();
  });
}

test.run();
