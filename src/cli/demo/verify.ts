// Verifies the demo's signatures by other implementations than those that made them: OpenSSL for ed25519 and
// secp256k1, noble for BLS. Public data only: messages, signatures, public keys. Neither a key nor a vault may come
// here.
import { createPublicKey, type KeyObject, randomFillSync, verify } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import type { SignedType } from './plan.js';
import type { Signed } from './sign-all.js';

export type PublicKeys = ReadonlyMap<string, Uint8Array>;

/** What precedes a raw public key in a SubjectPublicKeyInfo: RFC 8410 §4; RFC 5480 §2 with a compressed point. */
const SPKI_PREFIX = {
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  secp256k1: Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'),
} as const;

/** Verifications in flight in Node's thread pool: enough to keep it busy while the main thread computes on BLS. */
const WINDOW = 4_096;

const verifyOne = (type: 'ed25519' | 'secp256k1', key: KeyObject, { message, signature }: Signed): Promise<boolean> =>
  new Promise((resolve) => {
    const done = (error: Error | null, valid: boolean): void => resolve(error === null && valid);
    if (type === 'ed25519') verify(null, message, key, signature, done);
    else verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature, done);
  });

const verifyByOpenSsl = async (
  type: 'ed25519' | 'secp256k1',
  signed: readonly Signed[],
  publicKeys: PublicKeys,
  advance: (by: number) => void,
): Promise<number> => {
  const keys = new Map<string, KeyObject>();
  const keyOf = (id: string): KeyObject => {
    const known = keys.get(id);
    if (known !== undefined) return known;
    const der = Buffer.concat([SPKI_PREFIX[type], publicKeys.get(id)!]);
    const made = createPublicKey({ key: der, format: 'der', type: 'spki' });
    keys.set(id, made);
    return made;
  };
  let valid = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let each = signed[next++]; each !== undefined; each = signed[next++]) {
      if (await verifyOne(type, keyOf(each.keyId), each)) valid += 1;
      advance(1);
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, work));
  return signed.length - valid;
};

const bls = bls12_381.longSignatures; // signatures in G2, public keys in G1
const CIPHERSUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const WEIGHT_BITS = 64;

interface Point<P> {
  add(other: P): P;
  double(): P;
}

/** The sum of weight × point. */
const weightedSum = <P extends Point<P>>(zero: P, points: readonly P[], weights: BigUint64Array): P => {
  let sum = zero;
  for (let bit = BigInt(WEIGHT_BITS - 1); bit >= 0n; bit--) {
    sum = sum.double();
    for (let i = 0; i < points.length; i++) if ((weights[i]! >> bit) & 1n) sum = sum.add(points[i]!);
  }
  return sum;
};

const decoder = new TextDecoder();

/**
 * One check for all signatures over one message: e(g, Σ wᵢSᵢ) = e(Σ wᵢPKᵢ, H(m)) for random weights wᵢ. The weights
 * make it hold only if each signature is valid by itself: without them, faults could cancel each other out.
 */
const verifyOneMessage = async (group: readonly Signed[], keys: (id: string) => G1Point): Promise<boolean> => {
  const weights = randomFillSync(new BigUint64Array(group.length));
  try {
    const points = [];
    for (const { signature } of group) {
      points.push(bls.Signature.fromBytes(signature));
      if (points.length % 8 === 0) await nextTurn();
    }
    const sum = weightedSum(bls12_381.G2.Point.ZERO, points, weights);
    const signers = group.map(({ keyId }) => keys(keyId));
    const signer = weightedSum(bls12_381.G1.Point.ZERO, signers, weights);
    await nextTurn();
    return bls.verify(sum, bls.hash(group[0]!.message, CIPHERSUITE), signer);
  } catch {
    return false; // a signature or key that is not a point of its group
  }
};

type G1Point = ReturnType<typeof bls12_381.G1.Point.fromBytes>;

const g1Points = (publicKeys: PublicKeys): ((id: string) => G1Point) => {
  const points = new Map<string, G1Point>();
  return (id) => {
    const known = points.get(id);
    if (known !== undefined) return known;
    const point = bls12_381.G1.Point.fromBytes(publicKeys.get(id)!);
    points.set(id, point);
    return point;
  };
};

const verifyByNoble = async (
  signed: readonly Signed[],
  publicKeys: PublicKeys,
  advance: (by: number) => void,
): Promise<number> => {
  const keys = g1Points(publicKeys);
  let failed = 0;
  const groups = new Map<string, Signed[]>();
  for (const each of signed) {
    const message = decoder.decode(each.message);
    groups.set(message, [...(groups.get(message) ?? []), each]);
  }
  for (const group of groups.values()) {
    if (!(await verifyOneMessage(group, keys))) failed += group.length;
    advance(group.length);
  }
  return failed;
};

/** Verify every signature, all types at the same time. Returns how many of each type did not verify. */
export const verifyAll = async (
  signed: Readonly<Record<SignedType, readonly Signed[]>>,
  publicKeys: PublicKeys,
  advance: (by: number) => void,
): Promise<Record<SignedType, number>> => {
  const [ed25519, secp256k1, bls12381] = await Promise.all([
    verifyByOpenSsl('ed25519', signed.ed25519, publicKeys, advance),
    verifyByOpenSsl('secp256k1', signed.secp256k1, publicKeys, advance),
    verifyByNoble(signed['bls12-381'], publicKeys, advance),
  ]);
  return { ed25519, secp256k1, 'bls12-381': bls12381 };
};

/** Verify one aggregate BLS signature of several keys over one message. */
export const verifyTogether = (signature: Uint8Array, message: Uint8Array, keys: readonly Uint8Array[]): boolean => {
  try {
    const signer = bls.aggregatePublicKeys([...keys]);
    return bls.verify(signature, bls.hash(message, CIPHERSUITE), signer);
  } catch {
    return false;
  }
};
