// The vault's side of the forget protocol: after a key's slot is wiped, every thread drops what it keeps for it
// (native BLS key objects). Releases that come while a round is under way share the next one.

import type { Slot } from '../../src/wire/types.js';
import { FORGET_LIST_LENGTH, type Seat, type Seats } from '../arena/seats.js';
import type { Providers } from '../providers/provider.js';
import { forgetSlots } from '../signer/forget.js';

/** How often to look again for signers that ended instead of acknowledging. */
const ACKNOWLEDGEMENT_CHECK_MS = 50;

export interface Forgetting {
  /** Resolves when no thread keeps anything for the slot. */
  forget(slot: Slot): Promise<void>;
}

export const createForgetting = (seats: Seats, seat: Seat, providers: Providers): Forgetting => {
  const waiting: { readonly slot: Slot; resolve(): void }[] = [];
  let running = false;

  const rounds = async (): Promise<void> => {
    while (waiting.length > 0) {
      const round = waiting.splice(0, FORGET_LIST_LENGTH);
      const slots = round.map(({ slot }) => slot);
      const epoch = seats.startForgetting(slots);
      await forgetSlots(slots, providers);
      while (!seats.hasForgotten(epoch, seat.index)) await seats.acknowledgement(ACKNOWLEDGEMENT_CHECK_MS);
      for (const { resolve } of round) resolve();
    }
    running = false;
  };

  return {
    forget: (slot) =>
      new Promise((resolve) => {
        waiting.push({ slot, resolve });
        // In a microtask: releases of one turn share a round.
        if (!running) {
          running = true;
          queueMicrotask(() => void rounds());
        }
      }),
  };
};
