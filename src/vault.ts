// The public types: what a caller gives and gets. No code but types lives here.
import type { SettingsProblem, StartupFailure, VaultError } from './errors.js';
import type { KeyInfo, Residue, VaultInfo } from './wire/info.js';
import type { MnemonicLanguage } from './wire/languages.js';
import type { Encoding, ExtendedPublicKey, HashName, KeyType, Operation, ProviderName, Scheme } from './wire/types.js';

export type {
  Encoding,
  ExtendedPublicKey,
  HashName,
  KeyInfo,
  KeyType,
  MnemonicLanguage,
  Operation,
  ProviderName,
  Residue,
  Scheme,
  SettingsProblem,
  StartupFailure,
  VaultInfo,
};

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

export interface KeySpec {
  readonly type: KeyType;
  readonly from: KeySource;
  /**
   * What the key may be asked to do: `sign`, `derive`, `extendedPublicKey`, `export`. Default: everything that its type
   * can do, but for `export`. A key of a sealed file is not allowed more than the file says,
   * and a derived key may be exported only if its seed may be.
   */
  readonly allow?: readonly Operation[];
}

/** Many keys by one line. */
export type KeyLoad =
  /**
   * Every keystore of a folder and of its folders: `*.json`.
   *
   * `passwords` is a folder with a file for each, or the source of one password for all. In the folder a password is
   * named like its keystore, with or without `.txt` in place of `.json`, or like the public key, with or without 0x.
   * `id` holds `{pubkey}` (hex without 0x), `{address}` (of secp256k1) or `{name}` (of the file, without `.json`).
   */
  | {
      readonly keystores: string;
      readonly passwords: string | { readonly folder: string; readonly allowSharedFile?: boolean } | SecretSource;
      readonly id: string;
      readonly allow?: readonly Operation[];
    }
  /** Every key of a sealed file. `id` holds `{id}`, the key's id there; default `{id}`. */
  | {
      readonly sealed: string;
      readonly password: SecretSource;
      readonly id?: string;
      readonly allow?: readonly Operation[];
    };

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

/** How costly the key derivation of a file that is written shall be. */
export interface SealingCost {
  /** Argon2id: bytes of memory, a multiple of 1,024. Default 256 MiB. */
  readonly memory?: number;
  /** Argon2id: passes over that memory. Default 3. */
  readonly passes?: number;
}

export interface SealRequest {
  /** The sealed file. It is created with mode 0600, or the keys are added to those that it holds. */
  readonly file: string;
  readonly password: SecretSource;
  /** The keys to write: ids of this vault. Default: all. Each must allow `export`. */
  readonly ids?: readonly string[];
  /** What the keys in the file may be asked to do. Default: everything that their types can do, but for `export`. */
  readonly allow?: readonly Operation[];
  /** Of a new file; one that exists keeps its own. */
  readonly cost?: SealingCost;
}

export interface ResealRequest {
  readonly file: string;
  readonly password: SecretSource;
  readonly newPassword: SecretSource;
  readonly cost?: SealingCost;
}

export interface ExportRequest {
  /** The keystore to create, with mode 0600: EIP-2335 for bls12-381, Web3 Secret Storage for secp256k1. */
  readonly file: string;
  readonly password: SecretSource;
  /** scrypt's N, a power of two from 1,024. Default 262,144. r is 8 and p is 1. */
  readonly n?: number;
}

export interface SignOptions {
  /** secp256k1: 'ecdsa' (default), 'ecdsa-recoverable' or 'schnorr'. Other types have one scheme each. */
  readonly scheme?: Scheme;
  /** secp256k1 only: hash the message inside the vault first. Without it, ECDSA takes a 32-byte digest. */
  readonly hash?: HashName;
  /** schnorr only: 32 bytes of auxiliary randomness (BIP-340) in place of fresh ones. For test vectors. */
  readonly auxRand?: Uint8Array;
}

export type VerifyOptions = Pick<SignOptions, 'scheme' | 'hash'>;

/** How a vault ended: `error` is set when it was not closed by its owner. */
export interface VaultEnd {
  /** 'unsafe-runtime': under `hardening: 'strict'`, an inspector was opened in the process. */
  readonly reason: 'closed' | 'crashed' | 'unsafe-runtime';
  readonly error?: VaultError;
}

export interface Vault extends AsyncDisposable {
  /**
   * Load or generate a key inside the vault, under an id.
   *
   * @param id - 1 to 128 characters, `[A-Za-z0-9][A-Za-z0-9._:/-]*`.
   * @throws {VaultError} ERR_KEY_EXISTS, ERR_ARENA_FULL, or the code of a source or key that cannot be loaded.
   * @throws {TypeError} an id or specification of the wrong shape.
   */
  register(id: string, spec: KeySpec): Promise<KeyInfo>;

  /**
   * The public key of a registered key: 32 bytes (ed25519, x25519), 33 (secp256k1, compressed) or 48 (bls12-381).
   *
   * @throws {VaultError} ERR_KEY_NOT_FOUND
   */
  publicKey(id: string): Promise<Uint8Array>;

  /**
   * Sign a message with a key that stays inside the vault.
   *
   * @param id - a registered key id.
   * @param message - any length for ed25519, bls12-381 and schnorr; exactly 32 bytes for ECDSA unless
   *   `options.hash` is given. Copied before the call returns: the caller may reuse it at once.
   * @returns 64 bytes (ed25519; ecdsa, low-s; schnorr), 65 (ecdsa-recoverable: r ‖ s ‖ recovery id) or 96 (bls12-381).
   * @throws {VaultError} ERR_KEY_NOT_FOUND - no such id, or it was released.
   * @throws {VaultError} ERR_OPERATION_UNSUPPORTED, ERR_SCHEME_UNSUPPORTED - not of this key's type.
   * @throws {VaultError} ERR_VAULT_BUSY - `maxPending` operations are waiting already.
   * @throws {VaultError} ERR_VAULT_CLOSED, ERR_VAULT_CRASHED - the vault ended before it answered.
   * @throws {VaultError} ERR_SIGNER_FAILED, ERR_SIGNATURE_FAULT - no signature could be made that verifies.
   * @throws {TypeError} a message or option of the wrong type.
   * @throws {RangeError} a digest that is not 32 bytes, or a message over 256 MiB.
   * @see RFC 8032 §5.1.6, RFC 6979 §3.2, BIP-340, draft-irtf-cfrg-bls-signature §3.2
   */
  sign(id: string, message: Uint8Array, options?: SignOptions): Promise<Uint8Array>;

  /**
   * Sign many messages with one key: all signatures, in order, or one error.
   *
   * @throws as {@link Vault.sign}; no signature is returned when one cannot be made.
   */
  signMany(id: string, messages: readonly Uint8Array[], options?: SignOptions): Promise<Uint8Array[]>;

  /**
   * One aggregate BLS signature of several keys over one message.
   *
   * @param ids - at least one id of type bls12-381, each once.
   * @returns 96 bytes, compressed G2; verifies against the aggregate of the public keys.
   * @throws {VaultError} ERR_OPERATION_UNSUPPORTED - a key of another type.
   * @throws {TypeError} no ids, or an id twice.
   * @see draft-irtf-cfrg-bls-signature §2.8
   */
  signTogether(ids: readonly string[], message: Uint8Array): Promise<Uint8Array>;

  /**
   * Whether a signature is this key's over this message.
   *
   * ed25519: RFC 8032 §5.1.7, canonical encodings and no small-order points. ECDSA: 64 bytes, low-s only
   * (ecdsa-recoverable: 65 bytes, and the recovery id must lead to this key). BLS: subgroup-checked.
   * A malformed signature is not an error: it is not valid.
   */
  verify(id: string, message: Uint8Array, signature: Uint8Array, options?: VerifyOptions): Promise<boolean>;

  /**
   * Release a key: refuse new work on it, wait for its work in flight, wipe it. Resolves once it is wiped in every thread.
   *
   * @throws {VaultError} ERR_KEY_NOT_FOUND
   */
  release(id: string): Promise<void>;

  /**
   * Let an operator work with a key.
   *
   * `extendedPublicKey`, of a seed: the secp256k1 public key of a BIP-32 path, its chain code and its xpub text.
   *
   * @throws {VaultError} ERR_KEY_NOT_FOUND, ERR_OPERATION_UNSUPPORTED, ERR_NOT_ALLOWED
   * @throws {TypeError} an unknown operator, or an input that it does not take.
   */
  execute(id: string, operator: 'extendedPublicKey', input: { readonly path: string }): Promise<ExtendedPublicKey>;

  /**
   * Write keys of this vault into a sealed file. Every key that has its id there already is an error: nothing is written.
   *
   * @returns how many keys the file holds.
   * @throws {VaultError} ERR_NOT_ALLOWED - a key whose policy does not allow `export`.
   * @throws {VaultError} ERR_KEY_EXISTS, ERR_PASSWORD, ERR_SEALED_FILE, ERR_FILE_LOCKED, ERR_FILE_WRITE, ERR_KDF_COST
   */
  seal(request: SealRequest): Promise<number>;

  /**
   * Write a key into a new encrypted keystore.
   *
   * @throws {VaultError} ERR_NOT_ALLOWED - the key's policy does not allow `export`.
   * @throws {VaultError} ERR_OPERATION_UNSUPPORTED - a type that no keystore holds.
   * @throws {VaultError} ERR_FILE_EXISTS - it is never overwritten. ERR_FILE_WRITE, ERR_KDF_COST
   */
  exportKeystore(id: string, request: ExportRequest): Promise<void>;

  /** What the vault runs on: threads, the provider of each key type, what a released key may leave, and the true state of its memory. */
  info(): VaultInfo;

  /** The registered keys: ids, types and public keys. */
  keys(): KeyInfo[];

  /** Settles when the vault ends, with the reason. Never rejects. */
  readonly closed: Promise<VaultEnd>;

  /** Answer the work that was accepted, refuse more, wipe every key, end every thread. */
  close(): Promise<void>;
}
