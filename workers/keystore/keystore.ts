// What a keystore file says, once read. All of it is public but for what the password opens: the secret inside.
import type { KeyType } from '../../src/wire/types.js';
import type { KdfRequest } from '../kdf/request.js';

/** EIP-2335 version 4, for BLS keys; Web3 Secret Storage version 3, for secp256k1 keys. */
export type KeystoreKind = 'eip2335' | 'web3-v3';

/**
 * Bytes of the key that a password derives, whatever longer `dklen` a file states: both formats use the first 32, and both
 * functions give the same first bytes for every length.
 */
export const DERIVED_KEY_BYTES = 32;
/** Bytes of the secret inside, in both kinds. */
export const SECRET_BYTES = 32;
export const IV_BYTES = 16;
export const PUBLIC_KEY_BYTES = 48;
export const ADDRESS_BYTES = 20;

/** Which kind holds keys of a type; the other types have none. */
export const KEYSTORE_KIND_OF_TYPE: Readonly<Partial<Record<KeyType, KeystoreKind>>> = {
  'bls12-381': 'eip2335',
  secp256k1: 'web3-v3',
};

export interface Keystore {
  readonly kind: KeystoreKind;
  readonly type: Extract<KeyType, 'bls12-381' | 'secp256k1'>;
  readonly kdf: KdfRequest;
  readonly iv: Uint8Array;
  /** 32 bytes; in version 3 fewer, where a client left out a key's leading zeros. */
  readonly ciphertext: Uint8Array;
  /** 32 bytes: SHA-256 (version 4) or Keccak-256 (version 3) over half of the derived key and the ciphertext. */
  readonly checksum: Uint8Array;
  /** Version 4: the compressed public key. Undefined where the file names none. */
  readonly publicKey: Uint8Array | undefined;
  /** Version 3: the last 20 bytes of Keccak-256 of the public key. Undefined where the file names none. */
  readonly address: Uint8Array | undefined;
  readonly path: string | undefined;
  readonly uuid: string | undefined;
  readonly description: string | undefined;
}
