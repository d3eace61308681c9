// What the vault thread computes with besides the providers of its key types: hashes and points for derivation, and the
// encryption of sealed files. Chosen once, by the same rule as the providers.
import type { ProviderName } from '../../src/wire/types.js';
import { type DeriveTools, loadDeriveTools } from '../derive/tools.js';
import type { Aead } from '../providers/aead.js';
import { createNativeAead } from '../providers/native/aead.js';
import { loadSodium } from '../providers/native/load.js';

export interface SecretTools {
  readonly tools: DeriveTools;
  readonly aead: Aead;
}

export const loadSecretTools = async (wanted: 'auto' | ProviderName): Promise<SecretTools> => {
  const tools = await loadDeriveTools(wanted);
  const sodium = wanted === 'noble' ? undefined : loadSodium();
  const aead = sodium === undefined ? (await import('../providers/noble/aead.js')).nobleAead : createNativeAead(sodium);
  return { tools, aead };
};
