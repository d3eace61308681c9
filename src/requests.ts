// What a sign or verify call asks, checked against its key in main, before any message is sent. Callers' mistakes are
// TypeError and RangeError; what the key's type does not have is a VaultError.
import { types } from 'node:util';
import { VaultError } from './errors.js';
import type { KeyInfo, SignOptions, VerifyOptions } from './vault.js';
import { hashCode, schemeCode } from './wire/frame.js';
import {
  AUX_RAND_BYTES,
  DIGEST_BYTES,
  HASHES,
  type HashName,
  KEY_TYPE_FACTS,
  KEY_TYPES,
  type KeyType,
  MAX_MESSAGE_BYTES,
  SCHEMES,
  type Scheme,
} from './wire/types.js';

export interface SignRequest {
  /** Codes as in frame.ts. */
  readonly scheme: number;
  readonly hash: number;
  readonly auxRand: Uint8Array | undefined;
  /** The message must be a 32-byte digest. */
  readonly digest: boolean;
}

export interface VerifyRequest {
  readonly scheme: Scheme;
  readonly hash: HashName | undefined;
  readonly digest: boolean;
}

/** Longer ones are signatures of nothing; they are not sent. */
const MAX_SIGNATURE_BYTES = 1024;

/** The request of a call without options: the same for every key of a type. */
const PLAIN_REQUESTS: Readonly<Partial<Record<KeyType, SignRequest>>> = Object.fromEntries(
  KEY_TYPES.flatMap((type) => {
    const scheme = KEY_TYPE_FACTS[type].schemes[0];
    if (scheme === undefined) return [];
    return [[type, { scheme: schemeCode(scheme), hash: 0, auxRand: undefined, digest: takesDigest(scheme) }]];
  }),
);

/** @throws {VaultError} ERR_OPERATION_UNSUPPORTED, ERR_SCHEME_UNSUPPORTED @throws {TypeError} @throws {RangeError} */
export const signRequest = (key: KeyInfo, options: SignOptions | undefined): SignRequest => {
  const plain = PLAIN_REQUESTS[key.type];
  if (plain === undefined) throw unsupported(key.id, key.type, 'sign');
  if (options === undefined) return plain;
  const { scheme, hash, digest } = verifyRequest(key, options, 'sign');
  const auxRand = own(options, 'auxRand');
  if (auxRand !== undefined) {
    if (scheme !== 'schnorr') throw new TypeError(`"auxRand" goes with scheme schnorr, got ${scheme}`);
    if (!types.isUint8Array(auxRand)) throw new TypeError(`"auxRand" expected a Uint8Array, got ${kindOf(auxRand)}`);
    if (lengthOf(auxRand) !== AUX_RAND_BYTES) {
      throw new RangeError(`"auxRand" expected 32 bytes, got ${lengthOf(auxRand)}`);
    }
  }
  return { scheme: schemeCode(scheme), hash: hashCode(hash), auxRand, digest };
};

/** @throws as {@link signRequest}. */
export const verifyRequest = (
  key: KeyInfo,
  options: VerifyOptions | undefined = {},
  operation: 'sign' | 'verify' = 'verify',
): VerifyRequest => {
  const { schemes } = KEY_TYPE_FACTS[key.type];
  if (schemes.length === 0) throw unsupported(key.id, key.type, operation);
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`"options" expected an object, got ${kindOf(options)}`);
  }
  const scheme = own(options, 'scheme') ?? (schemes[0] as Scheme);
  const hash = own(options, 'hash');
  if (!SCHEMES.includes(scheme))
    throw new TypeError(`"scheme" expected one of ${SCHEMES.join(', ')}, got ${kindOf(scheme)}`);
  if (!schemes.includes(scheme)) {
    throw new VaultError(
      'ERR_SCHEME_UNSUPPORTED',
      `the key "${key.id}" is of type ${key.type}, whose schemes are ${schemes.join(', ')}; got ${scheme}`,
      { keyId: key.id },
    );
  }
  if (hash !== undefined) {
    if (!HASHES.includes(hash)) throw new TypeError(`"hash" expected one of ${HASHES.join(', ')}, got ${kindOf(hash)}`);
    if (key.type !== 'secp256k1')
      throw new TypeError(`"hash" goes with secp256k1 keys; "${key.id}" is of type ${key.type}`);
  }
  return { scheme, hash, digest: hash === undefined && takesDigest(scheme) };
};

/** A field of the options themselves: one that every object has by way of a prototype was not asked for. */
const own = <K extends keyof SignOptions>(options: SignOptions, name: K): SignOptions[K] | undefined =>
  Object.hasOwn(options, name) ? options[name] : undefined;

const readLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length')?.get as (
  this: Uint8Array,
) => number;

/** The true length, whatever a subclass or a field of that name says. */
export const lengthOf = (bytes: Uint8Array): number => readLength.call(bytes);

/** @returns the message's length in bytes. @throws {TypeError} @throws {RangeError} */
export const assertMessage = (message: unknown, digest: boolean): number => {
  if (!types.isUint8Array(message)) throw new TypeError(`"message" expected a Uint8Array, got ${kindOf(message)}`);
  const length = lengthOf(message);
  if (digest && length !== DIGEST_BYTES) throw new RangeError(`"digest" expected ${DIGEST_BYTES} bytes, got ${length}`);
  if (length > MAX_MESSAGE_BYTES) {
    throw new RangeError(`"message" expected at most ${MAX_MESSAGE_BYTES} bytes, got ${length}`);
  }
  if (length === 0) assertAttached(message);
  return length;
};

/** @throws {TypeError} @throws {RangeError} a detached buffer; one that is too long cannot be a signature. */
export function assertSignatureBytes(signature: unknown): asserts signature is Uint8Array {
  if (!types.isUint8Array(signature))
    throw new TypeError(`"signature" expected a Uint8Array, got ${kindOf(signature)}`);
  if (lengthOf(signature) > MAX_SIGNATURE_BYTES) {
    throw new RangeError(`"signature" expected at most ${MAX_SIGNATURE_BYTES} bytes, got ${lengthOf(signature)}`);
  }
}

/** The bytes of a detached buffer are gone: to sign nothing in their place would be a mistake that nobody sees. */
const assertAttached = (message: Uint8Array): void => {
  try {
    new Uint8Array(message.buffer, 0, 0);
  } catch {
    throw new TypeError('"message" expected bytes, got a detached buffer');
  }
};

/** A copy of its own: cloning a view would take its whole buffer along. */
export const copyBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

export const unsupported = (id: string, type: KeyType, operation: string): VaultError =>
  new VaultError('ERR_OPERATION_UNSUPPORTED', `the key "${id}" is of type ${type}, which does not ${operation}`, {
    keyId: id,
  });

function takesDigest(scheme: Scheme): boolean {
  return scheme === 'ecdsa' || scheme === 'ecdsa-recoverable';
}

/** What a value is, in a word. Reading its class may run the caller's code, which may throw. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  try {
    const name: unknown = value.constructor?.name;
    return typeof name === 'string' ? name : 'an object';
  } catch {
    return 'an object';
  }
}
