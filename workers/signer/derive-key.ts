// One key derivation from a password, in a signer thread: from a lane of the arena to the same lane.
import { type ErrorRecord, toErrorRecord } from '../../src/errors.js';
import { openLane } from '../arena/lanes.js';
import type { ArenaLayout } from '../arena/layout.js';
import type { Kdfs } from '../kdf/derive.js';
import type { KdfRequest } from '../kdf/request.js';

/** Public: what the file says that the password opens, and where the password lies. */
export interface DeriveTask {
  readonly request: KdfRequest;
  readonly lane: number;
  /** Names the attempt. Not 0. */
  readonly ticket: number;
  readonly passwordLength: number;
  readonly keyLength: number;
}

/**
 * @param scratch - arena memory of this thread; wiped.
 * @returns why there is no key; undefined for success. An error that was thrown would lose its code on its way.
 */
export const deriveInLane = (
  { request, lane, ticket, passwordLength, keyLength }: DeriveTask,
  buffer: SharedArrayBuffer,
  layout: ArenaLayout,
  scratch: Uint8Array,
  kdfs: Kdfs,
): ErrorRecord | undefined => {
  const { password, key, hasTicket } = openLane(buffer, layout, lane);
  const derived = scratch.subarray(0, keyLength);
  try {
    kdfs.deriveFromPassword(request, password.subarray(0, passwordLength), derived);
    if (hasTicket(ticket)) key.set(derived);
    return undefined;
  } catch (error) {
    return toErrorRecord(error);
  } finally {
    derived.fill(0);
  }
};
