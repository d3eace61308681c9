// The public key of a slot, at its type's length: a view in place.
import { KEY_TYPE_FACTS, type KeyType } from '../../src/wire/types.js';
import type { SlotView } from '../arena/slots.js';

export const publicKeyOf = (view: SlotView, type: KeyType): Uint8Array =>
  view.publicKey.subarray(0, KEY_TYPE_FACTS[type].publicKeyBytes);
