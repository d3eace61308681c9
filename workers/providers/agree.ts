// Agreeing on a secret with another side's public key: what a library does of it. Every caller derives keys from what
// comes out, but for those whose key's policy allows the raw secret itself.
import type { KeyType, ProviderName } from '../../src/wire/types.js';

export interface Agreement {
  readonly name: ProviderName;
  readonly keyType: KeyType;
  /** 32: the x25519 coordinate; 33: the secp256k1 point, compressed. */
  readonly sharedBytes: number;
  /**
   * Multiply the other side's point by a secret.
   *
   * x25519: any 32 bytes are a peer but those that lead to zero; the top bit and numbers that are not below the prime are
   * taken as RFC 7748 §5 says. secp256k1: a point of the curve, of 33 bytes or 65; "hybrid" encodings are refused.
   *
   * @param secret - 32 bytes in the arena. @param peer - public; ordinary memory.
   * @param shared - `sharedBytes` of the arena; zeroed when the answer is false.
   * @param scratch - 32 bytes of the arena; wiped.
   * @returns false if the peer is malformed, not on the curve, or of low order.
   * @see RFC 7748 §6.1, SEC 1 §3.3.1
   */
  agree(secret: Uint8Array, peer: Uint8Array, shared: Uint8Array, scratch: Uint8Array): boolean;
}

const COMPRESSED = 33;
const UNCOMPRESSED = 65;

/** Whether bytes begin and end as a point of secp256k1 does in SEC 1 §2.3.3; not whether it is one. */
export const isPointEncoding = (peer: Uint8Array): boolean =>
  (peer.length === COMPRESSED && (peer[0] === 2 || peer[0] === 3)) || (peer.length === UNCOMPRESSED && peer[0] === 4);
