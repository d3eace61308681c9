// SLIP-0010 for ed25519 and curve25519 (our x25519): hardened steps only, and every node's left half is a key.
import type { KeyPath } from '../../src/wire/path.js';
import { ascii } from '../codec/text.js';
import type { SecretHashes } from '../providers/secret-hashes.js';
import { hashStep, makeChainRoom, setHardenedParent, startChain } from './chain.js';

const CURVES: Readonly<Record<'ed25519' | 'x25519', Uint8Array>> = {
  ed25519: ascii('ed25519 seed'),
  x25519: ascii('curve25519 seed'),
};

/**
 * Derive a key of Curve25519.
 *
 * @param path - hardened steps; the caller has checked that.
 * @param out - 32 bytes, apart from `scratch`.
 * @param scratch - CHAIN_SCRATCH bytes of arena memory; wiped.
 * @see SLIP-0010
 */
export const deriveSlip10 = (
  type: 'ed25519' | 'x25519',
  seed: Uint8Array,
  path: KeyPath,
  out: Uint8Array,
  scratch: Uint8Array,
  hashes: SecretHashes,
): void => {
  const room = makeChainRoom(scratch);
  try {
    startChain(room, CURVES[type], seed, hashes);
    for (const index of path) {
      setHardenedParent(room);
      hashStep(room, index, hashes);
      room.node.set(room.next);
    }
    out.set(room.secret);
  } finally {
    room.used.fill(0);
  }
};
