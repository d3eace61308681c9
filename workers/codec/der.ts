// Strict DER (X.690 §10 and §8.1): definite lengths in their shortest form, single-byte tags, nothing left over.
// Elements are positions in the bytes that were given; nothing is copied.
import type { VaultError } from '../../src/errors.js';
import { encodingFault } from './faults.js';

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
  /** [1] IMPLICIT of a primitive. */
  implicit1: 0x81,
  /** [0] and [1], constructed. */
  context0: 0xa0,
  context1: 0xa1,
} as const;

/** What is left of an element's content. Reading moves `at`. */
export interface Der {
  readonly bytes: Uint8Array;
  readonly place: string;
  readonly end: number;
  at: number;
}

const MAX_LENGTH_BYTES = 3; // a source has at most 64 KiB

export const openDer = (bytes: Uint8Array, place: string): Der => ({ bytes, place, at: 0, end: bytes.length });

export const malformed = (der: Der): VaultError =>
  encodingFault(der.place, 'the DER inside the PEM block is malformed or truncated');

/** The tag of the next element; -1 at the end. */
export const nextTag = (der: Der): number => (der.at < der.end ? (der.bytes[der.at] as number) : -1);

/** Step over the next element, which must have that tag, and give its content. */
export const enter = (der: Der, tag: number): Der => {
  const { bytes, end } = der;
  if (der.at + 2 > end || nextTag(der) !== tag || (tag & 0x1f) === 0x1f) throw malformed(der);
  let at = der.at + 2;
  let length = bytes[der.at + 1] as number;
  if (length >= 0x80) {
    const lengthBytes = length & 0x7f; // 0: the indefinite form
    if (lengthBytes === 0 || lengthBytes > MAX_LENGTH_BYTES || at + lengthBytes > end) throw malformed(der);
    if (bytes[at] === 0) throw malformed(der);
    length = 0;
    for (let i = 0; i < lengthBytes; i++) length = (length << 8) | (bytes[at++] as number);
    if (length < 0x80) throw malformed(der);
  }
  if (at + length > end) throw malformed(der);
  der.at = at + length;
  return { bytes, place: der.place, at, end: at + length };
};

/** Nothing may be left. */
export const finish = (der: Der): void => {
  if (der.at !== der.end) throw malformed(der);
};

/** An INTEGER from 0 to 127: a version. */
export const readSmallInteger = (der: Der): number => {
  const content = enter(der, TAG.integer);
  const value = content.end - content.at === 1 ? (content.bytes[content.at] as number) : -1;
  if (value < 0 || value > 127) throw malformed(der);
  return value;
};

/** Step over elements of any kind to the end; each must be well-formed on the outside. */
export const skipAll = (der: Der): void => {
  while (der.at < der.end) enter(der, nextTag(der));
};

/** The content of a BIT STRING, checked for its form: whole bytes. */
export const checkBitString = (content: Der): void => {
  if (content.end - content.at < 2 || content.bytes[content.at] !== 0) throw malformed(content);
};
