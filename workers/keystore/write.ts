// Writes keystores of both kinds, in the form that Lighthouse and go-ethereum write, so that others read them.
import { createCipheriv, randomBytes, randomUUID } from 'node:crypto';
import type { KdfRequest } from '../kdf/request.js';
import { addressOf } from './address.js';
import { checksumOf } from './checksum.js';
import { DERIVED_KEY_BYTES, IV_BYTES, type KeystoreKind, SECRET_BYTES } from './keystore.js';

const SALT_BYTES = 32;

/** What both standards' examples and all clients use: 256 MiB and about a second. */
const STANDARD_N = 2 ** 18;

/** scrypt with a fresh salt, for a new keystore. */
export const keystoreKdf = (n: number = STANDARD_N): KdfRequest => ({
  kdf: 'scrypt',
  n,
  r: 8,
  p: 1,
  salt: Uint8Array.from(randomBytes(SALT_BYTES)),
});

export interface KeystoreContent {
  /** An arena view of 32 bytes. */
  readonly secret: Uint8Array;
  /** An arena view of at least 32 bytes: what `kdf` makes of the password. Wiped by the caller. */
  readonly derivedKey: Uint8Array;
  /** scrypt, or PBKDF2 with SHA-256: the formats know no other. Its salt must be fresh. */
  readonly kdf: KdfRequest;
  /** 48 bytes for EIP-2335, 33 for version 3, of the secret: readers compare it. */
  readonly publicKey: Uint8Array;
  /** EIP-2334 path; EIP-2335 alone holds one. */
  readonly path?: string | undefined;
  /** EIP-2335 alone holds one. */
  readonly description?: string | undefined;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const kdfParams = (kdf: KdfRequest): Readonly<Record<string, string | number>> => {
  const salt = hex(kdf.salt);
  if (kdf.kdf === 'scrypt') return { dklen: DERIVED_KEY_BYTES, n: kdf.n, r: kdf.r, p: kdf.p, salt };
  if (kdf.kdf === 'pbkdf2' && kdf.hash === 'sha256') {
    return { dklen: DERIVED_KEY_BYTES, c: kdf.iterations, prf: 'hmac-sha256', salt };
  }
  throw new RangeError('"kdf" expected scrypt, or pbkdf2 with sha256');
};

/** AES-128-CTR; `final` frees and zeroes OpenSSL's context. */
const encrypt = (key: Uint8Array, iv: Uint8Array, secret: Uint8Array): Uint8Array => {
  const cipher = createCipheriv('aes-128-ctr', key, iv);
  try {
    return cipher.update(secret);
  } finally {
    cipher.final();
  }
};

/**
 * Make a keystore file, with a fresh iv and uuid.
 *
 * @returns its JSON in UTF-8: public.
 * @throws {RangeError} a length or a key derivation that the format does not have.
 * @see EIP-2335, Web3 Secret Storage Definition
 */
export const writeKeystore = (kind: KeystoreKind, content: KeystoreContent): Uint8Array => {
  const { secret, derivedKey, kdf, publicKey } = content;
  if (secret.length !== SECRET_BYTES)
    throw new RangeError(`"secret" expected ${SECRET_BYTES} bytes, got ${secret.length}`);
  if (derivedKey.length < DERIVED_KEY_BYTES) {
    throw new RangeError(`"derivedKey" expected at least ${DERIVED_KEY_BYTES} bytes, got ${derivedKey.length}`);
  }
  const params = kdfParams(kdf);
  const iv = randomBytes(IV_BYTES);
  const ciphertext = encrypt(derivedKey.subarray(0, 16), iv, secret);
  const checksum = checksumOf(kind, derivedKey, ciphertext);
  const keystore =
    kind === 'eip2335'
      ? {
          crypto: {
            kdf: { function: kdf.kdf, params, message: '' },
            checksum: { function: 'sha256', params: {}, message: hex(checksum) },
            cipher: { function: 'aes-128-ctr', params: { iv: hex(iv) }, message: hex(ciphertext) },
          },
          description: content.description ?? '',
          pubkey: hex(publicKey),
          path: content.path ?? '',
          uuid: randomUUID(),
          version: 4,
        }
      : {
          address: hex(addressOf(publicKey)),
          crypto: {
            cipher: 'aes-128-ctr',
            ciphertext: hex(ciphertext),
            cipherparams: { iv: hex(iv) },
            kdf: kdf.kdf,
            kdfparams: params,
            mac: hex(checksum),
          },
          id: randomUUID(),
          version: 3,
        };
  return new TextEncoder().encode(`${JSON.stringify(keystore, undefined, 2)}\n`);
};
