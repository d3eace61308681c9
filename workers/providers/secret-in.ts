// The secret of a key in its slot, at its length: a view in place.
import { KEY_TYPE_FACTS, type KeyType } from '../../src/wire/types.js';
import type { SlotView } from '../arena/slots.js';

/** A seed's length stands where other types have their public key (seed.ts). */
export const secretIn = ({ expanded, publicKey }: SlotView, type: KeyType): Uint8Array =>
  expanded.subarray(0, type === 'seed' ? publicKey[0] : KEY_TYPE_FACTS[type].secretBytes);
