// The dispatcher, over a pool that a test plays: how frames are cut, when they are signed inline, and what happens when
// signers die. Signatures here are the fake pool's own: each says which operation it is for.
import { setImmediate as turn } from 'node:timers/promises';
import {
  createFrameWriter,
  OPERATION_HEADER_BYTES,
  operationBytes,
  REPLY_HEADER_BYTES,
  STATUS_CODES,
  schemeCode,
  statusOf,
} from '../../dist/src/wire/frame.js';
import type { KeyId, Slot } from '../../dist/src/wire/types.js';
import type { SigningContext } from '../../dist/workers/signer/sign-operations.js';
import type { SignTask } from '../../dist/workers/signer/signer.js';
import { type AdmittedFrame, admitFrame } from '../../dist/workers/vault/admission.js';
import { costTable } from '../../dist/workers/vault/cost.js';
import { createDispatcher } from '../../dist/workers/vault/dispatcher.js';
import { createKeyTable } from '../../dist/workers/vault/key-table.js';
import { createQuota } from '../../dist/workers/vault/quota.js';
import type { Session } from '../../dist/workers/vault/sessions.js';
import { BATCHES_PER_SIGNER, type SignerPool } from '../../dist/workers/vault/signer-pool.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { entryOf, type Made, sessionOf } from './rig.js';

const test = suite('the dispatcher');
const NATIVE = {
  ed25519: 'native',
  secp256k1: 'native',
  'bls12-381': 'native',
  x25519: 'native',
  seed: 'native',
  aead: 'native',
  hmac: 'native',
} as const;
const LIMITS = { maxPending: 100_000, maxPendingBytes: 1 << 28 };
const ED25519 = schemeCode('ed25519');

interface Batch {
  readonly task: SignTask;
  /** Answer with a signature for each operation, made of its message's first four bytes. */
  succeed(): void;
  /** Its signer dies: while it signed this batch, or while this one waited behind another. */
  fail(wasSigning?: boolean): void;
}

/** The first four bytes of each operation's message. */
const numbersOf = ({ operations, count }: SignTask): number[] => {
  const words = new Uint32Array(operations);
  const numbers: number[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    numbers.push(words[(at + OPERATION_HEADER_BYTES) >> 2]!);
    at += operationBytes(words[(at >> 2) + 2]!, words[(at >> 2) + 3]! >>> 24);
  }
  return numbers;
};

const signed = (task: SignTask): ArrayBuffer => {
  const numbers = numbersOf(task);
  const reply = new Uint8Array(REPLY_HEADER_BYTES + numbers.length * 65);
  new Uint32Array(reply.buffer, 0, 1)[0] = numbers.length;
  numbers.forEach((number, i) => {
    new DataView(reply.buffer).setUint32(REPLY_HEADER_BYTES + numbers.length + i * 64, number, true);
  });
  return reply.buffer as ArrayBuffer;
};

const OWNER = sessionOf();

const rig = (threads: number, limits = LIMITS, made: Made = {}, ports = 0) => {
  const table = createKeyTable();
  const entry = entryOf('ed25519', { ...made, id: 'key' });
  table.add('key' as KeyId, entry);
  const batches: Batch[] = [];
  const signing = new Set<number>();
  let most = 0;
  let out = 0;
  const pool = {
    threads,
    wasSigning: (batch: number) => signing.has(batch),
    run: (task: SignTask) =>
      new Promise<ArrayBuffer>((resolve, reject) => {
        most = Math.max(most, ++out);
        batches.push({
          task,
          succeed: () => {
            out--;
            resolve(signed(task));
          },
          fail: (wasSigning = true) => {
            out--;
            if (wasSigning) signing.add(task.batch);
            reject(new Error('a signer died'));
          },
        });
      }),
  } as unknown as SignerPool;
  // Signing inline ends in a status of this context's slots: generation 1 is not what the operations name.
  const inline = {
    slots: { generation: () => 1 },
    providers: {},
    pause: () => undefined,
  } as unknown as SigningContext;
  const answered: { readonly frame: AdmittedFrame; readonly outcomes: readonly (number | string)[] }[] = [];
  const dispatcher = createDispatcher(
    pool,
    table,
    inline,
    costTable(NATIVE, false),
    limits,
    () => ports,
    (frame, replies) => void answered.push({ frame, outcomes: outcomesOf(replies) }),
  );
  const frame = (count: number, first = 0, session: Session = OWNER): AdmittedFrame => {
    const writer = createFrameWriter(64);
    for (let i = 0; i < count; i++) {
      const message = new Uint8Array(8);
      new DataView(message.buffer).setUint32(0, first + i, true);
      writer.add(entry.handle, ED25519, 0, message, undefined);
    }
    return admitFrame(writer.finish(), table, session);
  };
  return { table, entry, batches, dispatcher, frame, answered, most: () => most, out: () => out };
};

/** Serve every batch as it comes, until nothing is in flight. */
const serve = async ({ batches, dispatcher }: ReturnType<typeof rig>, how: (batch: Batch) => void): Promise<void> => {
  let idle = false;
  void dispatcher.idle().then(() => {
    idle = true;
  });
  for (let i = 0; !idle; await turn()) while (i < batches.length) how(batches[i++]!);
};

/** The number of each operation's signature, or its code, in the order of the replies. */
const outcomesOf = (replies: readonly ArrayBuffer[]): (number | string)[] =>
  replies.flatMap((reply) => {
    const count = new Uint32Array(reply, 0, 1)[0]!;
    let at = REPLY_HEADER_BYTES + count;
    return Array.from(new Uint8Array(reply, REPLY_HEADER_BYTES, count), (status) => {
      if (status !== 0) return STATUS_CODES[status]!;
      at += 64;
      return new DataView(reply).getUint32(at - 64, true);
    });
  });
const range = (count: number, first = 0): number[] => Array.from({ length: count }, (_, i) => first + i);

test('a lone operation is signed inline, with no hop', async () => {
  const each = rig(2);
  const replies = await each.dispatcher.submit(each.frame(1));
  assert.is(each.batches.length, 0);
  assert.equal(outcomesOf(replies), ['ERR_KEY_NOT_FOUND'], 'by the inline context');
  assert.is(each.entry.inFlight, 0);
});

test('a large frame is cut over the signers, and its replies follow in order, whoever is first', async () => {
  for (const threads of [1, 2, 4]) {
    const each = rig(threads);
    const answer = each.dispatcher.submit(each.frame(5000));
    assert.is(each.entry.inFlight, 5000);
    assert.is(each.out(), threads * BATCHES_PER_SIGNER, 'no more than the signers may have');
    const held: Batch[] = [];
    await serve(each, (batch) => {
      held.push(batch);
      if (held.length === each.out()) for (const late of held.splice(0).reverse()) late.succeed();
    });
    assert.equal(outcomesOf(await answer), range(5000));
    assert.is(each.most(), threads * BATCHES_PER_SIGNER);
    assert.is(each.entry.inFlight, 0);
    const sizes = each.batches.map(({ task }) => task.count);
    assert.is(
      sizes.reduce((sum, size) => sum + size),
      5000,
      'nothing is signed twice',
    );
    assert.ok(Math.max(...sizes) <= 12_000 / 19 + 1, 'no piece holds a signer for longer than 12 ms');
  }
});

test('frames that wait are signed in their order', async () => {
  const each = rig(1);
  const answers = [0, 1, 2, 3].map((i) => each.dispatcher.submit(each.frame(1000, i * 1000)));
  await serve(each, (batch) => batch.succeed());
  const all = await Promise.all(answers);
  all.forEach((replies, i) => void assert.equal(outcomesOf(replies), range(1000, i * 1000)));
  const order = each.batches.flatMap(({ task }) => numbersOf(task));
  assert.equal(
    order,
    [...order].sort((a, b) => a - b),
  );
});

test('a batch whose signer dies is signed by another, and no signature is lost, doubled or moved', async () => {
  const each = rig(2);
  const answer = each.dispatcher.submit(each.frame(3000));
  const failed = new Set<number>();
  await serve(each, (batch) => {
    const [first] = numbersOf(batch.task);
    if (failed.has(first!)) batch.succeed();
    else {
      failed.add(first!);
      batch.fail();
    }
  });
  assert.equal(outcomesOf(await answer), range(3000));
  assert.is(each.entry.inFlight, 0);
});

test('a batch under which three signers die is given up, and the others are signed', async () => {
  const each = rig(2);
  const answer = each.dispatcher.submit(each.frame(3000));
  let attempts = 0;
  await serve(each, (batch) => {
    if (!numbersOf(batch.task).includes(1234)) batch.succeed();
    else {
      attempts++;
      batch.fail();
    }
  });
  assert.is(attempts, 3);
  const outcomes = outcomesOf(await answer);
  const lost = outcomes.filter((outcome) => outcome === 'ERR_SIGNER_FAILED').length;
  assert.is(outcomes[1234], 'ERR_SIGNER_FAILED');
  assert.ok(lost < 3000);
  outcomes.forEach((outcome, i) => void assert.ok(outcome === i || outcome === 'ERR_SIGNER_FAILED'));
  assert.is(each.entry.inFlight, 0);
  const next = each.dispatcher.submit(each.frame(3000));
  await serve(each, (batch) => batch.succeed());
  assert.equal(outcomesOf(await next), range(3000), 'later frames are signed');
});

test('a batch that only waited for signers that died is not to blame, but is not sent for ever', async () => {
  const each = rig(2);
  const answer = each.dispatcher.submit(each.frame(3000));
  const sends = new Map<number, number>();
  await serve(each, (batch) => {
    const first = numbersOf(batch.task)[0]!;
    sends.set(first, (sends.get(first) ?? 0) + 1);
    if (sends.get(first)! <= 10) batch.fail(false);
    else batch.succeed();
  });
  assert.equal(outcomesOf(await answer), range(3000));
  const endless = rig(2);
  const given = endless.dispatcher.submit(endless.frame(600));
  await serve(endless, (batch) => batch.fail(false));
  assert.equal(new Set(outcomesOf(await given)), new Set(['ERR_SIGNER_FAILED']));
  assert.is(endless.entry.inFlight, 0);
});

test('batches are numbered, each another, and never 0', async () => {
  const each = rig(2);
  void each.dispatcher.submit(each.frame(5000));
  await serve(each, (batch) => batch.succeed());
  const numbers = each.batches.map(({ task }) => task.batch);
  assert.is(new Set(numbers).size, numbers.length);
  assert.ok(numbers.every((number) => Number.isInteger(number) && number > 0));
});

test('when every signer dies every time, every operation is answered', async () => {
  const each = rig(2);
  const answers = [each.dispatcher.submit(each.frame(1500)), each.dispatcher.submit(each.frame(700))];
  await serve(each, (batch) => batch.fail());
  const outcomes = (await Promise.all(answers)).flatMap(outcomesOf);
  assert.equal([outcomes.length, new Set(outcomes)], [2200, new Set(['ERR_SIGNER_FAILED'])]);
  assert.is(each.entry.inFlight, 0);
});

test('a release waits until every batch of its key is back, retried ones too', async () => {
  const each = rig(2);
  const answer = each.dispatcher.submit(each.frame(3000));
  const released = each.table.retire(each.entry, 'released');
  let isReleased = false;
  void released.then(() => {
    isReleased = true;
  });
  let failures = 0;
  await serve(each, (batch) => {
    assert.is(isReleased, false);
    if (failures++ < 2) batch.fail();
    else batch.succeed();
  });
  assert.equal(outcomesOf(await answer), range(3000));
  await released;
});

test('operations that are refused already are answered by their status, also when signers die', async () => {
  const each = rig(1);
  const writer = createFrameWriter(64);
  const gone = { slot: 5 as Slot, generation: 0 };
  for (let i = 0; i < 600; i++)
    writer.add(i % 2 === 0 ? each.entry.handle : gone, ED25519, 0, new Uint8Array(8), undefined);
  const answer = each.dispatcher.submit(admitFrame(writer.finish(), each.table, OWNER));
  assert.is(each.entry.inFlight, 300, 'a refused operation is not in flight');
  await serve(each, (batch) => batch.fail());
  const outcomes = outcomesOf(await answer);
  outcomes.forEach((outcome, i) => void assert.is(outcome, i % 2 === 0 ? 'ERR_SIGNER_FAILED' : 'ERR_KEY_NOT_FOUND'));
});

test('a frame beyond the limits is refused whole, and one that fits is accepted when others are back', async () => {
  const each = rig(1, { maxPending: 1000, maxPendingBytes: 8000 });
  const first = each.dispatcher.submit(each.frame(900));
  await rejects(each.dispatcher.submit(each.frame(101)), 'ERR_VAULT_BUSY', /900 operations are waiting/);
  assert.is(each.entry.inFlight, 900);
  await serve(each, (batch) => batch.succeed());
  assert.is(outcomesOf(await first).length, 900);
  const again = each.dispatcher.submit(each.frame(1000));
  await serve(each, (batch) => batch.succeed());
  assert.is(outcomesOf(await again).length, 1000);
  const bytes = rig(1, { maxPending: 1000, maxPendingBytes: 7999 });
  await rejects(bytes.dispatcher.submit(bytes.frame(1000)), 'ERR_VAULT_BUSY');
});

test('every frame is told once when it is answered, with what became of it, before its sender has the answer', async () => {
  const each = rig(2);
  const frames = [each.frame(1500), each.frame(1), each.frame(700)];
  let early = 0;
  const answers = frames.map((frame, i) =>
    each.dispatcher.submit(frame).then(() => {
      if (!each.answered.some((told) => told.frame === frames[i])) early++;
    }),
  );
  await serve(each, (batch) => batch.succeed());
  await Promise.all(answers);
  assert.is(early, 0);
  assert.equal(new Set(each.answered.map(({ frame }) => frame)), new Set(frames));
  assert.is(each.answered.length, 3);
  const told = each.answered.find(({ frame }) => frame === frames[0]);
  assert.equal(told?.outcomes, range(1500));
});

test('signatures that did not leave the vault are given back, and those that did are not', async () => {
  const quota = createQuota({ maxSignatures: 5000 }, statusOf('ERR_KEY_EXHAUSTED'));
  const each = rig(2, LIMITS, { quota });
  const good = each.dispatcher.submit(each.frame(1500));
  assert.is(quota.signaturesLeft, 3500, 'taken before any work');
  await serve(each, (batch) => batch.succeed());
  await good;
  assert.is(quota.signaturesLeft, 3500);
  const lost = each.dispatcher.submit(each.frame(2000));
  assert.is(quota.signaturesLeft, 1500);
  const more = each.frame(1501);
  assert.is(more.entries.filter((entry) => entry !== undefined).length, 1500, 'one is more than there is');
  assert.is(quota.signaturesLeft, 0);
  await serve(each, (batch) => batch.fail());
  assert.equal(new Set(outcomesOf(await lost)), new Set(['ERR_SIGNER_FAILED']));
  assert.is(quota.signaturesLeft, 2000, 'all that signers lost, and nothing of a frame that was admitted alone');
  const busy = rig(1, { maxPending: 10, maxPendingBytes: 1 << 20 }, { quota });
  await rejects(busy.dispatcher.submit(busy.frame(11)), 'ERR_VAULT_BUSY');
  assert.is(quota.signaturesLeft, 2000, 'what was refused whole is given back whole');
});

const portOf = (number: number, parent: Session = OWNER): Session => sessionOf({ number, parent });

test('ports have a piece in turn: a flood of frames keeps nobody waiting behind it', async () => {
  const each = rig(1, LIMITS, {}, 2);
  const [loud, quiet] = [portOf(1), portOf(2)];
  const flood = Array.from({ length: 20 }, (_, i) => each.dispatcher.submit(each.frame(1000, i * 1000, loud)));
  const small = each.dispatcher.submit(each.frame(100, 1_000_000, quiet));
  let at = -1;
  void small.then(() => {
    at = served;
  });
  let served = 0;
  await serve(each, (batch) => {
    served++;
    batch.succeed();
  });
  assert.equal(outcomesOf(await small), range(100, 1_000_000));
  assert.ok(at >= 0 && at <= BATCHES_PER_SIGNER + 3, `answered after ${at} batches of ${served}`);
  assert.ok(served > 100, `positive control: ${served} batches were served`);
  const all = await Promise.all(flood);
  all.forEach((replies, i) => void assert.equal(outcomesOf(replies), range(1000, i * 1000)));
});

test('while there are ports, pieces are short; alone, the owner has long ones', async () => {
  for (const [ports, most] of [
    [0, 12_000],
    [1, 3_000],
  ] as const) {
    const each = rig(1, LIMITS, {}, ports);
    const answer = each.dispatcher.submit(each.frame(5000));
    await serve(each, (batch) => batch.succeed());
    assert.equal(outcomesOf(await answer), range(5000));
    const largest = Math.max(...each.batches.map(({ task }) => task.count));
    assert.ok(largest <= most / 19 + 1, `${largest} operations in one piece`);
    assert.ok(largest >= most / 19 / 2, `positive control: ${largest} operations in one piece`);
  }
});

test('while there are ports, what one has signed inline in a turn is bounded, and the next turn has room again', async () => {
  const each = rig(1, LIMITS, {}, 1);
  const submit = (count: number, session: Session): Promise<unknown>[] =>
    Array.from({ length: count }, () => each.dispatcher.submit(each.frame(1, 0, session)));
  const [loud, quiet] = [portOf(1), portOf(2)];
  const answers = submit(200, loud);
  assert.ok(each.answered.length < 100, `${each.answered.length} of 200 were signed inline`);
  assert.ok(each.answered.length >= 1_000 / 20, `${each.answered.length} of 200 were signed inline`);
  const before = each.answered.length;
  answers.push(...submit(1, quiet));
  assert.is(each.answered.length, before + 1, 'another port has its own room');
  await serve(each, (batch) => batch.succeed());
  await Promise.all(answers);
  const after = each.answered.length;
  submit(1, loud);
  assert.is(each.answered.length, after + 1);
});

test('what a port has pending counts at it and at the ports that granted it, not at the owner', async () => {
  const each = rig(1, { maxPending: 1000, maxPendingBytes: 1 << 20 });
  const owner = sessionOf();
  const parent = portOf(1, owner);
  const [child, sibling] = [portOf(2, parent), portOf(3, parent)];
  const first = each.dispatcher.submit(each.frame(600, 0, child));
  assert.equal(
    [owner, parent, child, sibling].map(({ pending }) => pending),
    [0, 600, 600, 0],
  );
  assert.equal(
    [parent, child].map(({ pendingBytes }) => pendingBytes),
    [4800, 4800],
  );
  await rejects(each.dispatcher.submit(each.frame(401, 0, sibling)), 'ERR_VAULT_BUSY', /600 operations are waiting/);
  const others = [
    each.dispatcher.submit(each.frame(400, 0, sibling)),
    each.dispatcher.submit(each.frame(1000, 0, owner)),
  ];
  await rejects(each.dispatcher.submit(each.frame(1, 0, child)), 'ERR_VAULT_BUSY', /1000 operations are waiting/);
  assert.is(each.dispatcher.load.pending, 2000);
  await serve(each, (batch) => batch.succeed());
  await Promise.all([first, ...others]);
  assert.equal(
    [owner, parent, child, sibling].flatMap((it) => [it.pending, it.pendingBytes]),
    new Array(8).fill(0),
  );
  assert.is(each.dispatcher.load.pending, 0);
});

test('idle() resolves at once when nothing is in flight', async () => {
  await rig(1).dispatcher.idle();
});

test.run();
