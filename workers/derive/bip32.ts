// BIP-32: secp256k1 keys and extended public keys from a seed. Secrets are added modulo the group's order by our own
// constant-time arithmetic, in place. Only public values leave: there is no extended private key here.
import { VaultError } from '../../src/errors.js';
import { HARDENED, type KeyPath } from '../../src/wire/path.js';
import type { ExtendedPublicKey } from '../../src/wire/types.js';
import { ascii } from '../codec/text.js';
import { addModulo, isInRange, isZero, SECP256K1_ORDER } from '../providers/range.js';
import { type ChainRoom, hashStep, makeChainRoom, setHardenedParent, startChain } from './chain.js';
import { encodeExtendedKey, fingerprintOf } from './extended-key.js';
import type { DeriveTools } from './tools.js';

const CURVE = ascii('Bitcoin seed');
const PUBLIC_KEY_BYTES = 33;

const start = (room: ChainRoom, seed: Uint8Array, { hashes }: DeriveTools): void => {
  startChain(room, CURVE, seed, hashes);
  if (!isInRange('secp256k1', room.secret)) {
    throw new VaultError('ERR_KEY_RANGE', 'the seed has no master key (BIP-32); take another seed');
  }
};

/** One step down: the node becomes its child. The odds of a child without a key are 1 in 2^127. */
const descend = (room: ChainRoom, index: number, step: number, { hashes, publicKeyOf }: DeriveTools): void => {
  const { secret, nextSecret, parent } = room;
  if (index >= HARDENED) setHardenedParent(room);
  else publicKeyOf(secret, parent);
  hashStep(room, index, hashes);
  // Zero is in BIP-32's range of the tweak: the child then has its parent's secret.
  const isTweak = isZero(nextSecret) || isInRange('secp256k1', nextSecret);
  if (isTweak) addModulo(nextSecret, secret, SECP256K1_ORDER);
  if (!isTweak || isZero(nextSecret)) {
    throw new VaultError('ERR_KEY_RANGE', `step ${step} of the path gives no key (BIP-32); take the next index`);
  }
  room.node.set(room.next);
};

/**
 * Derive a secp256k1 key.
 *
 * @param out - 32 bytes, apart from `scratch`.
 * @param scratch - CHAIN_SCRATCH bytes of arena memory; wiped.
 * @throws {VaultError} ERR_KEY_RANGE - a step gives no key.
 * @see BIP-32, "Private parent key → private child key"
 */
export const deriveBip32 = (
  seed: Uint8Array,
  path: KeyPath,
  out: Uint8Array,
  scratch: Uint8Array,
  tools: DeriveTools,
): void => {
  const room = makeChainRoom(scratch);
  try {
    start(room, seed, tools);
    for (const [at, index] of path.entries()) descend(room, index, at + 1, tools);
    out.set(room.secret);
  } finally {
    room.used.fill(0);
  }
};

/**
 * The extended public key of a path: whoever has it derives the public keys of all normal steps below, and with one of
 * their secrets would have all of these.
 *
 * @param scratch - CHAIN_SCRATCH bytes of arena memory; wiped.
 * @returns public values in ordinary memory.
 * @throws {VaultError} ERR_KEY_RANGE - a step gives no key.
 * @see BIP-32, "Serialization format"
 */
export const deriveExtendedPublicKey = (
  seed: Uint8Array,
  path: KeyPath,
  scratch: Uint8Array,
  tools: DeriveTools,
): ExtendedPublicKey => {
  const room = makeChainRoom(scratch);
  const publicKey = new Uint8Array(PUBLIC_KEY_BYTES);
  let parentFingerprint = new Uint8Array(4);
  try {
    start(room, seed, tools);
    for (const [at, index] of path.entries()) {
      if (at === path.length - 1) {
        tools.publicKeyOf(room.secret, publicKey);
        parentFingerprint = fingerprintOf(publicKey);
      }
      descend(room, index, at + 1, tools);
    }
    tools.publicKeyOf(room.secret, publicKey);
    const fields = {
      publicKey,
      chainCode: Uint8Array.from(room.chainCode),
      depth: path.length,
      parentFingerprint,
      index: path.at(-1) ?? 0,
    };
    return { ...fields, xpub: encodeExtendedKey(fields) };
  } finally {
    room.used.fill(0);
  }
};
