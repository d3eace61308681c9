// Keys derived from passwords: the work is done by the signer threads, as many at once as the memory that they may
// take together allows. The password and the derived key lie in a lane of the arena, for the length of one derivation.
import { type ErrorRecord, fromErrorRecord, VaultError } from '../../src/errors.js';
import { type Lane, openLane, wipeLane } from '../arena/lanes.js';
import type { ArenaLayout } from '../arena/layout.js';
import { checkCost, memoryOf } from '../kdf/cost.js';
import type { KdfLimits, KdfRequest } from '../kdf/request.js';
import type { SignerPool } from './signer-pool.js';

/** Signers that may die under one derivation: each of its own makes others wait. */
const MAX_ATTEMPTS = 3;
const MAX_TICKET = 0x7fff_ffff;

export interface PasswordKeys {
  /**
   * Derive a key from a password, and use it.
   *
   * @param request - within the limits.
   * @param length - bytes of the key, at most 64.
   * @param writePassword - writes the password to the start of 1,024 bytes of arena memory, and tells its length.
   * @param use - what the key is for; it is wiped when this is done. One that derives another key meanwhile holds a lane:
   *   there are two at least, so only one such may be under way.
   * @throws {VaultError} ERR_KDF_COST - more than the limits, before anything is read. ERR_SIGNER_FAILED.
   */
  derive<T>(
    request: KdfRequest,
    length: number,
    place: string,
    writePassword: (room: Uint8Array) => number,
    use: (key: Uint8Array) => T | Promise<T>,
  ): Promise<T>;
  /** @throws {VaultError} ERR_KDF_COST */
  check(request: KdfRequest, place: string): void;
}

export const createPasswordKeys = (
  pool: SignerPool,
  buffer: SharedArrayBuffer,
  layout: ArenaLayout,
  limits: KdfLimits,
): PasswordKeys => {
  const free: Lane[] = Array.from({ length: layout.laneCount }, (_, index) => openLane(buffer, layout, index));
  let memoryUsed = 0;
  /** Whoever waits for a lane or for memory, in order. */
  const waiting: (() => void)[] = [];

  const take = (memory: number): Lane | undefined => {
    if (memoryUsed + memory > limits.maxMemory) return undefined;
    const lane = free.pop();
    if (lane !== undefined) memoryUsed += memory;
    return lane;
  };

  /** One after another: a derivation that needs much memory is not passed for ever by those that need little. */
  let turn: Promise<unknown> = Promise.resolve();
  const acquire = (memory: number): Promise<Lane> => {
    const mine = turn.then(async () => {
      for (;;) {
        const lane = take(memory);
        if (lane !== undefined) return lane;
        await new Promise<void>((resolve) => void waiting.push(resolve));
      }
    });
    turn = mine;
    return mine;
  };

  const wake = (): void => {
    for (const each of waiting.splice(0)) each();
  };

  const releaseMemory = (memory: number): void => {
    memoryUsed -= memory;
    wake();
  };

  const releaseLane = (lane: Lane): void => {
    wipeLane(lane);
    free.push(lane);
    wake();
  };

  let tickets = 0;
  /** @throws what the derivation failed by. */
  const run = async (request: KdfRequest, lane: Lane, passwordLength: number, keyLength: number): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      tickets = (tickets % MAX_TICKET) + 1;
      const ticket = tickets;
      lane.setTicket(ticket);
      let failure: ErrorRecord | undefined;
      try {
        failure = await pool.derive({ request, lane: lane.index, ticket, passwordLength, keyLength });
      } catch (error) {
        if (error instanceof VaultError) throw error;
        if (attempt < MAX_ATTEMPTS) continue;
        throw new VaultError('ERR_SIGNER_FAILED', 'the signer threads failed in the key derivation');
      }
      if (failure !== undefined) throw fromErrorRecord(failure);
      return;
    }
  };

  return {
    check: (request, place) => checkCost(request, limits, place),
    async derive(request, length, place, writePassword, use) {
      checkCost(request, limits, place);
      const memory = memoryOf(request);
      const lane = await acquire(memory);
      try {
        try {
          await run(request, lane, writePassword(lane.password), length);
        } finally {
          releaseMemory(memory);
        }
        return await use(lane.key.subarray(0, length));
      } finally {
        releaseLane(lane);
      }
    },
  };
};
