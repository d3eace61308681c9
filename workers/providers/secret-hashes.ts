// Hashes of secrets: what they are, and the room that they need. native/ and noble/ provide SHA-2, compose-hashes.ts
// makes HMAC, HKDF and PBKDF2 of it. Keys, messages and results are views that the caller gives; everything between them
// lies in `scratch`, which each call wipes. Public messages are hashed by hashes.ts.
import type { ProviderName } from '../../src/wire/types.js';

/** A hash of a message in parts. Its state lies where it was started; `finish` leaves zeros there. */
export interface RunningHash {
  update(part: Uint8Array): void;
  finish(digest: Uint8Array): void;
}

/** What a library provides of one function. All of it works on views over the arena. */
export interface HashFunction {
  readonly digestBytes: number;
  readonly blockBytes: number;
  /** Bytes that {@link HashFunction.start} takes of its room. */
  readonly stateBytes: number;
  /** The digest of a whole message; the two may overlap. */
  hash(message: Uint8Array, digest: Uint8Array): void;
  /** Begin a hash in the first `stateBytes` of `room`. Who does not finish it wipes the room. */
  start(room: Uint8Array): RunningHash;
}

export interface SecretHashes {
  readonly name: ProviderName;
  readonly sha256: HashFunction;
  readonly sha512: HashFunction;

  /**
   * HMAC-SHA-256 of the concatenated parts, and HKDF's Extract with the salt as key.
   *
   * @param mac - 32 bytes; may overlap the key or a part.
   * @param scratch - HMAC_SHA256_SCRATCH bytes; wiped.
   * @see RFC 2104, RFC 5869 §2.2
   */
  hmacSha256(key: Uint8Array, parts: readonly Uint8Array[], mac: Uint8Array, scratch: Uint8Array): void;

  /**
   * HMAC-SHA-512 of the concatenated parts.
   *
   * @param mac - 64 bytes; may overlap the key or a part.
   * @param scratch - HMAC_SHA512_SCRATCH bytes; wiped.
   * @see RFC 2104
   */
  hmacSha512(key: Uint8Array, parts: readonly Uint8Array[], mac: Uint8Array, scratch: Uint8Array): void;

  /**
   * HKDF-Expand over SHA-256.
   *
   * @param info - public.
   * @param okm - 1 to 8160 bytes, apart from `prk`.
   * @param scratch - HKDF_SHA256_SCRATCH bytes; wiped.
   * @throws {RangeError} `okm` is longer.
   * @see RFC 5869 §2.3
   */
  expandSha256(prk: Uint8Array, info: Uint8Array, okm: Uint8Array, scratch: Uint8Array): void;

  /**
   * HKDF-Expand over SHA-256 with an empty info, one block after the other: for long output that need not be kept.
   *
   * @param count - blocks of 32 bytes, 1 to 255.
   * @param scratch - HKDF_SHA256_SCRATCH bytes; wiped, also when `onBlock` throws.
   * @param onBlock - is given each block, in one view over the scratch; must leave its bytes as they are.
   * @throws {RangeError} `count` is larger.
   * @see RFC 5869 §2.3
   */
  expandBlocksSha256(
    prk: Uint8Array,
    count: number,
    scratch: Uint8Array,
    onBlock: (block: Uint8Array, index: number) => void,
  ): void;

  /**
   * PBKDF2 with HMAC-SHA-512, one block of it.
   *
   * @param salt - its parts, concatenated.
   * @param key - 64 bytes, apart from the others.
   * @param scratch - PBKDF2_SHA512_SCRATCH bytes; wiped.
   * @see RFC 8018 §5.2
   */
  pbkdf2Sha512(
    password: Uint8Array,
    salt: readonly Uint8Array[],
    iterations: number,
    key: Uint8Array,
    scratch: Uint8Array,
  ): void;
}

export const SHA256_DIGEST = 32;
export const SHA256_BLOCK = 64;
export const SHA512_DIGEST = 64;
export const SHA512_BLOCK = 128;

/** Room for the states of a hash in parts: libsodium's take 104 and 208 bytes. */
export const SHA256_STATE_ROOM = 104;
export const SHA512_STATE_ROOM = 208;

export const HMAC_SHA256_SCRATCH: number = SHA256_STATE_ROOM + SHA256_BLOCK + SHA256_DIGEST; // 200
export const HMAC_SHA512_SCRATCH: number = SHA512_STATE_ROOM + SHA512_BLOCK + SHA512_DIGEST; // 400
/** Two padded keys, each with the digest that is hashed behind it, and a counter; or one HMAC and one block. */
export const HKDF_SHA256_SCRATCH: number = HMAC_SHA256_SCRATCH + SHA256_DIGEST; // 232
/** Two padded keys, each with the digest that is hashed behind it, and the first block's HMAC. */
export const PBKDF2_SHA512_SCRATCH: number = 2 * (SHA512_BLOCK + SHA512_DIGEST) + HMAC_SHA512_SCRATCH; // 784
