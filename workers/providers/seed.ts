// Seeds: 16 to 64 bytes that keys are derived from (workers/derive). A seed has no public key and signs nothing, so one
// provider serves both families; what computes with a seed is chosen apart (secret-hashes.ts).
import type { ProviderName } from '../../src/wire/types.js';
import type { KeyProvider } from './provider.js';
import { unsupportedSigning } from './refuse.js';

export const createSeedProvider = (name: ProviderName): KeyProvider => ({
  name,
  keyType: 'seed',
  residue: name === 'native' ? 'none' : 'unwiped',

  load(secret, view) {
    view.expanded.set(secret);
    view.publicKey[0] = secret.length;
  },

  sign() {
    throw unsupportedSigning('seed');
  },

  verify: () => false,

  forget: () => false,
});
