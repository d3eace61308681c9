// The one error type of the package. It holds codes, ids, types and lengths; it never holds a value that a caller,
// a file or an environment variable supplied.

/** Every code that a {@link VaultError} can carry, with what it means. Codes are stable across releases. */
export const VAULT_ERROR_CODES = {
  /** The settings are not valid; `problems` lists every mistake with its path. */
  ERR_SETTINGS: 'the settings are not valid',
  /** `hardening` is 'strict' and the process lets others see or change what it holds; `problems` lists every reason. */
  ERR_UNSAFE_RUNTIME: 'the process is not safe for keys',
  /** At least one listed key could not be registered; `failures` lists all of them. */
  ERR_VAULT_STARTUP: 'the vault did not start',
  /** The vault was closed, or is closing. */
  ERR_VAULT_CLOSED: 'the vault is closed',
  /** The vault thread ended without being asked to. */
  ERR_VAULT_CRASHED: 'the vault thread ended unexpectedly',
  /** More operations are waiting than `maxPending` or `maxPendingBytes` allows. */
  ERR_VAULT_BUSY: 'too many operations are waiting',
  /** The signer threads failed repeatedly on this operation. */
  ERR_SIGNER_FAILED: 'the signer threads failed',
  /** A known-answer self-test of a provider failed; nothing is signed with it. */
  ERR_SELF_TEST: 'a known-answer self-test failed',
  /** The message on the port is not one that the vault accepts. */
  ERR_REFUSED: 'the vault refused the message',
  /** A bug in the vault: the operation failed for a reason that has no code of its own. */
  ERR_INTERNAL: 'internal error',
  /** The key arena could not be allocated. */
  ERR_MEMORY: 'the key arena could not be allocated',
  /** `memory.lock` is 'require' and the arena could not be locked. */
  ERR_MEMORY_LOCK: 'the key arena could not be locked',
  /** A canary beside a secret was overwritten. Every key was wiped and the vault ended. */
  ERR_MEMORY_CORRUPTED: 'the key arena was overwritten',
  /** The arena holds `memory.maxKeys` keys already. */
  ERR_ARENA_FULL: 'the key arena is full',
  /** A provider was asked for by name and is not available on this machine. */
  ERR_PROVIDER_UNAVAILABLE: 'the provider is not available',
  /** No key of that id is registered, or it was released. */
  ERR_KEY_NOT_FOUND: 'no such key',
  /** A key of that id is registered already. */
  ERR_KEY_EXISTS: 'the key id is taken',
  /** The key's type does not have that operation. */
  ERR_OPERATION_UNSUPPORTED: 'the key type does not have this operation',
  /** The key's type does not have that signature scheme. */
  ERR_SCHEME_UNSUPPORTED: 'the key type does not have this scheme',
  /** `verifyAfterSign` is on and the signature did not verify; it was withheld. */
  ERR_SIGNATURE_FAULT: 'the signature did not verify and was withheld',
  /** The source does not exist: no such file, or an environment variable that is not set. */
  ERR_SOURCE_NOT_FOUND: 'the source does not exist',
  /** The source exists and could not be read. */
  ERR_SOURCE_UNREADABLE: 'the source could not be read',
  /** The source is there and holds nothing. */
  ERR_SOURCE_EMPTY: 'the source is empty',
  /** The source is larger than the vault reads (64 KiB). */
  ERR_SOURCE_TOO_LARGE: 'the source is too large',
  /** The path names a directory or another thing that is not a regular file. */
  ERR_SOURCE_NOT_FILE: 'the source is not a regular file',
  /** The key file is readable by its group or by others. */
  ERR_SOURCE_PERMISSIONS: 'the key file is readable by others',
  /** The file to be written exists; it is never overwritten. */
  ERR_FILE_EXISTS: 'the file exists',
  /** The file could not be written. */
  ERR_FILE_WRITE: 'the file could not be written',
  /** The text or container around the key is malformed, or is not of the named encoding. */
  ERR_KEY_ENCODING: 'the encoding of the key is malformed',
  /** The key decoded, and its length is not the type's. */
  ERR_KEY_LENGTH: 'the key has the wrong length',
  /** The key is zero or not below the order of its group. */
  ERR_KEY_RANGE: 'the key is out of range',
  /** The container holds a key of another algorithm or curve. */
  ERR_KEY_CURVE: 'the key is of another algorithm',
  /** The mnemonic has a word that is not of its list, a number of words that none has, or a checksum that is wrong. */
  ERR_MNEMONIC: 'the mnemonic is not valid',
  /** The key to derive from is missing, is not a seed, or itself waits for this one. */
  ERR_SEED: 'there is no seed to derive from',
  /** The keystore is malformed, or of a kind or version that is not read; the message names the field. */
  ERR_KEYSTORE: 'the keystore is malformed',
  /** The password does not open the file, or the file was altered: the two cannot be told apart. */
  ERR_PASSWORD: 'the password is wrong, or the file was altered',
  /** The file asks for a key derivation that takes more memory or work than the limit. */
  ERR_KDF_COST: 'the key derivation costs more than the limit',
  /** The sealed file is torn, truncated, altered, or of a version that is not read. */
  ERR_SEALED_FILE: 'the sealed file is damaged',
  /** Another program is writing the sealed file. */
  ERR_FILE_LOCKED: 'the file is being written by another program',
  /** The key's policy does not allow the operation. */
  ERR_NOT_ALLOWED: "the key's policy does not allow the operation",
  /** The key's policy does not name the signature scheme. */
  ERR_SCHEME_NOT_ALLOWED: "the key's policy does not allow the scheme",
  /** The key has made as many signatures as its `maxSignatures` allows. */
  ERR_KEY_EXHAUSTED: 'the key has made all the signatures that its policy allows',
  /** More operations in a moment than the `perSecond` of the key's policy, or of the port's grant, allows. */
  ERR_RATE_LIMITED: 'too many operations a second',
  /** The key's `expiresInMs` have passed: it was wiped. */
  ERR_KEY_EXPIRED: 'the key has expired',
  /** The key was not used for its `idleMs`: it was wiped. */
  ERR_KEY_IDLE: 'the key was idle for too long',
  /** The vault is locked: its keys are wiped until it is unlocked. */
  ERR_VAULT_LOCKED: 'the vault is locked',
  /** Keys without an encrypted source would be lost by locking, and the caller did not want that; `failures` lists them. */
  ERR_LOCK_REFUSED: 'keys would be lost by locking',
  /** Wrong passwords were given: the next attempt is refused until some time has passed. */
  ERR_UNLOCK_DELAYED: 'too soon after a wrong password',
  /** The port was not granted the operation on the key. */
  ERR_NOT_GRANTED: 'the port was not granted the operation',
  /** The grant is malformed, or wider than that of the port which asks for it. */
  ERR_GRANT: 'the grant cannot be made',
  /** The port has made as many signatures as its grant allows. */
  ERR_GRANT_EXHAUSTED: 'the port has made all the signatures that its grant allows',
  /** The port's grant was revoked, or its `expiresInMs` have passed. */
  ERR_GRANT_REVOKED: "the port's grant was revoked",
  /** The other side's public key is malformed, not on the curve, or of low order. */
  ERR_PEER_KEY: "the other side's public key is not valid",
  /** The ciphertext is not what was encrypted with this key and this associated data. */
  ERR_DECRYPTION: 'the ciphertext or its associated data was altered, or is of another key',
  /** An operator of the settings cannot be loaded; the message names it. */
  ERR_OPERATOR: 'the operator could not be loaded',
  /** The operator of the settings refused its input. */
  ERR_OPERATOR_INPUT: 'the operator refused the input',
  /** The operator of the settings failed, or answered what may not leave the vault. */
  ERR_OPERATOR_FAILED: 'the operator failed',
  /** The operator of the settings took longer than it may. */
  ERR_OPERATOR_TIMEOUT: 'the operator took too long',
  /** The audit log cannot be written, or is not one that can be continued. */
  ERR_AUDIT_LOG: 'the audit log could not be written',
} as const;

export type VaultErrorCode = keyof typeof VAULT_ERROR_CODES;

/** One key that could not be registered at start. */
export interface StartupFailure {
  readonly id: string;
  readonly code: VaultErrorCode;
  readonly reason: string;
}

/** One mistake in the settings: `path` as in `keys["node/identity"].from.env`. Or one reason not to start. */
export interface SettingsProblem {
  readonly path: string;
  readonly reason: string;
}

/** What crosses the wire in place of an error. */
export interface ErrorRecord {
  readonly code: VaultErrorCode;
  readonly message: string;
  readonly keyId?: string;
  readonly failures?: readonly StartupFailure[];
  readonly problems?: readonly SettingsProblem[];
}

export interface VaultErrorDetails {
  readonly keyId?: string | undefined;
  readonly failures?: readonly StartupFailure[] | undefined;
  readonly problems?: readonly SettingsProblem[] | undefined;
}

/**
 * The error of every failure that is not a caller's bug (those are TypeError and RangeError).
 *
 * `code` is stable. `keyId` names the key where there is one; `failures` is set with `ERR_VAULT_STARTUP` and
 * `problems` with `ERR_SETTINGS` and `ERR_UNSAFE_RUNTIME`. No field ever holds a secret or any other value from a source.
 */
export class VaultError extends Error {
  readonly code: VaultErrorCode;
  // Declared only: an error shows no field that it does not have.
  declare readonly keyId?: string;
  declare readonly failures?: readonly StartupFailure[];
  declare readonly problems?: readonly SettingsProblem[];

  constructor(code: VaultErrorCode, message: string = VAULT_ERROR_CODES[code], details: VaultErrorDetails = {}) {
    super(message);
    this.name = 'VaultError';
    this.code = code;
    if (details.keyId !== undefined) this.keyId = details.keyId;
    if (details.failures !== undefined) this.failures = details.failures;
    if (details.problems !== undefined) this.problems = details.problems;
  }
}

/** The record of an error for the wire. Errors that are not ours keep nothing but the fact: their text may hold values. */
export const toErrorRecord = (error: unknown): ErrorRecord => {
  if (!(error instanceof VaultError)) return { code: 'ERR_INTERNAL', message: VAULT_ERROR_CODES.ERR_INTERNAL };
  return {
    code: error.code,
    message: error.message,
    ...(error.keyId !== undefined && { keyId: error.keyId }),
    ...(error.failures !== undefined && { failures: error.failures }),
    ...(error.problems !== undefined && { problems: error.problems }),
  };
};

/** The error that a record stands for, with a stack of this thread. */
export const fromErrorRecord = (record: ErrorRecord): VaultError => new VaultError(record.code, record.message, record);
