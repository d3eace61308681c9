// The inputs of the operators whose work goes into frames, packed as an operation's message: main packs what its caller
// gave, the vault reads it. The one place that knows their layout. What is packed is public.
//
//   agree            answer length u8 · peer length u8 · salt length u8 · peer · salt · info (the rest)
//   agree-raw        peer
//   seal, open       message or sealed bytes
//   encrypt, decrypt associated length u32 · associated data · message or sealed bytes (the rest)
//   mac              hash u8 · message (the rest)
//
// Numbers of more than one byte are little-endian: an input may begin at any place.
import { types } from 'node:util';
import type { SettingsProblem } from '../errors.js';
import { describe, type Fields, inWords, readFields, summarize } from './check.js';
import { FRAME_OPERATORS, type FrameOperator, type KeyType, MAX_MESSAGE_BYTES } from './types.js';

/** `agree`: HKDF-SHA256 (RFC 5869) of the secret shared with another key. */
export interface AgreeInput {
  /** 32 bytes (x25519), 33 or 65 (secp256k1). */
  readonly peer: Uint8Array;
  /** What the key is for, 1 to 1,024 bytes: both sides name the same. */
  readonly info: Uint8Array;
  /** At most 255 bytes. */
  readonly salt?: Uint8Array;
  /** Bytes of the answer, 16 to 64. Default 32. */
  readonly length?: number;
}

/** What each operator of frames takes. Lengths are those that {@link packInput} checks. */
export interface FrameInputs {
  readonly agree: AgreeInput;
  /** The answer: 32 bytes (x25519), or the compressed point of 33 (secp256k1). */
  readonly 'agree-raw': { readonly peer: Uint8Array };
  /** To the key's public half; the answer is 48 bytes longer (libsodium's sealed box). */
  readonly seal: { readonly message: Uint8Array };
  readonly open: { readonly sealed: Uint8Array };
  /** XChaCha20-Poly1305; the answer is nonce ‖ ciphertext ‖ tag, 40 bytes longer. The nonce is made inside. */
  readonly encrypt: { readonly message: Uint8Array; readonly associated?: Uint8Array };
  readonly decrypt: { readonly sealed: Uint8Array; readonly associated?: Uint8Array };
  /** HMAC (RFC 2104), 32 or 64 bytes. Default sha256. */
  readonly mac: { readonly message: Uint8Array; readonly hash?: MacHash };
}

export const MAC_HASHES = ['sha256', 'sha512'] as const;
export type MacHash = (typeof MAC_HASHES)[number];
const MAC_BYTES: readonly number[] = [32, 64];

/** The types whose keys an operator works with. */
export const OPERATOR_TYPES: Readonly<Record<FrameOperator, readonly KeyType[]>> = {
  agree: ['x25519', 'secp256k1'],
  'agree-raw': ['x25519', 'secp256k1'],
  seal: ['x25519'],
  open: ['x25519'],
  encrypt: ['aead'],
  decrypt: ['aead'],
  mac: ['hmac'],
};

/** Above the codes of schemes, which share their place in a frame. */
const FIRST_CODE = 64;
export const operatorCode = (name: FrameOperator): number => FIRST_CODE + FRAME_OPERATORS.indexOf(name);
export const operatorOf = (code: number): FrameOperator | undefined => FRAME_OPERATORS[code - FIRST_CODE];

/** libsodium's sealed boxes: a public key of 32 bytes and a tag of 16 before the message. */
export const BOX_EXTRA_BYTES = 48;
/** A nonce of 24 bytes before, and a tag of 16 after it. */
export const AEAD_EXTRA_BYTES = 40;

const AGREE_HEADER = 3;
const ASSOCIATED_HEADER = 4;
const MAC_HEADER = 1;
const LEAST_ANSWER = 16;
const MOST_ANSWER = 64;
const DEFAULT_ANSWER = 32;
const MOST_INFO = 1024;
const MOST_SALT = 255;

/** Of public keys, by type: x25519, and secp256k1 compressed or not. */
const X25519_PEER = 32;
const SECP256K1_PEERS: readonly number[] = [33, 65];
/** What is agreed on before any key is derived from it: x25519's coordinate, or secp256k1's point, compressed. */
const rawBytes = (peerBytes: number): number | undefined =>
  peerBytes === X25519_PEER ? 32 : SECP256K1_PEERS.includes(peerBytes) ? 33 : undefined;

const within = (value: number, least: number, most: number): boolean => value >= least && value <= most;

/** The parts of an input that `answerBytes` has found well-formed: views in place. Those that an operator lacks are empty. */
export interface UnpackedInput {
  readonly peer: Uint8Array;
  readonly salt: Uint8Array;
  readonly info: Uint8Array;
  readonly associated: Uint8Array;
  /** The message, or the sealed bytes. */
  readonly body: Uint8Array;
  /** Of mac; sha256 elsewhere. */
  readonly hash: MacHash;
}

const associatedBytes = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

/** Bytes behind the associated data, or less than none. */
const bodyBytes = (bytes: Uint8Array, at: number, length: number): number =>
  length < ASSOCIATED_HEADER ? -1 : length - ASSOCIATED_HEADER - associatedBytes(bytes, at);

/**
 * Bytes of the answer to an input, or undefined for a code that is no operator's, and for an input that is malformed.
 * Total: it reads nothing outside of the input, whatever that holds.
 *
 * @param at - where in `bytes` the input begins. @param length - its bytes.
 */
export const answerBytes = (code: number, bytes: Uint8Array, at: number, length: number): number | undefined => {
  const name = operatorOf(code);
  if (name === undefined || !(at >= 0 && within(length, 0, MAX_MESSAGE_BYTES) && at + length <= bytes.length)) {
    return undefined;
  }
  const orNone = (answer: number, least: number): number | undefined => (answer < least ? undefined : answer);
  switch (name) {
    case 'agree': {
      if (length < AGREE_HEADER) return undefined;
      const peer = bytes[at + 1]!;
      const info = length - AGREE_HEADER - peer - bytes[at + 2]!;
      const isWhole = rawBytes(peer) !== undefined && within(info, 1, MOST_INFO);
      return isWhole && within(bytes[at]!, LEAST_ANSWER, MOST_ANSWER) ? bytes[at] : undefined;
    }
    case 'agree-raw':
      return rawBytes(length);
    case 'seal':
      return length + BOX_EXTRA_BYTES;
    case 'open':
      return orNone(length - BOX_EXTRA_BYTES, 0);
    case 'encrypt':
      return orNone(bodyBytes(bytes, at, length) + AEAD_EXTRA_BYTES, AEAD_EXTRA_BYTES);
    case 'decrypt':
      return orNone(bodyBytes(bytes, at, length) - AEAD_EXTRA_BYTES, 0);
    case 'mac':
      return length < MAC_HEADER ? undefined : MAC_BYTES[bytes[at]!];
  }
};

const NONE = new Uint8Array(0);

/** Take an input apart that {@link answerBytes} has an answer for. */
export const unpackInput = (name: FrameOperator, input: Uint8Array): UnpackedInput => {
  const parts = { peer: NONE, salt: NONE, info: NONE, associated: NONE, body: NONE, hash: MAC_HASHES[0] };
  switch (name) {
    case 'agree': {
      const saltAt = AGREE_HEADER + input[1]!;
      const infoAt = saltAt + input[2]!;
      const [peer, salt] = [input.subarray(AGREE_HEADER, saltAt), input.subarray(saltAt, infoAt)];
      return { ...parts, peer, salt, info: input.subarray(infoAt) };
    }
    case 'agree-raw':
      return { ...parts, peer: input };
    case 'seal':
    case 'open':
      return { ...parts, body: input };
    case 'encrypt':
    case 'decrypt': {
      const bodyAt = ASSOCIATED_HEADER + associatedBytes(input, 0);
      return { ...parts, associated: input.subarray(ASSOCIATED_HEADER, bodyAt), body: input.subarray(bodyAt) };
    }
    case 'mac':
      return { ...parts, body: input.subarray(MAC_HEADER), hash: MAC_HASHES[input[0]!] ?? parts.hash };
  }
};

const FIELDS: { readonly [Name in FrameOperator]: readonly (keyof FrameInputs[Name] & string)[] } = {
  agree: ['peer', 'info', 'salt', 'length'],
  'agree-raw': ['peer'],
  seal: ['message'],
  open: ['sealed'],
  encrypt: ['message', 'associated'],
  decrypt: ['sealed', 'associated'],
  mac: ['message', 'hash'],
};

const readLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length')?.get as (
  this: Uint8Array,
) => number;

/** Bytes of a field, at their true length whatever a subclass says. @throws {TypeError} @throws {RangeError} */
const bytesOf = (fields: Fields, name: string, least: number, most: number): readonly [Uint8Array, number] => {
  const value = fields.entries.get(name);
  if (!types.isUint8Array(value)) throw new TypeError(`"${name}" expected a Uint8Array, got ${describe(value)}`);
  const length = readLength.call(value);
  if (length === 0) assertAttached(name, value);
  if (!within(length, least, most)) throw new RangeError(`"${name}" expected ${least} to ${most} bytes, got ${length}`);
  return [value, length];
};

/** To work on nothing in place of what was in a detached buffer would be a mistake that nobody sees. */
const assertAttached = (name: string, bytes: Uint8Array): void => {
  try {
    new Uint8Array(bytes.buffer, 0, 0);
  } catch {
    throw new TypeError(`"${name}" expected bytes, got a detached buffer`);
  }
};

const optionalBytes = (fields: Fields, name: string, most: number): readonly [Uint8Array, number] =>
  fields.has(name) ? bytesOf(fields, name, 0, most) : [NONE, 0];

const peerOf = (fields: Fields, type: KeyType): readonly [Uint8Array, number] => {
  const lengths = type === 'x25519' ? [X25519_PEER] : SECP256K1_PEERS;
  const [peer, length] = bytesOf(fields, 'peer', 0, MAX_MESSAGE_BYTES);
  if (lengths.includes(length)) return [peer, length];
  throw new RangeError(`"peer" expected ${inWords(lengths.map(String), 'or')} bytes for ${type}, got ${length}`);
};

const join = (head: readonly number[], ...parts: readonly (readonly [Uint8Array, number])[]): Uint8Array => {
  const packed = new Uint8Array(parts.reduce((sum, [, length]) => sum + length, head.length));
  packed.set(head);
  let at = head.length;
  for (const [bytes, length] of parts) {
    packed.set(bytes, at);
    at += length;
  }
  return packed;
};

const packAgree = (fields: Fields, type: KeyType): Uint8Array => {
  const peer = peerOf(fields, type);
  const info = bytesOf(fields, 'info', 1, MOST_INFO);
  const salt = optionalBytes(fields, 'salt', MOST_SALT);
  const length = fields.entries.get('length') ?? DEFAULT_ANSWER;
  if (typeof length !== 'number') throw new TypeError(`"length" expected a number, got ${describe(length)}`);
  if (!(Number.isInteger(length) && within(length, LEAST_ANSWER, MOST_ANSWER))) {
    throw new RangeError(`"length" expected a whole number from ${LEAST_ANSWER} to ${MOST_ANSWER}, got ${length}`);
  }
  return join([length, peer[1], salt[1]], peer, salt, info);
};

/** Input and answer are each at most MAX_MESSAGE_BYTES: what was encrypted can be decrypted again. */
const packAead = (fields: Fields, name: 'message' | 'sealed'): Uint8Array => {
  const [least, added] = name === 'sealed' ? [AEAD_EXTRA_BYTES, 0] : [0, AEAD_EXTRA_BYTES];
  const most = MAX_MESSAGE_BYTES - ASSOCIATED_HEADER - added;
  const associated = optionalBytes(fields, 'associated', most);
  const body = bytesOf(fields, name, least, most);
  if (associated[1] + body[1] > most) {
    throw new RangeError(
      `"${name}" and "associated" expected at most ${most} bytes together, got ${associated[1] + body[1]}`,
    );
  }
  const length = associated[1];
  return join([length & 0xff, (length >>> 8) & 0xff, (length >>> 16) & 0xff, length >>> 24], associated, body);
};

const packMac = (fields: Fields): Uint8Array => {
  const hash = fields.entries.get('hash') ?? MAC_HASHES[0];
  const code = MAC_HASHES.indexOf(hash as MacHash);
  if (code < 0) throw new TypeError(`"hash" expected one of ${MAC_HASHES.join(', ')}, got ${describe(hash)}`);
  return join([code], bytesOf(fields, 'message', 0, MAX_MESSAGE_BYTES - MAC_HEADER));
};

/**
 * Check the input of an operator, and pack it. Each field is read once, and what comes back is a copy.
 *
 * @param type - of the key that it goes to: one of the operator's OPERATOR_TYPES.
 * @throws {TypeError} not a plain object, an unknown field, or one of another type.
 * @throws {RangeError} a field that is too short or too long.
 */
export const packInput = (name: FrameOperator, type: KeyType, input: unknown): Uint8Array => {
  const problems: SettingsProblem[] = [];
  const known = FIELDS[name];
  const quoted = inWords(
    known.map((field) => `"${field}"`),
    'and',
  );
  const fields = readFields(input, 'input', `an object with ${quoted}`, problems);
  // An unknown field may be associated data that is misspelt: it must not be left out without a word.
  fields?.only(known);
  if (fields === undefined || problems.length > 0) throw new TypeError(summarize(problems));
  switch (name) {
    case 'agree':
      return packAgree(fields, type);
    case 'agree-raw':
      return join([], peerOf(fields, type));
    case 'seal':
      return join([], bytesOf(fields, 'message', 0, MAX_MESSAGE_BYTES - BOX_EXTRA_BYTES));
    case 'open':
      return join([], bytesOf(fields, 'sealed', BOX_EXTRA_BYTES, MAX_MESSAGE_BYTES));
    case 'encrypt':
      return packAead(fields, 'message');
    case 'decrypt':
      return packAead(fields, 'sealed');
    case 'mac':
      return packMac(fields);
  }
};
