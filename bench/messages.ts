// The messages that every contestant signs: 32 bytes each, different from run to run.
import { createHash, randomBytes } from 'node:crypto';
import type { SignedType } from './keys.js';

export const MESSAGE_BYTES = 32;

export interface Messages {
  readonly plain: readonly Uint8Array[];
  /** What a key of this type signs: the messages, or for secp256k1 their SHA-256 digests, of 32 bytes as well. */
  for(type: SignedType): readonly Uint8Array[];
}

export const createMessages = (count: number): Messages => {
  const plain = Array.from({ length: count }, () => Uint8Array.from(randomBytes(MESSAGE_BYTES)));
  const digests = plain.map((message) => Uint8Array.from(createHash('sha256').update(message).digest()));
  return { plain, for: (type) => (type === 'secp256k1' ? digests : plain) };
};
