// Signatures judged by implementations that did not make them: node:crypto and noble. Public values only, but for the
// secrets that a test makes up to compare two providers.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js';
import type { HashName, KeyType, Scheme, SignOptions } from 'strongroom';

const BLS_SUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
export const bls = bls12_381.longSignatures;
export const blsPoint = (message: Uint8Array) => bls.hash(message, BLS_SUITE);

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

export const digestOf = (hash: HashName | undefined, message: Uint8Array): Uint8Array => {
  switch (hash) {
    case 'sha256':
      return sha256(message);
    case 'sha256d':
      return sha256(sha256(message));
    case 'keccak256':
      return keccak256(message);
    case undefined:
      return message;
  }
};

const ed25519Key = (publicKey: Uint8Array) =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    format: 'jwk',
  });

const recovered = (signature: Uint8Array, digest: Uint8Array): Uint8Array =>
  secp256k1.Signature.fromBytes(signature.slice(0, 64), 'compact')
    .addRecoveryBit(signature[64]!)
    .recoverPublicKey(digest)
    .toBytes(true);

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Whether a signature is right, and exactly as long as its scheme's signatures are. */
export const isRight = (
  publicKey: Uint8Array,
  scheme: Scheme,
  hash: HashName | undefined,
  message: Uint8Array,
  signature: Uint8Array,
): boolean => {
  const digest = digestOf(hash, message);
  const ecdsa = (): boolean =>
    secp256k1.verify(signature.slice(0, 64), digest, publicKey, { prehash: false, lowS: true });
  switch (scheme) {
    case 'ed25519':
      return signature.length === 64 && verify(null, message, ed25519Key(publicKey), signature);
    case 'ecdsa':
      return signature.length === 64 && ecdsa();
    case 'ecdsa-recoverable':
      return signature.length === 65 && ecdsa() && isSame(recovered(signature, digest), publicKey);
    case 'schnorr':
      return signature.length === 64 && schnorr.verify(signature, digest, publicKey.slice(1));
    case 'bls12-381':
      return signature.length === 96 && bls.verify(signature, blsPoint(message), publicKey);
  }
};

export interface Way {
  readonly type: Exclude<KeyType, 'x25519' | 'seed'>;
  readonly scheme: Scheme;
  readonly hash: HashName | undefined;
  /** What asks for it; undefined where it is the type's plain way. */
  readonly options: SignOptions | undefined;
  /** The message has to be a digest of 32 bytes. */
  readonly takesDigest: boolean;
}

const HASHES = [undefined, 'sha256', 'keccak256', 'sha256d'] as const;
const ECDSA = ['ecdsa', 'ecdsa-recoverable', 'schnorr'] as const;

/** Every way to sign that there is. */
export const WAYS: readonly Way[] = [
  { type: 'ed25519', scheme: 'ed25519', hash: undefined, options: undefined, takesDigest: false },
  { type: 'bls12-381', scheme: 'bls12-381', hash: undefined, options: undefined, takesDigest: false },
  ...ECDSA.flatMap((scheme) =>
    HASHES.map((hash): Way => {
      const options = { ...(scheme !== 'ecdsa' && { scheme }), ...(hash !== undefined && { hash }) };
      return {
        type: 'secp256k1',
        scheme,
        hash,
        options: Object.keys(options).length === 0 ? undefined : options,
        takesDigest: scheme !== 'schnorr' && hash === undefined,
      };
    }),
  ),
];

export const nameOf = ({ scheme, hash }: Way): string => (hash === undefined ? scheme : `${scheme} over ${hash}`);

/** A vault's settings with one generated key of each type, the id being the type. */
export const ONE_OF_EACH = {
  ed25519: { type: 'ed25519', from: 'generate' },
  secp256k1: { type: 'secp256k1', from: 'generate' },
  'bls12-381': { type: 'bls12-381', from: 'generate' },
  x25519: { type: 'x25519', from: 'generate' },
  seed: { type: 'seed', from: 'generate' },
  aead: { type: 'aead', from: 'generate' },
  hmac: { type: 'hmac', from: 'generate' },
} as const;
