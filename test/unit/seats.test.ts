// Seats across real threads: taken once, ready when said so, vacated with a wiped scratch; and the forget protocol,
// which every seated thread has to answer.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createArena } from '../../dist/workers/arena/arena.js';
import { SCRATCH_BYTES } from '../../dist/workers/arena/layout.js';
import { FORGET_LIST_LENGTH, openSeats, type Seats } from '../../dist/workers/arena/seats.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('seats');
const MODULE = new URL('../../dist/workers/arena/seats.js', import.meta.url).href;
const ME = 1_000_000;

const make = (seatCount: number) => {
  const { buffer, layout } = createArena(4, seatCount, 0, 'off');
  return { buffer, layout, seats: openSeats(buffer, layout) };
};

/** A thread that takes a seat, and acknowledges rounds of forgetting when it is told to go on. */
const MEMBER = `
  const { parentPort, threadId, workerData } = require('node:worker_threads');
  import(workerData.module).then(async ({ openSeats }) => {
    const seats = openSeats(workerData.buffer, workerData.layout);
    const seat = seats.take(threadId);
    parentPort.postMessage({ index: seat?.index });
    if (seat === undefined) return parentPort.close();
    seat.scratch.fill(0xa5);
    // A listener that stays: waiting for the arena's words alone does not keep a thread alive.
    let onTold = async () => {
      // As a signer does: what it has seen, and only then that it is ready.
      let seen = seats.currentEpoch();
      seats.markReady(seat);
      for (;;) {
        const { epoch, slots } = await seats.nextForgetting(seen);
        parentPort.postMessage({ slots });
        await new Promise((resolve) => { onTold = resolve; });
        seats.acknowledge(seat, (seen = epoch));
      }
    };
    parentPort.on('message', () => onTold());
  });`;

interface Member {
  readonly worker: Worker;
  readonly threadId: number;
  readonly index: number | undefined;
}

const join = async ({ buffer, layout }: ReturnType<typeof make>): Promise<Member> => {
  const worker = new Worker(MEMBER, { eval: true, workerData: { buffer, layout, module: MODULE } });
  const { threadId } = worker;
  const [{ index }] = (await once(worker, 'message')) as [{ index: number | undefined }];
  return { worker, threadId, index };
};

const until = async (seats: Seats, isSo: () => boolean): Promise<void> => {
  for (let i = 0; !isSo(); i++) {
    if (i > 200) throw new Error('waited for too long');
    await seats.readyChange(50);
  }
};

test('every thread has a seat of its own, and none is left for one more', async () => {
  const arena = make(3);
  const mine = arena.seats.take(ME)!;
  const members = await Promise.all([join(arena), join(arena)]);
  assert.equal([mine.index, ...members.map(({ index }) => index)].sort(), [0, 1, 2]);
  assert.is((await join(arena)).index, undefined);
  assert.is(arena.seats.take(ME + 1), undefined);
  for (const { worker } of members) await worker.terminate();
});

test('readiness is seen from another thread, and ends when the thread has left', async () => {
  const arena = make(3);
  const { seats } = arena;
  const mine = seats.take(ME)!;
  const members = [await join(arena), await join(arena)];
  assert.is(seats.readyCount(mine.index), 0);
  for (const [i, { worker, threadId }] of members.entries()) {
    assert.is(seats.isReady(threadId), false);
    worker.postMessage('go on');
    await until(seats, () => seats.readyCount(mine.index) === i + 1);
    assert.is(seats.isReady(threadId), true);
  }
  await members[0]!.worker.terminate();
  seats.vacate(members[0]!.threadId);
  assert.equal([seats.readyCount(mine.index), seats.isReady(members[0]!.threadId)], [1, false]);
  await members[1]!.worker.terminate();
});

test('the scratch of a thread that has ended is wiped before its seat is taken again', async () => {
  const arena = make(1);
  const member = await join(arena);
  await member.worker.terminate();
  arena.seats.vacate(ME); // another thread's end changes nothing
  assert.is(arena.seats.take(ME), undefined);
  arena.seats.vacate(member.threadId);
  const seat = arena.seats.take(ME)!;
  assert.equal([seat.index, seat.scratch.length], [member.index, SCRATCH_BYTES]);
  assert.ok(seat.scratch.every((byte) => byte === 0));
});

test('a round of forgetting ends when both threads have acknowledged it, and names its slots to both', async () => {
  const arena = make(3);
  const { seats } = arena;
  const mine = seats.take(ME)!;
  const members = [await join(arena), await join(arena)];
  for (const { worker } of members) worker.postMessage('go on');
  await until(seats, () => seats.readyCount(mine.index) === 2);
  for (const slots of [[3], [0, 7, 2], Array.from({ length: FORGET_LIST_LENGTH }, (_, i) => i)]) {
    const heard = members.map(({ worker }) => once(worker, 'message') as Promise<[{ slots: number[] }]>);
    const epoch = seats.startForgetting(slots);
    for (const [message] of await Promise.all(heard)) assert.equal(message.slots, slots);
    assert.is(seats.hasForgotten(epoch, mine.index), false);
    members[0]!.worker.postMessage('forgotten');
    await sleep(20);
    assert.is(seats.hasForgotten(epoch, mine.index), false, 'one of two');
    members[1]!.worker.postMessage('forgotten');
    for (let i = 0; !seats.hasForgotten(epoch, mine.index); i++) {
      assert.ok(i < 200);
      await seats.acknowledgement(50);
    }
  }
  for (const { worker } of members) await worker.terminate();
});

test('a thread that ends in the middle of a round is not waited for, and one that comes later keeps nothing', async () => {
  const arena = make(3);
  const { seats } = arena;
  const mine = seats.take(ME)!;
  const member = await join(arena);
  const epoch = seats.startForgetting([1]);
  assert.is(seats.hasForgotten(epoch, mine.index), false);
  const late = await join(arena);
  await member.worker.terminate();
  assert.is(seats.hasForgotten(epoch, mine.index), false);
  seats.vacate(member.threadId);
  assert.is(seats.hasForgotten(epoch, mine.index), true, 'only a thread without keys is left');
  await late.worker.terminate();
});

test.run();
