// The HMAC chain that BIP-32 and SLIP-0010 share. A node is a secret with its chain code behind it, as HMAC-SHA-512
// writes them; the next one is the HMAC, under the chain code, of the parent and the index.
import { HMAC_SHA512_SCRATCH, type SecretHashes } from '../providers/secret-hashes.js';

const SECRET_BYTES = 32;
const NODE_BYTES = 64;
/** A zero byte and the secret, or a compressed public key; then the index. */
const MESSAGE_BYTES = 1 + SECRET_BYTES + 4;

/** HMAC's room, two nodes and a message: 568 bytes, the last rounded up. */
export const CHAIN_SCRATCH: number = HMAC_SHA512_SCRATCH + 2 * NODE_BYTES + 40;

/** Views over one stretch of arena memory. */
export interface ChainRoom {
  /** All of it. Who made the room wipes it. */
  readonly used: Uint8Array;
  readonly secret: Uint8Array;
  readonly chainCode: Uint8Array;
  readonly nextSecret: Uint8Array;
  readonly nextChainCode: Uint8Array;
  /** The 33 bytes of the message that precede the index. */
  readonly parent: Uint8Array;
  readonly next: Uint8Array;
  readonly node: Uint8Array;
  readonly message: Uint8Array;
  readonly hmac: Uint8Array;
}

/** @throws {RangeError} `scratch` has fewer than CHAIN_SCRATCH bytes. */
export const makeChainRoom = (scratch: Uint8Array): ChainRoom => {
  if (scratch.length < CHAIN_SCRATCH) {
    throw new RangeError(`"scratch" expected at least ${CHAIN_SCRATCH} bytes, got ${scratch.length}`);
  }
  const view = (from: number, length: number): Uint8Array => scratch.subarray(from, from + length);
  const nodeAt = HMAC_SHA512_SCRATCH;
  const nextAt = nodeAt + NODE_BYTES;
  const messageAt = nextAt + NODE_BYTES;
  return {
    used: view(0, CHAIN_SCRATCH),
    secret: view(nodeAt, SECRET_BYTES),
    chainCode: view(nodeAt + SECRET_BYTES, SECRET_BYTES),
    nextSecret: view(nextAt, SECRET_BYTES),
    nextChainCode: view(nextAt + SECRET_BYTES, SECRET_BYTES),
    parent: view(messageAt, 1 + SECRET_BYTES),
    next: view(nextAt, NODE_BYTES),
    node: view(nodeAt, NODE_BYTES),
    message: view(messageAt, MESSAGE_BYTES),
    hmac: view(0, HMAC_SHA512_SCRATCH),
  };
};

/** The master node: HMAC-SHA-512 of the seed under the curve's name. */
export const startChain = (room: ChainRoom, curve: Uint8Array, seed: Uint8Array, hashes: SecretHashes): void =>
  hashes.hmacSha512(curve, [seed], room.node, room.hmac);

/** The parent of a hardened step: a zero byte and the secret. */
export const setHardenedParent = ({ parent, secret }: ChainRoom): void => {
  parent[0] = 0;
  parent.set(secret, 1);
};

/** `next` = HMAC of the parent and the index. It is no node yet: BIP-32 adds the parent's secret. */
export const hashStep = (room: ChainRoom, index: number, hashes: SecretHashes): void => {
  const { message, parent, chainCode, next, hmac } = room;
  for (let i = 0; i < 4; i++) message[parent.length + i] = index >>> (24 - 8 * i);
  hashes.hmacSha512(chainCode, [message], next, hmac);
};
