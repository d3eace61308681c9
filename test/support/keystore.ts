// Keystores written by node:crypto and noble, apart from the code under test.
import { createCipheriv, createHash, pbkdf2Sync, randomBytes, randomUUID, scryptSync } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js';

export interface KeystoreOptions {
  readonly kdf?: 'scrypt' | 'pbkdf2';
  /** scrypt's N, or PBKDF2's iterations. Default: as little as the formats' readers take. */
  readonly cost?: number;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const derive = (password: string | Uint8Array, { kdf = 'scrypt', cost = 1024 }: KeystoreOptions) => {
  const salt = randomBytes(32);
  const common = { dklen: 32, salt: hex(salt) };
  return kdf === 'scrypt'
    ? { kdf, key: scryptSync(password, salt, 32, { N: cost, r: 8, p: 1 }), params: { ...common, n: cost, r: 8, p: 1 } }
    : {
        kdf,
        key: pbkdf2Sync(password, salt, cost, 32, 'sha256'),
        params: { ...common, c: cost, prf: 'hmac-sha256' },
      };
};

const encrypt = (key: Uint8Array, secret: Uint8Array) => {
  const iv = randomBytes(16);
  return { iv: hex(iv), ciphertext: createCipheriv('aes-128-ctr', key.subarray(0, 16), iv).update(secret) };
};

export const blsPublicKey = (secret: Uint8Array): Uint8Array => bls12_381.longSignatures.getPublicKey(secret).toBytes();

/** @param password - as it goes into the key derivation: for EIP-2335 in NFKD, without control characters. */
export const eip2335Keystore = (
  secret: Uint8Array,
  password: string | Uint8Array,
  options: KeystoreOptions = {},
): string => {
  const { kdf, key, params } = derive(password, options);
  const { iv, ciphertext } = encrypt(key, secret);
  const checksum = createHash('sha256').update(key.subarray(16, 32)).update(ciphertext).digest('hex');
  return JSON.stringify({
    crypto: {
      kdf: { function: kdf, params, message: '' },
      checksum: { function: 'sha256', params: {}, message: checksum },
      cipher: { function: 'aes-128-ctr', params: { iv }, message: hex(ciphertext) },
    },
    description: 'made for a test',
    pubkey: hex(blsPublicKey(secret)),
    path: 'm/12381/3600/0/0/0',
    uuid: randomUUID(),
    version: 4,
  });
};

export const ethereumAddress = (secret: Uint8Array): string =>
  hex(keccak256(secp256k1.getPublicKey(secret, false).subarray(1)).subarray(12));

export const web3Keystore = (
  secret: Uint8Array,
  password: string | Uint8Array,
  options: KeystoreOptions = {},
): string => {
  const { kdf, key, params } = derive(password, options);
  const { iv, ciphertext } = encrypt(key, secret);
  return JSON.stringify({
    address: ethereumAddress(secret),
    crypto: {
      cipher: 'aes-128-ctr',
      ciphertext: hex(ciphertext),
      cipherparams: { iv },
      kdf,
      kdfparams: params,
      mac: hex(keccak256(Buffer.concat([key.subarray(16, 32), ciphertext]))),
    },
    id: randomUUID(),
    version: 3,
  });
};
