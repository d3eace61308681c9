// The types of the settings: what a caller gives to open a vault or to register a key. No code but types lives here.
import type { MnemonicLanguage } from '../wire/languages.js';
import type { KeyPolicy } from '../wire/policy.js';
import type { LockChoice } from '../wire/specs.js';
import type { CustomOperation, Encoding, KeyType, ProviderName } from '../wire/types.js';

export type { KeyPolicy };

/**
 * Where a password or a mnemonic comes from: text as it is, in UTF-8. Line ends at the end of a file do not count. A relative
 * path starts where a key file's does.
 */
export type SecretSource =
  | { readonly env: string }
  | { readonly file: string; readonly allowSharedFile?: boolean }
  | { readonly bytes: Uint8Array | ArrayBuffer };

/** Where a key comes from. */
export type KeySource =
  /** A new random key, made inside the vault. */
  | 'generate'
  /** The environment variable of this name; it is removed from the process's environment. */
  | { readonly env: string; readonly encoding?: Encoding }
  /**
   * A file of at most 64 KiB. Relative paths start at the settings file's folder, or at the working directory.
   * A file that its group or others can read is refused unless `allowSharedFile` is true (POSIX).
   */
  | { readonly file: string; readonly encoding?: Encoding; readonly allowSharedFile?: boolean }
  /** Bytes that are handed off: the caller's buffer is detached, or zeroed where it cannot be detached. */
  | { readonly bytes: Uint8Array | ArrayBuffer; readonly encoding?: Encoding }
  /** A seed from a BIP-39 mnemonic of 12 to 24 words, whose checksum must hold, and a passphrase. */
  | { readonly mnemonic: SecretSource; readonly passphrase?: SecretSource; readonly language?: MnemonicLanguage }
  /**
   * Derived inside the vault from a key of type `seed`: BIP-32 (secp256k1), SLIP-0010 (ed25519, x25519: every step is
   * hardened) or EIP-2333 (bls12-381: paths as in EIP-2334, without marks).
   */
  | { readonly seed: string; readonly path: string }
  /** An encrypted keystore: EIP-2335 version 4 (bls12-381) or Web3 Secret Storage version 3 (secp256k1). */
  | { readonly keystore: string; readonly password: SecretSource }
  /** The key of the same id in a sealed file. With `create`, one that is not there is generated and kept in it. */
  | { readonly sealed: string; readonly password: SecretSource; readonly create?: boolean };

export interface KeySpec extends KeyPolicy {
  readonly type: KeyType;
  readonly from: KeySource;
}

/** Many keys by one line, each with this policy. */
export type KeyLoad = KeyPolicy &
  /**
   * Every keystore of a folder and of its folders: `*.json`.
   *
   * `passwords` is a folder with a file for each, or the source of one password for all. In the folder a password is
   * named like its keystore, with or without `.txt` in place of `.json`, or like the public key, with or without 0x.
   * `id` holds `{pubkey}` (hex without 0x), `{address}` (of secp256k1) or `{name}` (of the file, without `.json`).
   */
  (
    | {
        readonly keystores: string;
        readonly passwords: string | { readonly folder: string; readonly allowSharedFile?: boolean } | SecretSource;
        readonly id: string;
      }
    /** Every key of a sealed file. `id` holds `{id}`, the key's id there; default `{id}`. */
    | {
        readonly sealed: string;
        readonly password: SecretSource;
        readonly id?: string;
      }
  );

export interface Settings {
  /** For editors: the path of `strongroom.schema.json`. Not used. */
  readonly $schema?: string;
  /** Keys by id. An id has 1 to 128 characters: `[A-Za-z0-9][A-Za-z0-9._:/-]*`. */
  readonly keys?: Readonly<Record<string, KeySpec>>;
  /** Folders of keystores, and sealed files, of which every key is loaded. */
  readonly load?: readonly KeyLoad[];
  /** Signer threads, 1 to 256. Default: the parallelism that the machine offers. */
  readonly threads?: number;
  /** 'auto' (default) takes native libraries and falls back to noble, type by type. */
  readonly provider?: 'auto' | ProviderName;
  readonly memory?: {
    /** 'require': no start without locked memory. 'warn' (default): one process warning. 'off': not tried. */
    readonly lock?: 'require' | 'warn' | 'off';
    /** Slots in the arena, 1 to 1,000,000. Default 16,384. The arena takes 192 bytes a slot. */
    readonly maxKeys?: number;
  };
  /** Operations accepted and not yet answered, at most. Default 65,536. More are refused with ERR_VAULT_BUSY. */
  readonly maxPending?: number;
  /** Message bytes accepted and not yet answered, at most. Default 512 MiB. */
  readonly maxPendingBytes?: number;
  /** Verify each signature before it leaves the vault, and withhold one that does not verify. Default false. */
  readonly verifyAfterSign?: boolean;
  /**
   * What to do in a process that is open to others: an inspector, flags that write the heap or reports to files, or
   * that run code before the program. 'strict': no start, and the vault ends if an inspector opens later. 'warn'
   * (default): one process warning. 'off': not looked at.
   */
  readonly hardening?: 'strict' | 'warn' | 'off';
  /** What keystores and sealed files may ask for when a key is derived from a password. More is ERR_KDF_COST. */
  readonly kdf?: {
    /** Bytes of memory, of one derivation and of all that run together. Default 1,025 MiB. */
    readonly maxMemory?: number;
    /**
     * PBKDF2's iterations, scrypt's N × p × r / 8 (eight times that where r is 1 and N is 65,536 or more) and 2 × p × r, or
     * Argon2id's passes times KiB. Default 4,194,304.
     */
    readonly maxWork?: number;
  };
  /** Operators of yours, by name: the paths of the modules that define them. */
  readonly operators?: Readonly<Record<CustomOperation, string>>;
  /** An append-only log of what was done with keys, chained and signed: see docs/audit.md. */
  readonly audit?: {
    /** Created with mode 0600, or continued. */
    readonly file: string;
    /** The id of a key of the settings that signs the log. Default: it is chained, and not signed. */
    readonly key?: string;
    /** 'summary' (default): once a second, what was done with each key. 'each': a record for every call. */
    readonly operations?: 'summary' | 'each';
    /** While it cannot be written: 'refuse' (default), nothing is done with keys, or 'continue'. */
    readonly onError?: 'refuse' | 'continue';
  };
  /** When the vault locks itself: see `Vault.lock`. */
  readonly lock?: {
    /** Milliseconds in which no key was used. Default: never. */
    readonly idleMs?: number;
    /** What becomes of keys that no encrypted source can bring back: 'drop' (default) or 'refuse', no locking then. */
    readonly unsealed?: LockChoice;
  };
}

/** How far the start has come with keys that cost a key derivation. */
export interface LoadProgress {
  readonly done: number;
  readonly total: number;
}

export interface OpenOptions {
  /**
   * The folder URL that holds the package's worker files, for programs that move them (a packed Electron app).
   * Default: beside this package's own files. The code there sees every secret.
   */
  readonly workers?: URL;
  /** Told, a few times a second at most, while keystores are opened. What it throws is an uncaught error. */
  readonly onProgress?: (progress: LoadProgress) => void;
}
