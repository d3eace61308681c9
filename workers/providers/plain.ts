// Keys without a public key, which sign nothing: seeds, which keys are derived from (workers/derive), and those of aead
// and hmac (workers/operators). What computes with them is chosen apart, so one provider serves both families.
import type { KeyType, ProviderName } from '../../src/wire/types.js';
import type { KeyProvider } from './provider.js';
import { unsupportedSigning } from './refuse.js';

/** The secret's length stands where other types have their public key (secret-in.ts). */
export const createPlainProvider = (keyType: KeyType, name: ProviderName): KeyProvider => ({
  name,
  keyType,
  residue: name === 'native' ? 'none' : 'unwiped',

  load(secret, view) {
    view.expanded.set(secret);
    view.publicKey[0] = secret.length;
  },

  sign() {
    throw unsupportedSigning(keyType);
  },

  verify: () => false,

  forget: () => false,
});
