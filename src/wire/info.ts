// What the vault tells about its keys and itself. No secrets: ids, types, public keys and the state of its memory.
import type { KeyType, Operation, ProviderName } from './types.js';

export interface KeyInfo {
  readonly id: string;
  readonly type: KeyType;
  /** 32 bytes (ed25519, x25519), 33 compressed (secp256k1) or 48 compressed G1 (bls12-381). A seed has none: 0 bytes. */
  readonly publicKey: Uint8Array;
  readonly provider: ProviderName;
  readonly source: 'generate' | 'env' | 'file' | 'bytes' | 'mnemonic' | 'seed' | 'keystore' | 'sealed';
  /** What it may be asked to do, besides what its public key alone answers. */
  readonly allow: readonly Operation[];
}

/**
 * What the process's memory may hold of a key after its release, as was measured by reading it (docs/memory.md):
 * `none`, nothing; `part`, some bytes of it, in freed memory; `unwiped`, numbers that JavaScript computed with it, until
 * the garbage collector takes them and others write over them.
 */
export type Residue = 'none' | 'part' | 'unwiped';

export interface VaultInfo {
  /** Signer threads. */
  readonly threads: number;
  readonly providers: Readonly<Record<KeyType, ProviderName>>;
  /** What a released key of each type may leave: of the thread that leaves most. */
  readonly residue: Readonly<Record<KeyType, Residue>>;
  readonly memory: {
    /** The arena is locked into memory: it is not written to swap. */
    readonly locked: boolean;
    /** The arena is left out of core dumps. */
    readonly excludedFromDumps: boolean;
    /** Size of the arena in bytes. */
    readonly bytes: number;
    readonly keysUsed: number;
    readonly keysMax: number;
  };
}
