// Secrets between their arrival and the registration of their keys: values of environment variables, in the arena,
// and transferred hand-off buffers. Each is wiped when its key is loaded, or when the vault closes.
import { VaultError } from '../../src/errors.js';
import type { HandoffMessage } from '../../src/wire/protocol.js';

/** Hand-offs that may wait, at most: as many as the largest arena has keys. */
const MAX_HANDOFFS = 1_000_000;

export interface HeldValues {
  /** Keep a copy of `value` in the arena under a variable's name. @throws {VaultError} ERR_SOURCE_TOO_LARGE */
  holdVariable(name: string, value: Uint8Array): void;
  /** Keep, in place of a value, why it could not be kept: the key that names it fails by that. */
  refuseVariable(name: string, error: unknown): void;
  /** The value, or undefined. @throws what was kept in its place. */
  variable(name: string): Uint8Array | undefined;
  dropVariable(name: string): void;
  receive(message: HandoffMessage): void;
  /** Take a hand-off; the caller wipes it. */
  handoff(number: number): Uint8Array | undefined;
  wipe(): void;
}

export const createHeldValues = (area: Uint8Array): HeldValues => {
  const variables = new Map<string, Uint8Array>();
  const refusals = new Map<string, unknown>();
  const handoffs = new Map<number, Uint8Array>();
  let used = 0;

  return {
    holdVariable(name, value) {
      if (used + value.length > area.length) {
        throw new VaultError(
          'ERR_SOURCE_TOO_LARGE',
          `environment variable ${name}: ${value.length} bytes, and only ${area.length - used} of ${area.length} are left for variables`,
        );
      }
      const place = area.subarray(used, used + value.length);
      place.set(value);
      used += value.length;
      variables.set(name, place);
    },
    refuseVariable: (name, error) => void refusals.set(name, error),
    variable(name) {
      if (refusals.has(name)) throw refusals.get(name);
      return variables.get(name);
    },
    dropVariable(name) {
      refusals.delete(name);
      variables.get(name)?.fill(0);
      variables.delete(name);
      if (variables.size === 0) used = 0;
    },
    receive({ handoff, bytes }) {
      const known = handoffs.get(handoff);
      if (known !== undefined || handoffs.size >= MAX_HANDOFFS) {
        new Uint8Array(bytes).fill(0); // a client never reuses a number
        return;
      }
      handoffs.set(handoff, new Uint8Array(bytes));
    },
    handoff(number) {
      const bytes = handoffs.get(number);
      handoffs.delete(number);
      return bytes;
    },
    wipe() {
      area.fill(0);
      for (const bytes of handoffs.values()) bytes.fill(0);
      variables.clear();
      refusals.clear();
      handoffs.clear();
      used = 0;
    },
  };
};
