// The vocabulary of keys and signatures that both sides of the boundary share. Types and tables only.

export const KEY_TYPES = ['ed25519', 'secp256k1', 'bls12-381', 'x25519'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export const SCHEMES = ['ed25519', 'ecdsa', 'ecdsa-recoverable', 'schnorr', 'bls12-381'] as const;
export type Scheme = (typeof SCHEMES)[number];

export const HASHES = ['sha256', 'keccak256', 'sha256d'] as const;
export type HashName = (typeof HASHES)[number];

export const PROVIDERS = ['native', 'noble'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

declare const brand: unique symbol;
/** A checked key id: 1 to 128 characters, `[A-Za-z0-9][A-Za-z0-9._:/-]*`. */
export type KeyId = string & { readonly [brand]: 'KeyId' };
/** The index of a slot in the key arena. */
export type Slot = number & { readonly [brand]: 'Slot' };

/** A key as operations name it: its slot, and the slot's generation, which changes at every wipe. */
export interface KeyHandle {
  readonly slot: Slot;
  readonly generation: number;
}

export interface KeyTypeFacts {
  /** Bytes of the secret: the ed25519 seed of RFC 8032, a scalar, or the x25519 private key. */
  readonly secretBytes: number;
  readonly publicKeyBytes: number;
  /** The schemes of the type; the first is the default. Empty: the type does not sign. */
  readonly schemes: readonly Scheme[];
}

export const KEY_TYPE_FACTS: Readonly<Record<KeyType, KeyTypeFacts>> = {
  ed25519: { secretBytes: 32, publicKeyBytes: 32, schemes: ['ed25519'] },
  secp256k1: { secretBytes: 32, publicKeyBytes: 33, schemes: ['ecdsa', 'ecdsa-recoverable', 'schnorr'] },
  'bls12-381': { secretBytes: 32, publicKeyBytes: 48, schemes: ['bls12-381'] },
  x25519: { secretBytes: 32, publicKeyBytes: 32, schemes: [] },
};

/** The type whose keys sign by a scheme: each scheme has one. */
export const KEY_TYPE_OF_SCHEME: Readonly<Record<Scheme, KeyType>> = {
  ed25519: 'ed25519',
  ecdsa: 'secp256k1',
  'ecdsa-recoverable': 'secp256k1',
  schnorr: 'secp256k1',
  'bls12-381': 'bls12-381',
};

/** Bytes of a signature by scheme. */
export const SIGNATURE_BYTES: Readonly<Record<Scheme, number>> = {
  ed25519: 64,
  ecdsa: 64,
  'ecdsa-recoverable': 65,
  schnorr: 64,
  'bls12-381': 96,
};

/** Bytes of the digest that secp256k1's ECDSA schemes sign, and of BIP-340's auxiliary randomness. */
export const DIGEST_BYTES = 32;
export const AUX_RAND_BYTES = 32;

/** How the bytes of a file, variable or hand-off encode a key. 'auto' detects it. */
export const ENCODINGS = ['auto', 'raw', 'hex', 'base64', 'pem'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** The largest message of one operation, in bytes (256 MiB). */
export const MAX_MESSAGE_BYTES: number = 256 * 1024 * 1024;
/** The largest secret source that is read, in bytes (64 KiB). */
export const MAX_SOURCE_BYTES: number = 64 * 1024;
