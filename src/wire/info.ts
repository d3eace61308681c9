// What the vault tells about its keys and itself. No secrets: ids, types, public keys and the state of its memory.
import type { KeyType, Operation, ProviderName, Scheme } from './types.js';

/** How much and how long a key may be used, by its policy, and what is left. A field that is absent is not limited. */
export interface KeyLimits {
  readonly maxSignatures?: number;
  readonly signaturesLeft?: number;
  /** Operations at once, and a second on average. */
  readonly perSecond?: number;
  readonly idleMs?: number;
  /** When the key is wiped: milliseconds since 1970. */
  readonly expiresAt?: number;
}

export interface KeyInfo {
  readonly id: string;
  readonly type: KeyType;
  /** 32 bytes (ed25519, x25519), 33 compressed (secp256k1) or 48 compressed G1 (bls12-381). Other types have none: 0 bytes. */
  readonly publicKey: Uint8Array;
  readonly provider: ProviderName;
  readonly source: 'generate' | 'env' | 'file' | 'bytes' | 'mnemonic' | 'seed' | 'keystore' | 'sealed';
  /** What it may be asked to do, besides what its public key alone answers. */
  readonly allow: readonly Operation[];
  /** The schemes that it may sign by. */
  readonly schemes: readonly Scheme[];
  /** 'locked': its secret is wiped, and comes back when the vault is unlocked. */
  readonly state: 'ready' | 'locked';
  readonly limits: KeyLimits;
}

/**
 * What the process's memory may hold of a key after its release, as was measured by reading it (docs/memory.md):
 * `none`, nothing; `part`, some bytes of it, in freed memory; `unwiped`, numbers that JavaScript computed with it, until
 * the garbage collector takes them and others write over them.
 */
export type Residue = 'none' | 'part' | 'unwiped';

export interface VaultInfo {
  /** Its keys are wiped, until it is unlocked. */
  readonly locked: boolean;
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
