// Keys from a seed and a path, each type by its own standard. The seed is read where it lies; what is between it and
// the key lies in `scratch` and is wiped. The caller overwrites the stack below when it is done (wipe-stack.ts).
import { VaultError } from '../../src/errors.js';
import { checkPathFor, type KeyPath } from '../../src/wire/path.js';
import type { ExtendedPublicKey, KeyType } from '../../src/wire/types.js';
import { isInRange } from '../providers/range.js';
import { deriveBip32, deriveExtendedPublicKey } from './bip32.js';
import { CHAIN_SCRATCH } from './chain.js';
import { deriveEip2333, EIP2333_SCRATCH } from './eip2333.js';
import { deriveSlip10 } from './slip10.js';
import type { DeriveTools } from './tools.js';

/** Arena memory that each call here takes. */
export const DERIVE_SCRATCH: number = Math.max(CHAIN_SCRATCH, EIP2333_SCRATCH);

const KEY_BYTES = 32;
/** BIP-32 has seeds of 128 bits and more, EIP-2333 of 256. */
const MIN_SEED_BYTES = 16;
const MIN_BLS_SEED_BYTES = 32;

const check = (type: KeyType, seed: Uint8Array, path: KeyPath): void => {
  const least = type === 'bls12-381' ? MIN_BLS_SEED_BYTES : MIN_SEED_BYTES;
  if (seed.length < least) {
    const standard = type === 'bls12-381' ? ' (EIP-2333)' : '';
    throw new VaultError(
      'ERR_KEY_LENGTH',
      `${type} derives from a seed of at least ${least} bytes${standard}, got ${seed.length}`,
    );
  }
  const problem = checkPathFor(type, path);
  if (problem !== undefined) throw new RangeError(problem);
};

const derive = (
  type: KeyType,
  seed: Uint8Array,
  path: KeyPath,
  out: Uint8Array,
  scratch: Uint8Array,
  tools: DeriveTools,
): void => {
  switch (type) {
    case 'secp256k1':
      deriveBip32(seed, path, out, scratch, tools);
      return;
    case 'bls12-381':
      deriveEip2333(seed, path, out, scratch, tools.hashes);
      return;
    case 'ed25519':
    case 'x25519':
      deriveSlip10(type, seed, path, out, scratch, tools.hashes);
      return;
    case 'seed':
      throw new RangeError('a seed is not derived');
  }
};

/**
 * Derive a key from a seed.
 *
 * @param type - of the key; decides the standard.
 * @param seed - arena memory: 16 bytes or more, 32 for bls12-381.
 * @param out - 32 bytes of arena memory, apart from the others, for the secret; zeros when the call throws.
 * @param scratch - DERIVE_SCRATCH bytes of arena memory; wiped.
 * @throws {VaultError} ERR_KEY_LENGTH - the seed is shorter.
 * @throws {VaultError} ERR_KEY_RANGE - a step of the path gives no key; the odds are 1 in 2^127.
 * @throws {RangeError} the path does not fit the type: parsePath gives none that does not.
 * @see BIP-32 (secp256k1), SLIP-0010 (ed25519, x25519), EIP-2333 (bls12-381)
 */
export const deriveSecret = (
  type: KeyType,
  seed: Uint8Array,
  path: KeyPath,
  out: Uint8Array,
  scratch: Uint8Array,
  tools: DeriveTools,
): void => {
  check(type, seed, path);
  if (out.length !== KEY_BYTES) throw new RangeError(`"out" expected ${KEY_BYTES} bytes, got ${out.length}`);
  let done = false;
  try {
    derive(type, seed, path, out, scratch, tools);
    if (!isInRange(type, out)) throw new VaultError('ERR_KEY_RANGE', 'the path gives no key');
    done = true;
  } finally {
    if (!done) out.fill(0);
  }
};

/**
 * The extended public key of a path, for secp256k1.
 *
 * @param seed - arena memory, 16 bytes or more.
 * @param scratch - DERIVE_SCRATCH bytes of arena memory; wiped.
 * @returns public values, in ordinary memory.
 * @throws {VaultError} ERR_KEY_LENGTH - the seed is shorter.
 * @throws {VaultError} ERR_KEY_RANGE - a step of the path gives no key; the odds are 1 in 2^127.
 * @throws {RangeError} the path does not fit secp256k1.
 * @see BIP-32
 */
export const extendedPublicKey = (
  seed: Uint8Array,
  path: KeyPath,
  scratch: Uint8Array,
  tools: DeriveTools,
): ExtendedPublicKey => {
  check('secp256k1', seed, path);
  return deriveExtendedPublicKey(seed, path, scratch, tools);
};
