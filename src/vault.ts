// The public types: what a caller gives and gets. No code but types lives here.
import type { EventEmitter } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import type { SettingsProblem, StartupFailure, VaultError } from './errors.js';
import type { KeySpec, SecretSource } from './settings/types.js';
import type { GoneReason, VaultEvent, VaultEventType } from './wire/events.js';
import type { GrantedOperation, WireGrant as GrantRequest } from './wire/grants.js';
import type { KeyInfo, KeyLimits, Residue, VaultInfo } from './wire/info.js';
import type { MnemonicLanguage } from './wire/languages.js';
import type { AgreeInput, FrameInputs } from './wire/operators.js';
import type { LockReply } from './wire/protocol.js';
import type { LockChoice } from './wire/specs.js';
import type { VaultStats } from './wire/stats.js';
import type {
  CustomOperation,
  Encoding,
  ExtendedPublicKey,
  HashName,
  KeyType,
  Operation,
  Operator,
  ProviderName,
  Scheme,
} from './wire/types.js';

export type {
  KeyLoad,
  KeyPolicy,
  KeySource,
  KeySpec,
  LoadProgress,
  OpenOptions,
  SecretSource,
  Settings,
} from './settings/types.js';
export type {
  AgreeInput,
  CustomOperation,
  Encoding,
  ExtendedPublicKey,
  GoneReason,
  GrantedOperation,
  GrantRequest,
  HashName,
  KeyInfo,
  KeyLimits,
  KeyType,
  LockReply,
  MnemonicLanguage,
  Operation,
  Operator,
  ProviderName,
  Residue,
  Scheme,
  SettingsProblem,
  StartupFailure,
  VaultEvent,
  VaultEventType,
  VaultInfo,
  VaultStats,
};

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

/** What each built-in operator takes. */
export interface OperatorInputs extends FrameInputs {
  /** Of a seed: the secp256k1 public key of a BIP-32 path. */
  readonly extendedPublicKey: { readonly path: string };
  /** Of a bls12-381 key: its signature over its own public key, 96 bytes. */
  readonly provePossession: undefined;
}

export interface OperatorAnswers extends Readonly<Record<Exclude<Operator, 'extendedPublicKey'>, Uint8Array>> {
  readonly extendedPublicKey: ExtendedPublicKey;
}

export interface LockOptions {
  /** What becomes of keys that no encrypted source can bring back: 'drop' (default), or 'refuse': nothing is locked then. */
  readonly unsealed?: LockChoice;
}

/** One password for every encrypted file, or one for each file by its path. */
export type UnlockPasswords =
  | Uint8Array
  | ArrayBuffer
  | SecretSource
  | { readonly files: Readonly<Record<string, SecretSource>> };

/** What happens in the vault, without secrets: see {@link VaultEvent}. */
export type VaultEvents = { [Type in VaultEventType]: [event: Extract<VaultEvent, { readonly type: Type }>] };

export type VerifyOptions = Pick<SignOptions, 'scheme' | 'hash'>;

/** How a vault ended: `error` is set when it was not closed by its owner. */
export interface VaultEnd {
  /**
   * 'unsafe-runtime': under `hardening: 'strict'`, an inspector was opened in the process. 'revoked': of a granted port,
   * its grant was revoked or has expired.
   */
  readonly reason: 'closed' | 'crashed' | 'unsafe-runtime' | 'revoked';
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
   * Let an operator work with a key inside the vault. Many calls at once share frames and the signers, as signatures do.
   *
   * @param operator - a built-in one (see {@link OperatorInputs}), or one of the settings.
   * @throws {VaultError} ERR_KEY_NOT_FOUND, ERR_OPERATION_UNSUPPORTED, ERR_NOT_ALLOWED
   * @throws {VaultError} ERR_PEER_KEY - the other side's key is malformed or of low order.
   * @throws {VaultError} ERR_DECRYPTION - what was encrypted was altered, or is of another key.
   * @throws {VaultError} ERR_OPERATOR_INPUT, ERR_OPERATOR_FAILED, ERR_OPERATOR_TIMEOUT - of an operator of the settings.
   * @throws {TypeError} an unknown operator, or an input that it does not take. @throws {RangeError} a length.
   */
  execute<O extends Operator>(
    id: string,
    operator: O,
    ...input: OperatorInputs[O] extends undefined ? [] : [input: OperatorInputs[O]]
  ): Promise<OperatorAnswers[O]>;
  execute(id: string, operator: CustomOperation, input?: unknown): Promise<unknown>;

  /**
   * A port for another thread, with fewer rights: {@link connectVault} makes a client of it there. A port grants onward
   * only what it has; when it ends, so do those that were granted of it.
   *
   * @throws {VaultError} ERR_GRANT - wider than the port's own rights.
   * @throws {TypeError} a grant of the wrong shape.
   */
  grant(request: GrantRequest): Promise<MessagePort>;

  /** End a grant that was made here. What its port waits for rejects with ERR_GRANT_REVOKED; of that, some may be done, and counted. */
  revoke(port: MessagePort): Promise<void>;

  /**
   * Wipe every key, once the work in flight is done. Keys of encrypted sources, and what derives from them, keep their ids
   * and public keys and wait for {@link unlock}; the others are lost.
   *
   * @returns the ids of both.
   * @throws {VaultError} ERR_LOCK_REFUSED - keys would be lost and `unsealed` is 'refuse'; `failures` lists them.
   */
  lock(options?: LockOptions): Promise<LockReply>;

  /**
   * Load again what was locked: all of it, or nothing. Without passwords, those are read again that the settings name files for.
   *
   * @param passwords - bytes are handed off: the caller's buffer is detached.
   * @returns the ids of the keys.
   * @throws {VaultError} ERR_PASSWORD; ERR_UNLOCK_DELAYED - after each wrong one, the next is refused for longer.
   * @throws {VaultError} the code of a file or key that cannot be loaded; `failures` lists all.
   */
  unlock(passwords?: UnlockPasswords): Promise<readonly string[]>;

  /** Counters and latencies, without secrets. */
  stats(): Promise<VaultStats>;

  /** What happens, as it happens: `vault.events.on('released', ({ id, reason }) => …)`. What a listener throws is an uncaught error. */
  readonly events: EventEmitter<VaultEvents>;

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
