// BIP-340 Schnorr signatures, composed from libsecp256k1's and libsodium's primitives: neither package has them. The
// intermediate secrets d, t and k and the hash state that has taken t in live in `scratch` only, and are wiped.
import { SIGNATURE_BYTES } from '../../../src/wire/types.js';
import type { SlotView } from '../../arena/slots.js';
import { isInRange, isZero, reduceOnce, SECP256K1_ORDER } from '../range.js';
import { checkAuxRand, checkRoom } from '../refuse.js';
import type { Secp256k1, Sodium } from './load.js';

export interface Bip340 {
  /** Writes 64 bytes into `signature`. The slot's public key (compressed) must be the secret's. */
  sign(
    view: SlotView,
    message: Uint8Array,
    signature: Uint8Array,
    scratch: Uint8Array,
    auxRand: Uint8Array | undefined,
  ): void;
  /** For a compressed public key, of which BIP-340 takes the x coordinate. May throw for what is no point. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

const ODD = 3; // prefix of a compressed point whose y is odd
const EVEN = 2;
const FIELD = 32;

/** Views over one stretch of memory. `point` is prefix ‖ x, and `pointThenKey` its x with the key's x behind it. */
interface Room {
  readonly of: Uint8Array;
  readonly used: Uint8Array;
  readonly state: Uint8Array;
  readonly d: Uint8Array;
  readonly k: Uint8Array;
  readonly e: Uint8Array;
  readonly point: Uint8Array;
  readonly pointX: Uint8Array;
  readonly keyX: Uint8Array;
  readonly pointThenKey: Uint8Array;
}

/** Hash state | d | k | e | prefix, x of a point, x of the key. */
const makeRoom = (of: Uint8Array, stateBytes: number): Room => {
  const view = (from: number, length: number): Uint8Array => of.subarray(from, from + length);
  const scalarsAt = stateBytes;
  const pointAt = scalarsAt + 3 * FIELD;
  return {
    of,
    used: view(0, stateBytes + PLAIN_BYTES),
    state: view(0, stateBytes),
    d: view(scalarsAt, FIELD),
    k: view(scalarsAt + FIELD, FIELD),
    e: view(scalarsAt + 2 * FIELD, FIELD),
    point: view(pointAt, 1 + FIELD),
    pointX: view(pointAt + 1, FIELD),
    keyX: view(pointAt + 1 + FIELD, FIELD),
    pointThenKey: view(pointAt + 1, 2 * FIELD),
  };
};

/** Bytes of a room beside the hash state. */
const PLAIN_BYTES = 3 * FIELD + 1 + 2 * FIELD;

export const createBip340 = (secp256k1: Secp256k1, sodium: Sodium): Bip340 => {
  const stateBytes = sodium.crypto_hash_sha256_STATEBYTES;

  /** The hash state after SHA256(tag) ‖ SHA256(tag), one whole block, from which every tagged hash starts. */
  const stateAfter = (tag: string): Uint8Array => {
    const tagHash = new Uint8Array(32);
    sodium.crypto_hash_sha256(tagHash, new TextEncoder().encode(tag));
    const state = new Uint8Array(stateBytes);
    sodium.crypto_hash_sha256_init(state);
    sodium.crypto_hash_sha256_update(state, tagHash);
    sodium.crypto_hash_sha256_update(state, tagHash);
    return state;
  };
  const auxState = stateAfter('BIP0340/aux');
  const nonceState = stateAfter('BIP0340/nonce');
  const challengeState = stateAfter('BIP0340/challenge');

  /** digest = SHA-256 continued from `start`. libsodium zeroes the state when it ends. */
  const hash = (
    start: Uint8Array,
    state: Uint8Array,
    digest: Uint8Array,
    head: Uint8Array,
    tail: Uint8Array | undefined,
  ): void => {
    state.set(start);
    sodium.crypto_hash_sha256_update(state, head);
    if (tail !== undefined) sodium.crypto_hash_sha256_update(state, tail);
    sodium.crypto_hash_sha256_final(state, digest);
  };

  // A thread signs with one scratch: its views are made once.
  let signing: Room | undefined;
  const verifying = makeRoom(new Uint8Array(stateBytes + PLAIN_BYTES), stateBytes); // public values only

  const setKeyX = (keyX: Uint8Array, publicKey: Uint8Array): void => {
    for (let i = 0; i < FIELD; i++) keyX[i] = publicKey[i + 1]!;
  };

  return {
    sign(view, message, signature, scratch, auxRand) {
      checkRoom('schnorr', signature);
      checkAuxRand(auxRand);
      if (signing?.of !== scratch) signing = makeRoom(scratch, stateBytes);
      const { used, state, d, k, e, point, pointX, keyX, pointThenKey } = signing;
      const { publicKey } = view;
      try {
        setKeyX(keyX, publicKey);
        d.set(view.secret);
        if (publicKey[0] === ODD) secp256k1.privateKeyNegate(d);

        // t = d xor hash(aux), kept where the point's x will be: t ‖ P, then R ‖ P, each hash in one piece.
        const t = pointX;
        hash(auxState, state, t, auxRand, undefined);
        for (let i = 0; i < FIELD; i++) t[i]! ^= d[i]!;
        hash(nonceState, state, k, pointThenKey, message);
        reduceOnce(k, SECP256K1_ORDER);
        if (isZero(k)) throw new RangeError('the nonce is zero');

        secp256k1.publicKeyCreate(k, true, point);
        if (point[0] === ODD) secp256k1.privateKeyNegate(k);
        hash(challengeState, state, e, pointThenKey, message);
        reduceOnce(e, SECP256K1_ORDER);

        // s = k + e·d. The library refuses to multiply by zero; then s = k.
        if (!isZero(e)) secp256k1.privateKeyTweakAdd(k, secp256k1.privateKeyTweakMul(d, e));
        signature.set(pointX, 0);
        signature.set(k, FIELD);
      } finally {
        used.fill(0);
      }
    },

    verify(publicKey, message, signature) {
      if (signature.length !== SIGNATURE_BYTES.schnorr) return false;
      if (publicKey[0] !== EVEN && publicKey[0] !== ODD) return false;
      const { state, e, point, pointX, keyX, pointThenKey } = verifying;
      const s = signature.subarray(FIELD);
      // s = 0 is a crafted signature. noble refuses it, BIP-340 does not say; one rule for both providers.
      if (!isInRange('secp256k1', s)) return false;
      setKeyX(keyX, publicKey);
      for (let i = 0; i < FIELD; i++) pointX[i] = signature[i]!;
      hash(challengeState, state, e, pointThenKey, message);
      reduceOnce(e, SECP256K1_ORDER);

      // R = s·G - e·P, which the library refuses to write when it is infinity.
      if (isZero(e)) {
        secp256k1.publicKeyCreate(s, true, point);
      } else {
        pointX.set(keyX);
        point[0] = EVEN;
        secp256k1.publicKeyTweakMul(point, secp256k1.privateKeyNegate(e), true, point);
        secp256k1.publicKeyTweakAdd(point, s, true, point);
      }
      return point[0] === EVEN && pointX.every((byte, i) => byte === signature[i]);
    },
  };
};
