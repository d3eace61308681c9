// The nonces of signatures, computed back from signature and key: whoever finds one in memory has the key.
import { createHash } from 'node:crypto';
import { fromBigInt, reversed, toBigInt } from './scanner/derived.js';

const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (value: bigint, modulus: bigint): bigint => ((value % modulus) + modulus) % modulus;

const power = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  let [result, square] = [1n, mod(base, modulus)];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
};

const hash = (name: 'sha256' | 'sha512', ...parts: readonly Uint8Array[]): Uint8Array => {
  const state = createHash(name);
  for (const part of parts) state.update(part);
  return state.digest();
};

/** What one signature was made with. */
export interface Signed {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const inBothSigns = (k: bigint): Uint8Array[] => [fromBigInt(k, 32), fromBigInt(N - k, 32)];

/** k = (z + r·d)/s, or its negative where s was made low. RFC 6979, SEC 1 §4.1.3. */
const ecdsa = ({ secret, message, signature }: Signed): Uint8Array[] => {
  const [r, s] = [toBigInt(signature.subarray(0, 32)), toBigInt(signature.subarray(32, 64))];
  return inBothSigns(mod((toBigInt(message) + r * toBigInt(secret)) * power(s, N - 2n, N), N));
};

/** k = s - e·d, of even y; the other is the one that was drawn. BIP-340. */
const schnorr = ({ secret, publicKey, message, signature }: Signed): Uint8Array[] => {
  const tag = hash('sha256', new TextEncoder().encode('BIP0340/challenge'));
  const e = toBigInt(hash('sha256', tag, tag, signature.subarray(0, 32), publicKey.subarray(1), message));
  const d = publicKey[0] === 3 ? N - toBigInt(secret) : toBigInt(secret);
  return inBothSigns(mod(toBigInt(signature.subarray(32)) - e * d, N));
};

/** r as the hash that it is, in its two halves, and reduced. RFC 8032 §5.1.6. */
const ed25519 = ({ secret, message }: Signed): Uint8Array[] => {
  const wide = hash('sha512', hash('sha512', secret).subarray(32), message);
  const r = mod(toBigInt(reversed(wide)), L);
  return [reversed(fromBigInt(r, 32)), wide.subarray(0, 32), wide.subarray(32)];
};

export const NONCES_OF: Readonly<Record<string, (signed: Signed) => Uint8Array[]>> = {
  ed25519,
  ecdsa,
  'ecdsa-recoverable': ecdsa,
  schnorr,
};
