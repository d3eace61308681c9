// The secret of a key in its slot, at its length: a view in place.
import { KEY_TYPE_FACTS, type KeyType } from '../../src/wire/types.js';
import type { SlotView } from '../arena/slots.js';

/** Types without a public key have the length of their secret in its place (plain.ts). */
export const secretIn = ({ expanded, publicKey }: SlotView, type: KeyType): Uint8Array => {
  const { publicKeyBytes, secretBytes } = KEY_TYPE_FACTS[type];
  return expanded.subarray(0, publicKeyBytes === 0 ? publicKey[0] : secretBytes);
};
