// Agreement over libsodium and libsecp256k1: secrets are read in their slots, and what comes out is written into the
// arena. Both multiply in constant time. libsecp256k1 leaves the scalar and the product on the stack, which the caller
// overwrites after its batch (wipe-stack.ts); libsodium was seen to leave nothing.
import { type Agreement, isPointEncoding } from '../agree.js';
import { isZero } from '../range.js';
import type { Secp256k1, Sodium } from './load.js';

const X25519_BYTES = 32;
const POINT_BYTES = 33;

export const createNativeX25519Agreement = (sodium: Sodium): Agreement => ({
  name: 'native',
  keyType: 'x25519',
  sharedBytes: X25519_BYTES,

  agree(secret, peer, shared) {
    if (peer.length !== X25519_BYTES) return false;
    try {
      sodium.crypto_scalarmult(shared, secret, peer);
      return !isZero(shared);
    } catch {
      shared.fill(0); // a point of low order
      return false;
    }
  },
});

export const createNativeSecp256k1Agreement = (secp256k1: Secp256k1): Agreement => {
  // The binding copies what this function answers into memory that it does not zero: nothing.
  const nothing = new Uint8Array(0);
  const hashfn = (): Uint8Array => nothing;
  return {
    name: 'native',
    keyType: 'secp256k1',
    sharedBytes: POINT_BYTES,

    agree(secret, peer, shared, scratch) {
      if (!isPointEncoding(peer)) return false;
      const y = scratch.subarray(0, 32);
      try {
        secp256k1.ecdh(peer, secret, { hashfn, xbuf: shared.subarray(1, POINT_BYTES), ybuf: y }, nothing);
        shared[0] = 2 | (y[31]! & 1);
        return true;
      } catch {
        shared.fill(0); // not a point of the curve
        return false;
      } finally {
        y.fill(0);
      }
    },
  };
};
