// Proof of possession of a BLS key (draft-irtf-cfrg-bls-signature-05 §3.3.2): the public key, hashed to a point under a
// tag of its own and multiplied by the secret. blst's binding has the tag of signatures built in, and noble would leave
// the secret in the heap as BigInts, which outlive even a thread that is thrown away (seen on Node 24 and 26: the engine
// keeps pages of ended threads for others). So what is public is done by noble: the hash to the point, the encoding, and
// the verification, without which nothing is answered. The one multiplication by the secret is done here, over arena memory.
//
// The order of operations and of accesses to memory does not depend on the secret: a bit is a mask, points are added by
// complete formulas. Field elements are 28 limbs of 14 bits, so that every product and sum is a small integer of the
// engine (31 bits): those live in registers and on the stack, which is overwritten, and never in the heap.
import { VaultError } from '../../src/errors.js';
import { wipeStack } from '../wipe-stack.js';

/** Makes the proof: 96 bytes, a compressed point of G2. */
export type ProvePossession = (
  /** 32 bytes, big-endian, in range: a view over the arena. */
  secret: Uint8Array,
  /** 48 bytes, compressed: the secret's. */
  publicKey: Uint8Array,
  /** Arena memory of the calling thread, `POP_ROOM_BYTES` of it, at an even address; wiped before it returns. */
  room: Uint8Array,
) => Uint8Array;

/** The ciphersuite's tag for proofs (§4.2.3); that for signatures has SIG in this one's place of POP. */
export const POP_TAG = 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';

const LIMB_BITS = 14;
const LIMBS = 28;
const MASK = (1 << LIMB_BITS) - 1;
const FP2 = 2 * LIMBS;
const POINT = 3 * FP2;
const SECRET_BYTES = 32;
const PUBLIC_KEY_BYTES = 48;

const P = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
/** Montgomery's factor. */
const R = 1n << BigInt(LIMB_BITS * LIMBS);

const limbsOf = (value: bigint): number[] =>
  Array.from({ length: LIMBS }, (_, i) => Number((value >> BigInt(LIMB_BITS * i)) & BigInt(MASK)));
const toMontgomery = (value: bigint): number[] => limbsOf((value * R) % P);

const PRIME = Int32Array.from(limbsOf(P));
/** -1/p modulo 2^14, by Newton's iteration. */
const NEGATED_INVERSE = ((): number => {
  let inverse = 1;
  for (let i = 0; i < 4; i++) inverse = (inverse * (2 - ((PRIME[0]! * inverse) & MASK))) & MASK;
  return -inverse & MASK;
})();
const ONE = toMontgomery(1n);
/** p - 2, for Fermat's inversion: its bits are public. */
const INVERSION = [...(P - 2n).toString(2)].map(Number);

// Places in the room, in limbs.
const PRODUCT = 0;
const T = Array.from({ length: 6 }, (_, i) => LIMBS * (1 + i));
const [T0, T1, T2, T3, T4, T5] = T as [number, number, number, number, number, number];
const S = Array.from({ length: 5 }, (_, i) => 7 * LIMBS + FP2 * i);
const [S0, S1, S2, S3, S4] = S as [number, number, number, number, number];
const POINTS = 7 * LIMBS + 5 * FP2;
const BASE = POINTS;
const SUM = POINTS + POINT;
const DOUBLED = POINTS + 2 * POINT;
const ADDED = POINTS + 3 * POINT;
const ROOM_LIMBS = POINTS + 4 * POINT;

/** What a proof needs of the arena. */
export const POP_ROOM_BYTES: number = 2 * ROOM_LIMBS;

// Arithmetic modulo p. Arguments are places in `w`, results go to the first, which may be one of the others.

/** From below 2p to below p. */
const reduce = (w: Uint16Array, o: number): void => {
  let borrow = 0;
  for (let i = 0; i < LIMBS; i++) borrow = ((w[o + i]! - PRIME[i]! - borrow) >> 31) & 1;
  const mask = borrow - 1;
  borrow = 0;
  for (let i = 0; i < LIMBS; i++) {
    const difference = w[o + i]! - (PRIME[i]! & mask) - borrow;
    w[o + i] = difference & MASK;
    borrow = (difference >> 31) & 1;
  }
};

const add = (w: Uint16Array, o: number, a: number, b: number): void => {
  let carry = 0;
  for (let i = 0; i < LIMBS; i++) {
    const sum = w[a + i]! + w[b + i]! + carry;
    w[o + i] = sum & MASK;
    carry = sum >> LIMB_BITS;
  }
  reduce(w, o);
};

const subtract = (w: Uint16Array, o: number, a: number, b: number): void => {
  let borrow = 0;
  for (let i = 0; i < LIMBS; i++) {
    const difference = w[a + i]! - w[b + i]! - borrow;
    w[o + i] = difference & MASK;
    borrow = (difference >> 31) & 1;
  }
  const mask = 0 - borrow; // not -borrow: -0 is no small integer
  let carry = 0;
  for (let i = 0; i < LIMBS; i++) {
    const sum = w[o + i]! + (PRIME[i]! & mask) + carry;
    w[o + i] = sum & MASK;
    carry = sum >> LIMB_BITS;
  }
};

/** a·b/R. A step adds at most 2·(2^14 - 1)^2, a limb and a carry of 16 bits: below 2^30. */
const multiply = (w: Uint16Array, o: number, a: number, b: number): void => {
  w.fill(0, PRODUCT, PRODUCT + LIMBS);
  for (let i = 0; i < LIMBS; i++) {
    const factor = w[a + i]!;
    const low = w[PRODUCT]! + factor * w[b]!;
    const quotient = ((low & MASK) * NEGATED_INVERSE) & MASK;
    let carry = (low + quotient * PRIME[0]!) >> LIMB_BITS;
    for (let j = 1; j < LIMBS; j++) {
      const sum = w[PRODUCT + j]! + factor * w[b + j]! + quotient * PRIME[j]! + carry;
      w[PRODUCT + j - 1] = sum & MASK;
      carry = sum >> LIMB_BITS;
    }
    w[PRODUCT + LIMBS - 1] = carry;
  }
  w.copyWithin(o, PRODUCT, PRODUCT + LIMBS);
  reduce(w, o);
};

// The same in GF(p²), with u² = -1: the second coordinate lies behind the first.

const add2 = (w: Uint16Array, o: number, a: number, b: number): void => {
  add(w, o, a, b);
  add(w, o + LIMBS, a + LIMBS, b + LIMBS);
};

const subtract2 = (w: Uint16Array, o: number, a: number, b: number): void => {
  subtract(w, o, a, b);
  subtract(w, o + LIMBS, a + LIMBS, b + LIMBS);
};

/** Karatsuba's three products. */
const multiply2 = (w: Uint16Array, o: number, a: number, b: number): void => {
  multiply(w, T0, a, b);
  multiply(w, T1, a + LIMBS, b + LIMBS);
  add(w, T2, a, a + LIMBS);
  add(w, T3, b, b + LIMBS);
  multiply(w, T2, T2, T3);
  subtract(w, o, T0, T1);
  add(w, T0, T0, T1);
  subtract(w, o + LIMBS, T2, T0);
};

/** By 3b of the curve y² = x³ + 4(1 + u): by 12(1 + u). */
const multiplyBy3b = (w: Uint16Array, o: number, a: number): void => {
  subtract(w, T4, a, a + LIMBS);
  add(w, T5, a, a + LIMBS);
  for (const [to, from] of [
    [o, T4],
    [o + LIMBS, T5],
  ] as const) {
    add(w, from, from, from);
    add(w, from, from, from);
    add(w, to, from, from);
    add(w, to, to, from);
  }
};

/**
 * Add two points, equal ones and infinity included: algorithm 7 of Renes, Costello and Batina (2015/1060), complete in a
 * group of odd order. The sum goes to a place of its own.
 */
const addPoints = (w: Uint16Array, o: number, a: number, b: number): void => {
  const [x1, y1, z1] = [a, a + FP2, a + 2 * FP2];
  const [x2, y2, z2] = [b, b + FP2, b + 2 * FP2];
  const [x3, y3, z3] = [o, o + FP2, o + 2 * FP2];
  multiply2(w, S0, x1, x2);
  multiply2(w, S1, y1, y2);
  multiply2(w, S2, z1, z2);
  add2(w, S3, x1, y1);
  add2(w, S4, x2, y2);
  multiply2(w, S3, S3, S4);
  add2(w, S4, S0, S1);
  subtract2(w, S3, S3, S4);
  add2(w, S4, y1, z1);
  add2(w, x3, y2, z2);
  multiply2(w, S4, S4, x3);
  add2(w, x3, S1, S2);
  subtract2(w, S4, S4, x3);
  add2(w, x3, x1, z1);
  add2(w, y3, x2, z2);
  multiply2(w, x3, x3, y3);
  add2(w, y3, S0, S2);
  subtract2(w, y3, x3, y3);
  add2(w, x3, S0, S0);
  add2(w, S0, x3, S0);
  multiplyBy3b(w, S2, S2);
  add2(w, z3, S1, S2);
  subtract2(w, S1, S1, S2);
  multiplyBy3b(w, y3, y3);
  multiply2(w, x3, S4, y3);
  multiply2(w, S2, S3, S1);
  subtract2(w, x3, S2, x3);
  multiply2(w, y3, y3, S0);
  multiply2(w, S1, S1, z3);
  add2(w, y3, S1, y3);
  multiply2(w, S0, S0, S3);
  multiply2(w, z3, z3, S4);
  add2(w, z3, z3, S0);
};

/** SUM = secret · BASE. */
const multiplyPoint = (w: Uint16Array, secret: Uint8Array): void => {
  w.fill(0, SUM, SUM + POINT);
  w.set(ONE, SUM + FP2); // infinity: (0 : 1 : 0)
  for (let i = 8 * SECRET_BYTES - 1; i >= 0; i--) {
    const bit = (secret[SECRET_BYTES - 1 - (i >> 3)]! >> (i & 7)) & 1;
    addPoints(w, DOUBLED, SUM, SUM);
    addPoints(w, ADDED, DOUBLED, BASE);
    for (let j = 0; j < POINT; j++) w[SUM + j] = w[DOUBLED + j]! ^ ((w[DOUBLED + j]! ^ w[ADDED + j]!) & (0 - bit));
  }
};

/** x and y of SUM, from the Montgomery form: here, since Z would tell of the secret. */
const makeAffine = (w: Uint16Array): void => {
  const z = SUM + 2 * FP2;
  // 1/(a + bu) = (a - bu)/(a² + b²)
  multiply(w, S0, z, z);
  multiply(w, S1, z + LIMBS, z + LIMBS);
  add(w, S0, S0, S1);
  w.set(ONE, S1);
  for (const bit of INVERSION) {
    multiply(w, S1, S1, S1);
    if (bit === 1) multiply(w, S1, S1, S0);
  }
  multiply(w, S2, z, S1);
  w.fill(0, S3, S3 + LIMBS);
  subtract(w, S3, S3, z + LIMBS);
  multiply(w, S2 + LIMBS, S3, S1);
  w.fill(0, S4, S4 + LIMBS);
  w[S4] = 1;
  for (const coordinate of [SUM, SUM + FP2]) {
    multiply2(w, coordinate, coordinate, S2);
    multiply(w, coordinate, coordinate, S4);
    multiply(w, coordinate + LIMBS, coordinate + LIMBS, S4);
  }
};

/** A number of the finished point: public, as the proof is. */
const toBigInt = (w: Uint16Array, at: number): bigint =>
  w.subarray(at, at + LIMBS).reduceRight((value, limb) => (value << BigInt(LIMB_BITS)) | BigInt(limb), 0n);

/**
 * Load what makes proofs. noble is loaded for it, whatever the provider of the keys.
 *
 * The proof throws {VaultError} ERR_SIGNATURE_FAULT - it did not verify under the public key, and was withheld; and
 * RangeError for lengths that are wrong. Nothing of the secret stays: the room and 32 KiB of the stack are zeroed.
 */
export const loadProvePossession = async (): Promise<ProvePossession> => {
  const { bls12_381 } = await import('@noble/curves/bls12-381.js');
  const bls = bls12_381.longSignatures;
  const { Point } = bls12_381.G2;

  return (secret, publicKey, room) => {
    if (secret.length !== SECRET_BYTES || publicKey.length !== PUBLIC_KEY_BYTES || room.length < POP_ROOM_BYTES) {
      throw new RangeError(
        `expected a secret of ${SECRET_BYTES} bytes, a public key of ${PUBLIC_KEY_BYTES} and room for ${POP_ROOM_BYTES}`,
      );
    }
    const key = Uint8Array.from(publicKey);
    const hashed = bls.hash(key, POP_TAG);
    const base = hashed.toAffine();
    const w = new Uint16Array(room.buffer, room.byteOffset, ROOM_LIMBS);
    let affine: readonly bigint[];
    try {
      [base.x.c0, base.x.c1, base.y.c0, base.y.c1, 1n, 0n].forEach((value, i) => {
        w.set(toMontgomery(value), BASE + LIMBS * i);
      });
      multiplyPoint(w, secret);
      makeAffine(w);
      affine = [0, 1, 2, 3].map((i) => toBigInt(w, SUM + LIMBS * i));
    } finally {
      w.fill(0);
      wipeStack();
    }
    const [x0, x1, y0, y1] = affine as [bigint, bigint, bigint, bigint];
    try {
      const proof = Point.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } });
      if (bls.verify(proof, hashed, key)) return bls.Signature.toBytes(proof);
    } catch {
      // Not a point of the group.
    }
    throw new VaultError('ERR_SIGNATURE_FAULT', 'the proof of possession did not verify and was withheld');
  };
};
