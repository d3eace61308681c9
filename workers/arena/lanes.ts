// Lanes: where a password lies while a signer thread derives a key from it, and where that key comes to lie. The vault
// fills and wipes them; a task names a lane, and no secret travels. Each attempt at a derivation has a ticket of its own:
// a thread that was given up, and is not quite at its end, writes nothing into a lane that serves another by then.
import { type ArenaLayout, LANE_BYTES, LANE_KEY_BYTES, LANE_PASSWORD_BYTES, LANE_TICKET_BYTES } from './layout.js';

export interface Lane {
  readonly index: number;
  /** 1,024 bytes of room. */
  readonly password: Uint8Array;
  /** 64 bytes of room. */
  readonly key: Uint8Array;
  /** Vault: only the derivation of this number may write the key from now on. */
  setTicket(ticket: number): void;
  hasTicket(ticket: number): boolean;
}

export const openLane = (buffer: SharedArrayBuffer, { lanesOffset }: ArenaLayout, index: number): Lane => {
  const at = lanesOffset + index * LANE_BYTES;
  const words = new Int32Array(buffer, at, 1);
  const passwordAt = at + LANE_TICKET_BYTES;
  return {
    index,
    password: new Uint8Array(buffer, passwordAt, LANE_PASSWORD_BYTES),
    key: new Uint8Array(buffer, passwordAt + LANE_PASSWORD_BYTES, LANE_KEY_BYTES),
    setTicket: (ticket) => void Atomics.store(words, 0, ticket),
    hasTicket: (ticket) => Atomics.load(words, 0) === ticket,
  };
};

/** Whoever still works for the lane is refused. */
export const wipeLane = ({ password, key, setTicket }: Lane): void => {
  setTicket(0);
  password.fill(0);
  key.fill(0);
};
