// Drops what a thread keeps for released keys (native BLS key objects), and makes sure it is gone: such objects are
// freed, and zeroed by their library, only when the garbage collector has run.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Slot } from '../../src/wire/types.js';
import type { Seat, Seats } from '../arena/seats.js';
import type { Providers } from '../providers/provider.js';

// The collector is exposed to a context of our own, not to the program's.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Forget slots in this thread. Resolves when nothing of them is left in it. */
export const forgetSlots = async (slots: readonly number[], providers: Providers): Promise<void> => {
  let dropped = false;
  for (const provider of Object.values(providers)) {
    for (const slot of slots) dropped = provider.forget(slot as Slot) || dropped;
  }
  if (!dropped) return;
  collectGarbage();
  // Finalizers of native objects run in later turns of the event loop.
  await setImmediate();
  await setImmediate();
};

/** A signer's side of the forget protocol, for as long as the thread lives. */
export const forgetReleasedKeys = async (seats: Seats, seat: Seat, providers: Providers): Promise<never> => {
  let seen = seats.currentEpoch();
  seats.acknowledge(seat, seen); // a thread that has just begun keeps nothing
  for (;;) {
    const { epoch, slots } = await seats.nextForgetting(seen);
    await forgetSlots(slots, providers);
    seen = epoch;
    seats.acknowledge(seat, epoch);
  }
};
