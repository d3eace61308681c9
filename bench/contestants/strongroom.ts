// The vault of a run: the keys that the bare loops have too, handed off as bytes, and those that only it has.
import { type KeySpec, openVault, type Vault } from 'strongroom';
import type { PublicKey } from '../check.js';
import { keyIdOf, type SignedType, turnKeyId } from '../keys.js';

export interface BenchVault {
  readonly vault: Vault;
  readonly keys: ReadonlyMap<string, PublicKey>;
  /** How long it took to open, in milliseconds. */
  readonly openMs: number;
}

/** What the command line says holds, whatever the environment says. */
const OVERRIDES = ['STRONGROOM_THREADS', 'STRONGROOM_MAX_KEYS'];

/** @param turnKeys - ed25519 keys to be used in turn. */
export const openBenchVault = async (
  threads: number,
  secrets: ReadonlyMap<SignedType, Uint8Array>,
  turnKeys: number,
): Promise<BenchVault> => {
  for (const name of OVERRIDES) delete process.env[name];
  const keys: Record<string, KeySpec> = {};
  for (const [type, secret] of secrets) {
    keys[keyIdOf(type)] = { type, from: { bytes: Uint8Array.from(secret), encoding: 'raw' } };
  }
  for (let i = 0; i < turnKeys; i++) keys[turnKeyId(i)] = { type: 'ed25519', from: 'generate' };
  const begun = performance.now();
  const vault = await openVault({ keys, threads, memory: { maxKeys: Math.max(1, Object.keys(keys).length) } });
  const openMs = performance.now() - begun;
  const known = vault.keys().map(({ id, type, publicKey }): [string, PublicKey] => {
    if (type !== 'ed25519' && type !== 'secp256k1' && type !== 'bls12-381')
      throw new Error(`a key of type ${type} does not sign`);
    return [id, { id, type, publicKey }];
  });
  return { vault, keys: new Map(known), openMs };
};
