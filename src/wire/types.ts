// The vocabulary of keys and signatures that both sides of the boundary share. Types and tables only.

export const KEY_TYPES = ['ed25519', 'secp256k1', 'bls12-381', 'x25519', 'seed', 'aead', 'hmac'] as const;
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
  /** Bytes of the secret: the ed25519 seed of RFC 8032, a scalar, the x25519 private key; of a seed, the most. */
  readonly secretBytes: number;
  /** The least: less than the most for seeds and HMAC keys. */
  readonly minSecretBytes: number;
  /** 0 where there is none: seed, aead, hmac. */
  readonly publicKeyBytes: number;
  /** The schemes of the type; the first is the default. Empty: the type does not sign. */
  readonly schemes: readonly Scheme[];
}

export const KEY_TYPE_FACTS: Readonly<Record<KeyType, KeyTypeFacts>> = {
  ed25519: { secretBytes: 32, minSecretBytes: 32, publicKeyBytes: 32, schemes: ['ed25519'] },
  secp256k1: {
    secretBytes: 32,
    minSecretBytes: 32,
    publicKeyBytes: 33,
    schemes: ['ecdsa', 'ecdsa-recoverable', 'schnorr'],
  },
  'bls12-381': { secretBytes: 32, minSecretBytes: 32, publicKeyBytes: 48, schemes: ['bls12-381'] },
  x25519: { secretBytes: 32, minSecretBytes: 32, publicKeyBytes: 32, schemes: [] },
  // BIP-32: 128 to 512 bits. Keys are derived from it, and it does nothing else.
  seed: { secretBytes: 64, minSecretBytes: 16, publicKeyBytes: 0, schemes: [] },
  // XChaCha20-Poly1305.
  aead: { secretBytes: 32, minSecretBytes: 32, publicKeyBytes: 0, schemes: [] },
  // RFC 2104: longer keys are hashed first, shorter ones than 16 bytes can be guessed.
  hmac: { secretBytes: 64, minSecretBytes: 16, publicKeyBytes: 0, schemes: [] },
};

/** Operators whose work is packed into frames, as signatures are: see operators.ts. */
export const FRAME_OPERATORS = ['agree', 'agree-raw', 'seal', 'open', 'encrypt', 'decrypt', 'mac'] as const;
export type FrameOperator = (typeof FRAME_OPERATORS)[number];

/** The built-in operators of {@link Vault.execute}. */
export type Operator = FrameOperator | 'extendedPublicKey' | 'provePossession';
export const OPERATORS: readonly Operator[] = [...FRAME_OPERATORS, 'extendedPublicKey', 'provePossession'];

/** What may be asked of a key's secret, and its policy's `allow` can name. What takes the public key alone is always allowed. */
export const OPERATIONS = [
  'sign',
  'provePossession',
  'agree',
  'agree-raw',
  'open',
  'encrypt',
  'decrypt',
  'mac',
  'derive',
  'extendedPublicKey',
  'export',
] as const;
/** An operator of the settings: two words of small letters, digits and hyphens with a slash between them. */
export type CustomOperation = `${string}/${string}`;
export type Operation = (typeof OPERATIONS)[number] | CustomOperation;

const CUSTOM_OPERATION = /^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/;
export const isCustomOperation = (value: unknown): value is CustomOperation =>
  typeof value === 'string' && value.length <= 64 && CUSTOM_OPERATION.test(value);

/** What a key of a type can do, operators of the settings apart. */
export const OPERATIONS_OF_TYPE: Readonly<Record<KeyType, readonly Operation[]>> = {
  ed25519: ['sign', 'export'],
  secp256k1: ['sign', 'agree', 'agree-raw', 'export'],
  'bls12-381': ['sign', 'provePossession', 'export'],
  x25519: ['agree', 'agree-raw', 'open', 'export'],
  seed: ['derive', 'extendedPublicKey', 'export'],
  aead: ['encrypt', 'decrypt', 'export'],
  hmac: ['mac', 'export'],
};
/** What a key may do only if its policy names it; and so with every operator of the settings, which sees the secret. */
export const NAMED_ONLY: readonly Operation[] = ['agree-raw', 'export'];

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

/** The public half of a BIP-32 node: from it follow the public keys of its children that are not hardened. */
export interface ExtendedPublicKey {
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
  /** Steps from the seed, 0 to 255. */
  readonly depth: number;
  /** 4 bytes: the first of HASH160 of the parent's public key; zeros at depth 0. */
  readonly parentFingerprint: Uint8Array;
  /** The last step of the path, with 2^31 added if it is hardened; 0 at depth 0. */
  readonly index: number;
  /** The serialisation of BIP-32, in base58check. */
  readonly xpub: string;
}
