// EIP-2333: the tree of BLS12-381 keys. The Lamport key of a step, 510 secrets of 32 bytes, is never whole in memory: each
// is hashed as soon as it is made. No BigInt and no object of blst, whose freed memory keeps what was in it.
import type { KeyPath } from '../../src/wire/path.js';
import { ascii } from '../codec/text.js';
import { isZero, reduceWide } from '../providers/range.js';
import { HKDF_SHA256_SCRATCH, type SecretHashes, SHA256_STATE_ROOM } from '../providers/secret-hashes.js';

const SECRET_BYTES = 32;
const LAMPORT_SECRETS = 255; // in each of the two halves
/** L of hkdf_mod_r for 255-bit orders, and key_info ‖ I2OSP(L, 2) with an empty key_info. */
const OKM_BYTES = 48;
const OKM_INFO: Uint8Array = Uint8Array.of(0, OKM_BYTES);
const ZERO: Uint8Array = Uint8Array.of(0);
const SALT: Uint8Array = ascii('BLS-SIG-KEYGEN-SALT-');
/** Hashes of Lamport secrets that are gathered before they are hashed together: one call in place of eight. */
const ROW_HASHES = 8;

/** HKDF's room, a hash state, a row of hashes, salt, PRK, OKM, and the current key with its complement: 776 bytes. */
export const EIP2333_SCRATCH: number =
  HKDF_SHA256_SCRATCH + SHA256_STATE_ROOM + (ROW_HASHES + 4) * SECRET_BYTES + OKM_BYTES + 8;

interface Room {
  readonly used: Uint8Array;
  readonly hkdf: Uint8Array;
  readonly state: Uint8Array;
  readonly row: Uint8Array;
  readonly rowHashes: readonly Uint8Array[];
  readonly salt: Uint8Array;
  readonly prk: Uint8Array;
  /** The current key of the tree. */
  readonly secret: Uint8Array;
  /** Its complement, then the compressed Lamport key. */
  readonly material: Uint8Array;
  readonly okm: Uint8Array;
}

const makeRoom = (scratch: Uint8Array): Room => {
  if (scratch.length < EIP2333_SCRATCH) {
    throw new RangeError(`"scratch" expected at least ${EIP2333_SCRATCH} bytes, got ${scratch.length}`);
  }
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return scratch.subarray(at - length, at);
  };
  const hkdf = take(HKDF_SHA256_SCRATCH);
  const state = take(SHA256_STATE_ROOM);
  const row = take(ROW_HASHES * SECRET_BYTES);
  return {
    used: scratch.subarray(0, EIP2333_SCRATCH),
    hkdf,
    state,
    row,
    rowHashes: Array.from({ length: ROW_HASHES }, (_, i) => row.subarray(i * SECRET_BYTES, (i + 1) * SECRET_BYTES)),
    salt: take(SECRET_BYTES),
    prk: take(SECRET_BYTES),
    secret: take(SECRET_BYTES),
    material: take(SECRET_BYTES),
    okm: take(OKM_BYTES),
  };
};

/** hkdf_mod_r: the current key of the room, from its key material. */
const hkdfModR = (room: Room, material: Uint8Array, hashes: SecretHashes): void => {
  const { salt, prk, okm, secret, hkdf } = room;
  hashes.sha256.hash(SALT, salt);
  for (;;) {
    hashes.hmacSha256(salt, [material, ZERO], prk, hkdf);
    hashes.expandSha256(prk, OKM_INFO, okm, hkdf);
    reduceWide(okm);
    secret.set(okm.subarray(0, SECRET_BYTES));
    if (!isZero(secret)) return;
    hashes.sha256.hash(salt, salt);
  }
};

/** parent_SK_to_lamport_PK, and the child from that: the current key of the room becomes its child. */
const descend = (room: Room, index: number, hashes: SecretHashes): void => {
  const { prk, secret, material, hkdf, state, row, rowHashes } = room;
  const salt = Uint8Array.of(index >>> 24, index >>> 16, index >>> 8, index);
  const compressed = hashes.sha256.start(state);

  /** The hashes of the Lamport secrets of one half go into the compressed key, a row at a time. */
  const addHalf = (material: Uint8Array): void => {
    hashes.hmacSha256(salt, [material], prk, hkdf);
    hashes.expandBlocksSha256(prk, LAMPORT_SECRETS, hkdf, (block, i) => {
      const column = i % ROW_HASHES;
      hashes.sha256.hash(block, rowHashes[column]!);
      if (column === ROW_HASHES - 1) compressed.update(row);
      else if (i === LAMPORT_SECRETS - 1) compressed.update(row.subarray(0, (column + 1) * SECRET_BYTES));
    });
  };

  addHalf(secret);
  for (let i = 0; i < SECRET_BYTES; i++) material[i] = ~secret[i]!;
  addHalf(material);
  compressed.finish(material);
  hkdfModR(room, material, hashes);
};

/**
 * Derive a BLS12-381 key.
 *
 * @param seed - at least 32 bytes; the caller has checked that.
 * @param out - 32 bytes, apart from `scratch`.
 * @param scratch - EIP2333_SCRATCH bytes of arena memory; wiped.
 * @see EIP-2333
 */
export const deriveEip2333 = (
  seed: Uint8Array,
  path: KeyPath,
  out: Uint8Array,
  scratch: Uint8Array,
  hashes: SecretHashes,
): void => {
  const room = makeRoom(scratch);
  try {
    hkdfModR(room, seed, hashes);
    for (const index of path) descend(room, index, hashes);
    out.set(room.secret);
  } finally {
    room.used.fill(0);
  }
};
