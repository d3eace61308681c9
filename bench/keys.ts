// The keys of a run: random, made for it and worth nothing, for the bare loops need their bytes in this thread. A real
// program never has them here.
import { randomBytes } from 'node:crypto';
import type { Scheme } from 'strongroom';

export const SIGNED_TYPES = ['ed25519', 'secp256k1', 'bls12-381'] as const;
export type SignedType = (typeof SIGNED_TYPES)[number];

/** The type whose keys sign by a scheme. */
export const TYPE_OF: Readonly<Record<Scheme, SignedType>> = {
  ed25519: 'ed25519',
  ecdsa: 'secp256k1',
  'ecdsa-recoverable': 'secp256k1',
  schnorr: 'secp256k1',
  'bls12-381': 'bls12-381',
};
/** What a key of a type signs by, where nothing else is said. */
export const DEFAULT_SCHEME: Readonly<Record<SignedType, Scheme>> = {
  ed25519: 'ed25519',
  secp256k1: 'ecdsa',
  'bls12-381': 'bls12-381',
};

/** The id of the key of each type that the vault and the bare loops share. */
export const keyIdOf = (type: SignedType): string => `bench/${type}`;
/** The id of one of many ed25519 keys that are used in turn. They exist only in the vault. */
export const turnKeyId = (i: number): string => `bench/turn/${i}`;

/** 32 bytes that are a valid secret of every type: below 2^254, and so below each group's order. */
export const makeSecret = (): Uint8Array => {
  const secret = Uint8Array.from(randomBytes(32));
  secret[0]! &= 0x3f;
  return secret;
};
