// What the vault thread computes with besides the providers of its key types: hashes and points for derivation, and the
// encryption of sealed files. Chosen once, by the same rule as the providers.
import type { WireConfig } from '../../src/wire/specs.js';
import { loadOperators, type Operators } from '../custom/load.js';
import { type DeriveTools, loadDeriveTools } from '../derive/tools.js';
import { loadOperatorTools, type OperatorTools } from '../operators/tools.js';
import type { Aead } from '../providers/aead.js';
import { createNativeAead } from '../providers/native/aead.js';
import { loadSodium } from '../providers/native/load.js';

export interface SecretTools {
  readonly tools: DeriveTools;
  readonly aead: Aead;
  readonly operators: OperatorTools;
  /** The operators of the settings. */
  readonly custom: Operators;
}

/** @throws {VaultError} ERR_OPERATOR */
export const loadSecretTools = async ({ provider: wanted, operators, lock }: WireConfig): Promise<SecretTools> => {
  const tools = await loadDeriveTools(wanted);
  const sodium = wanted === 'noble' ? undefined : loadSodium();
  const aead = sodium === undefined ? (await import('../providers/noble/aead.js')).nobleAead : createNativeAead(sodium);
  const custom = await loadOperators(operators, { lock });
  return { tools, aead, operators: await loadOperatorTools(wanted), custom };
};
