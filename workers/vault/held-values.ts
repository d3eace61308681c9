// Secrets between their arrival and the registration of their keys: values of environment variables, in the arena,
// and transferred hand-off buffers. Each is wiped when its key is loaded, or when the vault closes. What a sender can
// make the vault keep here is bounded, in number and in bytes.
import { VaultError } from '../../src/errors.js';
import type { HandoffMessage } from '../../src/wire/protocol.js';
import { MAX_HANDOFF } from '../../src/wire/sources.js';
import { MAX_SOURCE_BYTES } from '../../src/wire/types.js';

/** Bytes of all hand-offs that may wait together, at most: a million keys in hexadecimal. */
export const MAX_HANDOFF_BYTES: number = 64 * 1024 * 1024;
/** Hand-offs that may wait beyond the number of keys that the arena has room for: their keys are told that it is full. */
export const SPARE_HANDOFFS = 1024;

/** A hand-off that is made here: a line that is typed. Bytes beyond its length are zero. */
export interface TypedValue {
  readonly number: number;
  readonly place: Uint8Array;
  length: number;
}

export interface HeldValues {
  /** Keep a copy of `value` in the arena under a variable's name. @throws {VaultError} ERR_SOURCE_TOO_LARGE */
  holdVariable(name: string, value: Uint8Array): void;
  /** Keep, in place of a value, why it could not be kept: the key that names it fails by that. */
  refuseVariable(name: string, error: unknown): void;
  /** The value, or undefined. @throws what was kept in its place. */
  variable(name: string): Uint8Array | undefined;
  /** One more call names a variable that is held for another: false if it is not. */
  claimAgain(name: string): boolean;
  /** A call that named the variable has ended. The last one wipes it. */
  dropVariable(name: string): void;
  /** Keep a hand-off, or wipe it at once if it is too large, one too many, or of a number that is taken. */
  receive(message: HandoffMessage): void;
  /** A hand-off, or undefined. It stays until it is dropped. @throws {VaultError} ERR_SOURCE_TOO_LARGE - it was not kept. */
  handoff(number: number, place: string): Uint8Array | undefined;
  dropHandoff(number: number): void;
  /**
   * Room in the arena for a line, empty yet, under a number that no sender has used.
   *
   * @throws {VaultError} ERR_SOURCE_TOO_LARGE
   */
  holdTyped(bytes: number): TypedValue;
  wipe(): void;
}

/** @param maxKeys - as many keys as may be loaded. */
export const createHeldValues = (area: Uint8Array, maxKeys: number): HeldValues => {
  const variables = new Map<string, Uint8Array>();
  /** Calls under way that name a variable which is held. */
  const claims = new Map<string, number>();
  const refusals = new Map<string, unknown>();
  /** Buffers by number; or the length of one that was too large to be kept. */
  const handoffs = new Map<number, Uint8Array | number>();
  /** From the highest number down: senders count from 0 up. */
  const typed = new Map<number, TypedValue>();
  let nextTyped = MAX_HANDOFF;
  let handoffBytes = 0;
  /** A hand-off was wiped because too many waited. */
  let overflowed = false;
  let used = 0;

  const take = (number: number): Uint8Array | number | undefined => {
    const waiting = handoffs.get(number);
    handoffs.delete(number);
    if (typeof waiting === 'object') handoffBytes -= waiting.length;
    return waiting;
  };

  return {
    holdVariable(name, value) {
      if (used + value.length > area.length) {
        throw new VaultError(
          'ERR_SOURCE_TOO_LARGE',
          `environment variable ${name}: ${value.length} bytes, and only ${area.length - used} of ${area.length} are left for variables`,
        );
      }
      const place = area.subarray(used, used + value.length);
      used += value.length;
      variables.set(name, place); // first: what has a name is dropped by it, whatever happens
      claims.set(name, 1);
      place.set(value);
    },
    refuseVariable: (name, error) => void refusals.set(name, error),
    variable(name) {
      if (refusals.has(name)) throw refusals.get(name);
      return variables.get(name);
    },
    claimAgain(name) {
      const count = claims.get(name);
      if (count !== undefined) claims.set(name, count + 1);
      return count !== undefined;
    },
    dropVariable(name) {
      const others = (claims.get(name) ?? 1) - 1;
      if (others > 0) {
        claims.set(name, others);
        return;
      }
      claims.delete(name);
      refusals.delete(name);
      variables.get(name)?.fill(0);
      variables.delete(name);
      if (variables.size + typed.size === 0) used = 0;
    },
    receive({ handoff, bytes }) {
      const value = new Uint8Array(bytes);
      const isKnown = handoffs.has(handoff) || typed.has(handoff); // a client never reuses a number
      const isTooLarge = value.length > MAX_SOURCE_BYTES;
      const isFull =
        handoffs.size >= maxKeys + SPARE_HANDOFFS || (!isTooLarge && handoffBytes + value.length > MAX_HANDOFF_BYTES);
      if (isKnown || isTooLarge || isFull) value.fill(0);
      if (isKnown) return;
      if (isFull) overflowed = true;
      else if (isTooLarge) handoffs.set(handoff, value.length);
      else {
        handoffs.set(handoff, value);
        handoffBytes += value.length;
      }
    },
    handoff(number, place) {
      const line = typed.get(number);
      if (line !== undefined) return line.place.subarray(0, line.length);
      const taken = handoffs.get(number);
      if (typeof taken === 'number') {
        throw new VaultError(
          'ERR_SOURCE_TOO_LARGE',
          `${place}: expected at most ${MAX_SOURCE_BYTES} bytes, got ${taken}`,
        );
      }
      if (taken === undefined && overflowed) {
        throw new VaultError(
          'ERR_SOURCE_TOO_LARGE',
          `${place}: not kept; at most ${maxKeys + SPARE_HANDOFFS} values of ${MAX_HANDOFF_BYTES} bytes together may be handed off at once`,
        );
      }
      return taken;
    },
    dropHandoff(number) {
      const taken = take(number);
      if (typeof taken === 'object') taken.fill(0);
      typed.get(number)?.place.fill(0);
      if (typed.delete(number) && variables.size + typed.size === 0) used = 0;
    },
    holdTyped(bytes) {
      if (used + bytes > area.length) {
        throw new VaultError('ERR_SOURCE_TOO_LARGE', `no room for what is typed: ${area.length - used} bytes are left`);
      }
      const value = { number: nextTyped--, place: area.subarray(used, used + bytes), length: 0 };
      used += bytes;
      typed.set(value.number, value);
      return value;
    },
    wipe() {
      area.fill(0);
      for (const waiting of handoffs.values()) if (typeof waiting === 'object') waiting.fill(0);
      variables.clear();
      claims.clear();
      refusals.clear();
      handoffs.clear();
      typed.clear();
      used = 0;
      handoffBytes = 0;
    },
  };
};
