// What the vault is compared with beside bare loops: other ways to sign from a node program. A peer is opened for one
// scheme, with the run's key, and may take part in several ways. What the machine has not is absent, with a reason.
import type { Scheme } from 'strongroom';
import type { CheckedKey, Keep } from '../check.js';
import { closedLoop } from '../load.js';
import type { Messages } from '../messages.js';

export interface Terms {
  readonly scheme: Scheme;
  /** The run's key of the scheme's type. */
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly messages: Messages;
  /** Threads, where a peer may have as many as it likes; and calls in flight, where it takes several. */
  readonly threads: number;
  readonly inFlight: number;
}

/** One way in which a peer takes part: a row. */
export interface PeerEntry {
  readonly label: string;
  /** Whose signatures these are, where it is not the run's key: of another curve, and not to be compared. */
  readonly otherKey?: CheckedKey;
  /** Run for about this long. Returns signatures per second. */
  run(seconds: number, keep: Keep): number | Promise<number>;
}

export interface OpenPeer {
  readonly entries: readonly PeerEntry[];
  /** End what was started for it, and leave nothing behind. */
  close(): Promise<void>;
}

export interface AbsentPeer {
  /** What is missing: a clause. */
  readonly absent: string;
}

export interface Peer {
  readonly name: string;
  readonly schemes: readonly Scheme[];
  /** Only with --full. */
  readonly full?: true;
  open(terms: Terms): OpenPeer | AbsentPeer | Promise<OpenPeer | AbsentPeer>;
}

export const ALL_SCHEMES: readonly Scheme[] = ['ed25519', 'ecdsa', 'ecdsa-recoverable', 'schnorr', 'bls12-381'];

/** For a peer that has nothing to end. */
export const nothingToClose = (): Promise<void> => Promise.resolve();

/** Several calls in flight; its label says how many. */
export const concurrentEntry = (
  label: (inFlight: string) => string,
  inFlight: number,
  messages: readonly Uint8Array[],
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): PeerEntry => ({
  label: label(inFlight.toLocaleString('en-US')),
  run: (seconds, keep) => closedLoop({ inFlight, seconds, keep, start: (i) => sign(messages[i % messages.length]!) }),
});

const REASON_LENGTH = 200;

/** What an error says, on one line and no longer than is read: it becomes a reason. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, REASON_LENGTH);

/** Open a peer; one that cannot be opened is absent, and its reason is what it said. */
export const openPeer = async (peer: Peer, terms: Terms): Promise<OpenPeer | AbsentPeer> => {
  try {
    return await peer.open(terms);
  } catch (error) {
    return { absent: reasonOf(error) };
  }
};
