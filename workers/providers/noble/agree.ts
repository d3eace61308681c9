// Agreement over noble, which computes with BigInts that cannot be wiped: this provider cannot promise that nothing of a
// used key, or of what was agreed on, stays in the process.
import { x25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { type Agreement, isPointEncoding } from '../agree.js';

/** Move what the library made into the arena. */
const put = (made: Uint8Array, shared: Uint8Array): void => {
  shared.set(made);
  made.fill(0);
};

export const nobleX25519Agreement: Agreement = {
  name: 'noble',
  keyType: 'x25519',
  sharedBytes: 32,

  agree(secret, peer, shared) {
    try {
      put(x25519.getSharedSecret(secret, peer), shared);
      return true;
    } catch {
      return false; // another length, or a point of low order
    }
  },
};

export const nobleSecp256k1Agreement: Agreement = {
  name: 'noble',
  keyType: 'secp256k1',
  sharedBytes: 33,

  agree(secret, peer, shared) {
    if (!isPointEncoding(peer)) return false;
    try {
      put(secp256k1.getSharedSecret(secret, peer, true), shared);
      return true;
    } catch {
      return false; // not a point of the curve
    }
  },
};
