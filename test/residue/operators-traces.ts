// What lies between a key and what an operator answers: as good as the key for one peer, box or message.
import { x25519 } from '@noble/curves/ed25519.js';
import { boxNonce, hsalsaOf } from '../operators/rig.js';
import { reversed, toBigInt } from './scanner/derived.js';
import { hmacOf, hmacTraces, type Trace } from './scanner/traces.js';

/** Little-endian limbs of a number, each in a word of 8 bytes: as C libraries keep field elements. */
const limbs = (value: bigint, bits: bigint): Uint8Array => {
  const made = BigUint64Array.from({ length: 5 }, (_, i) => (value >> (bits * BigInt(i))) & ((1n << bits) - 1n));
  return new Uint8Array(made.buffer);
};

/**
 * Everything between an agreement and the key that HKDF-SHA256 makes of it, without a salt.
 *
 * @param shared - 32 bytes (x25519), or the compressed point of 33 (secp256k1).
 */
export const agreementTraces = (type: 'x25519' | 'secp256k1', shared: Uint8Array): Trace[] => {
  const x = type === 'x25519' ? toBigInt(reversed(shared)) : toBigInt(shared.subarray(1));
  const prk = hmacOf('sha256', new Uint8Array(32), shared);
  return [
    { name: `shared secret of ${type}`, type: 'number', bytes: shared.slice(-32) },
    { name: `shared secret of ${type}, limbs`, type: 'layout', bytes: limbs(x, type === 'x25519' ? 51n : 52n) },
    { name: `PRK of ${type}`, type: 'number', bytes: prk },
    ...hmacTraces(`PRK of ${type}`, prk, 'sha256'),
  ];
};

/** The keys of a sealed box: of the two keys, and of that and the nonce. */
export const boxTraces = (secret: Uint8Array, sealed: Uint8Array): Trace[] => {
  const once = sealed.slice(0, 32);
  const shared = x25519.getSharedSecret(secret, once);
  const key = hsalsaOf(shared, new Uint8Array(16));
  return [
    { name: 'shared secret of a box', type: 'number', bytes: shared },
    { name: 'shared secret of a box, limbs', type: 'layout', bytes: limbs(toBigInt(reversed(shared)), 51n) },
    { name: 'key of a box', type: 'number', bytes: key },
    {
      name: 'subkey of a box',
      type: 'number',
      bytes: hsalsaOf(key, boxNonce(once, x25519.getPublicKey(secret)).subarray(0, 16)),
    },
  ];
};
