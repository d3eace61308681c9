// Everybody whom the vault is compared with signs what they say, with the key that they were given; the checker notices
// when not; and what was started for a peer is gone afterwards.
import { spawnSync } from 'node:child_process';
import { createECDH } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Scheme } from 'strongroom';
import { type CheckedKey, createChecker, type Keep } from '../../bench/check.js';
import { createBareSign, missingLibrary } from '../../bench/contestants/bare.js';
import { ALL_SCHEMES, type OpenPeer, openPeer, type Peer, type Terms } from '../../bench/contestants/peer.js';
import { PEERS } from '../../bench/contestants/peers.js';
import { softHsm } from '../../bench/contestants/softhsm.js';
import { sshAgent } from '../../bench/contestants/ssh-agent.js';
import { makeSecret, type SignedType, TYPE_OF } from '../../bench/keys.js';
import { createMessages, type Messages } from '../../bench/messages.js';
import { assert } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const test = suite("the benchmark's peers");

/** Peers make their folders here: whatever is left in it is theirs. */
const folder = tempFolder();
process.env.TMPDIR = folder;

const SECONDS = 0.005;

const publicKeyOf = (type: SignedType, secret: Uint8Array): Uint8Array => {
  switch (type) {
    case 'ed25519':
      return ed25519.getPublicKey(secret);
    case 'secp256k1': {
      const ecdh = createECDH('secp256k1');
      ecdh.setPrivateKey(secret);
      return Uint8Array.from(ecdh.getPublicKey(null, 'compressed'));
    }
    case 'bls12-381':
      return bls12_381.longSignatures.getPublicKey(secret).toBytes();
  }
};

const termsFor = (scheme: Scheme): Terms & { readonly messages: Messages } => {
  const secret = makeSecret();
  const publicKey = publicKeyOf(TYPE_OF[scheme], secret);
  return { scheme, secret, publicKey, messages: createMessages(2), threads: 1, inFlight: 3 };
};

type Kept = [i: number, signature: Uint8Array];

/** What the checker says of signatures by a key: how many it checked, or why it refused one. */
const verdict = async (terms: Terms, key: CheckedKey, signatures: readonly Kept[]): Promise<number | string> => {
  const checker = createChecker(terms.messages);
  const keep = checker.keeperFor('somebody', [key], terms.scheme);
  for (const [i, signature] of signatures) keep.add(i, signature);
  return checker.checkAll().then(
    () => checker.checked,
    (error: Error) => error.message,
  );
};

/** One signature is right; with one bit turned, or over the other message, or by another key, it is not. */
const assertOnlyRightIsValid = async (terms: Terms, key: CheckedKey, [i, signature]: Kept): Promise<void> => {
  const wrong = `"somebody" gave a signature that is not valid (key "${key.id}")`;
  assert.is(await verdict(terms, key, [[i, signature]]), 1);
  for (const at of [1, 40, signature.length - 1]) {
    const flipped = signature.map((byte, place) => (place === at ? byte ^ 1 : byte));
    assert.is(await verdict(terms, key, [[i, flipped]]), wrong, `byte ${at}`);
  }
  assert.is(await verdict(terms, key, [[i + 1, signature]]), wrong, 'another message');
  assert.is(await verdict(terms, key, [[i, signature.subarray(1)]]), wrong, 'a byte less');
};

const keyOf = ({ scheme, publicKey }: Terms): CheckedKey => ({ id: 'the key', type: TYPE_OF[scheme], publicKey });

const assertSigns = async (terms: Terms, { entries }: OpenPeer): Promise<void> => {
  assert.ok(entries.length > 0);
  for (const { label, otherKey, run } of entries) {
    const signatures: Kept[] = [];
    const keep: Keep = { every: 1, add: (...kept) => void signatures.push(kept) };
    const rate = await run(SECONDS, keep);
    assert.ok(rate > 0 && Number.isFinite(rate), label);
    assert.ok(signatures.length > 0, label);
    const key = otherKey ?? keyOf(terms);
    const some = signatures.slice(0, 8);
    assert.is(await verdict(terms, key, some), some.length, label);
    const [i, signature] = some[0]!;
    const wrong = `"somebody" gave a signature that is not valid (key "${key.id}")`;
    const flipped = signature.map((byte, place) => (place === 40 ? byte ^ 1 : byte));
    assert.is(await verdict(terms, key, [[i, flipped]]), wrong, label);
  }
};

/** These may be absent; the others are part of node, or of what this package depends on. */
const EXTERNAL: readonly Peer[] = [sshAgent, softHsm];
const absences = new Map<Peer, string>();
for (const peer of EXTERNAL) {
  const found = await openPeer(peer, termsFor('ed25519'));
  if ('absent' in found) absences.set(peer, found.absent);
  else await found.close();
}

for (const scheme of ALL_SCHEMES) {
  const missing = [TYPE_OF[scheme], ...(scheme === 'schnorr' ? (['ed25519'] as const) : [])]
    .map(missingLibrary)
    .find((name) => name !== undefined);
  const bare = `the bare loop signs by ${scheme}, and the checker takes only what is right`;
  if (missing !== undefined) test.skip(bare, `the package ${missing} is not available`);
  else {
    test(bare, async () => {
      const terms = termsFor(scheme);
      const sign = createBareSign(TYPE_OF[scheme], terms.secret, scheme);
      const signed = terms.messages.for(TYPE_OF[scheme]);
      await assertOnlyRightIsValid(terms, keyOf(terms), [1, Uint8Array.from(sign(signed[1]!))]);
    });
  }
  for (const peer of PEERS.filter(({ schemes }) => schemes.includes(scheme))) {
    const name = `${peer.name} signs by ${scheme} with the key that it was given`;
    const absent =
      peer.name === 'Piscina' && missing !== undefined ? `the package ${missing} is not available` : absences.get(peer);
    if (absent !== undefined) test.skip(name, absent);
    else test(name, () => signsAndEnds(peer, termsFor(scheme)));
  }
}

async function signsAndEnds(peer: Peer, terms: Terms): Promise<void> {
  const opened = await openPeer(peer, terms);
  if ('absent' in opened) throw new Error(`${peer.name}: ${opened.absent}`);
  try {
    await assertSigns(terms, opened);
  } finally {
    await opened.close();
  }
}

/** Processes of ours that have not ended. Of one that has, the handle closes at the end of a turn. */
const children = async (): Promise<number> => {
  await nextTurn(); // in the midst of a turn
  await nextTurn();
  return process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
};
const childPids = (): number[] => {
  const { stdout, pid: ps } = spawnSync('ps', ['-Ao', 'pid=,ppid='], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, parent]) => (parent === process.pid && pid !== ps ? [pid!] : []));
};
const stateOf = (pid: string): string =>
  spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout.trim();

for (const peer of EXTERNAL) {
  const closed = `${peer.name} leaves no process, no socket and no folder when it is closed`;
  const killed = `${peer.name} that is killed while it signs fails soon, and leaves no folder`;
  const died = `${peer.name} leaves none when the program ends by itself, by an error or by a signal`;
  const terms = termsFor('ed25519');
  const absent = absences.get(peer);
  if (absent !== undefined) {
    for (const name of [closed, killed, died]) test.skip(name, absent);
    continue;
  }

  test(closed, async () => {
    const opened = await openPeer(peer, terms);
    assert.not('absent' in opened);
    const [own, ...others] = readdirSync(folder);
    assert.equal({ children: await children(), others }, { children: 1, others: [] }, 'while it is open');
    assert.ok(existsSync(join(folder, own!, peer === sshAgent ? 'agent' : 'tokens')));
    if (!('absent' in opened)) await opened.close();
    assert.equal({ children: await children(), left: readdirSync(folder) }, { children: 0, left: [] });
  });

  test(killed, async () => {
    const opened = await openPeer(peer, terms);
    if ('absent' in opened) throw new Error(opened.absent);
    try {
      const [entry] = opened.entries;
      const keep: Keep = { every: 1_000, add: () => undefined };
      const run = Promise.resolve(entry!.run(60, keep)).then(
        () => 'it ended',
        (error: Error) => error.message,
      );
      await sleep(100); // in the midst of it
      const [pid, ...others] = childPids();
      assert.equal(others, []);
      process.kill(pid!, 'SIGKILL');
      assert.match(await run, /agent closed its socket|write EPIPE|read ECONNRESET|process ended \(SIGKILL\)/);
    } finally {
      await opened.close();
    }
    assert.equal({ children: await children(), left: readdirSync(folder) }, { children: 0, left: [] });
  });

  test(died, async () => {
    const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
    const program = (end: string): string => `
      import { execFileSync } from 'node:child_process';
      import { openPeer } from ${url('../../bench/contestants/peer.js')};
      import { PEERS } from ${url('../../bench/contestants/peers.js')};
      import { createMessages } from ${url('../../bench/messages.js')};
      const [secret, publicKey] = ${JSON.stringify([terms.secret, terms.publicKey].map((bytes) => [...bytes]))}.map(
        (bytes) => Uint8Array.from(bytes),
      );
      const peer = PEERS.find(({ name }) => name === ${JSON.stringify(peer.name)});
      const opened = await openPeer(peer, {
        scheme: 'ed25519', secret, publicKey, messages: createMessages(2), threads: 1, inFlight: 2,
      });
      if ('absent' in opened) throw new Error(opened.absent);
      const processes = execFileSync('ps', ['-Ao', 'pid=,ppid=,comm='], { encoding: 'utf8' }).trim().split('\\n');
      for (const line of processes) {
        const [pid, parent, command] = line.trim().split(/\\s+/);
        if (Number(parent) === process.pid && command !== 'ps') console.log(pid);
      }
      ${end}`;
    const ends = {
      'process.exit(7)': 7,
      'throw new Error("planned")': 1,
      "process.kill(process.pid, 'SIGTERM'); await new Promise(() => setInterval(() => {}, 1000))": null,
    };
    const ended = Object.entries(ends).map(async ([end, expected]) => {
      const { code, signal, stdout, stderr } = await runNode(program(end));
      assert.equal({ code, signal }, { code: expected, signal: expected === null ? 'SIGTERM' : null }, stderr);
      const pids = stdout.trim().split('\n');
      assert.is(pids.length, 1, stdout);
      for (let looks = 0; stateOf(pids[0]!) !== '' && !stateOf(pids[0]!).startsWith('Z'); looks++) {
        if (looks > 100) assert.unreachable(`the process of ${peer.name} lives on after ${end}`);
        await sleep(20);
      }
    });
    await Promise.all(ended);
    assert.equal(readdirSync(folder), []);
  });
}

test('a peer that cannot be opened is absent, says why and leaves nothing', async () => {
  const { PATH, SOFTHSM2_LIB } = process.env;
  const terms = termsFor('ed25519');
  const reasonOf = async (peer: Peer): Promise<string> => {
    const outcome = await openPeer(peer, terms);
    return 'absent' in outcome ? outcome.absent : 'it is there';
  };
  process.env.PATH = folder;
  process.env.SOFTHSM2_LIB = join(folder, 'libsofthsm2.so');
  try {
    assert.match(await reasonOf(sshAgent), process.platform === 'win32' ? /Windows/ : /^ssh-agent cannot be started/);
    assert.match(await reasonOf(softHsm), /^libsofthsm2\.so was not found/);
  } finally {
    if (PATH === undefined) delete process.env.PATH;
    else process.env.PATH = PATH;
    if (SOFTHSM2_LIB === undefined) delete process.env.SOFTHSM2_LIB;
    else process.env.SOFTHSM2_LIB = SOFTHSM2_LIB;
  }
  const broken: Peer = { name: 'broken', schemes: ALL_SCHEMES, open: () => Promise.reject(new Error('it is broken')) };
  assert.is(await reasonOf(broken), 'it is broken');
  assert.equal({ children: await children(), left: readdirSync(folder) }, { children: 0, left: [] });
});

test.run();
