// The program's exit codes (those of sysexits.h where it has one), and which error ends with which. No text is printed
// here.
import { VaultError, type VaultErrorCode } from '../errors.js';

export const EXIT = {
  ok: 0,
  /** The signature is not valid, or the operation failed. */
  failed: 1,
  usage: 64,
  /** A file that was read is not what it should be: damaged, altered, or of another kind. */
  badData: 65,
  inputMissing: 66,
  internal: 70,
  /** The output cannot be created: it exists, or its folder cannot be written to. */
  cannotCreate: 73,
  /** Somebody else has it now: try again. */
  busy: 75,
  /** The password is wrong, or the key's policy does not allow this. */
  notPermitted: 77,
  /** The settings are wrong, or the vault did not start with them. */
  configuration: 78,
  interrupted: 130,
} as const;

export type CliErrorCode = 'ERR_USAGE' | 'ERR_INPUT' | 'ERR_SETTINGS' | 'ERR_CANCELLED' | 'ERR_DEMO';

const EXIT_OF_CLI_ERROR: Readonly<Record<CliErrorCode, number>> = {
  ERR_USAGE: EXIT.usage,
  ERR_INPUT: EXIT.inputMissing,
  ERR_SETTINGS: EXIT.configuration,
  ERR_CANCELLED: EXIT.interrupted,
  ERR_DEMO: EXIT.failed,
};

/** A failure of the program rather than of the vault. The message holds no content of any input. */
export class CliError extends Error {
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string) {
    super(message);
    this.name = 'CliError';
    this.code = code;
  }
}

const EXIT_OF_VAULT_ERROR: Readonly<Partial<Record<VaultErrorCode, number>>> = {
  ERR_SETTINGS: EXIT.configuration,
  ERR_VAULT_STARTUP: EXIT.configuration,
  ERR_SELF_TEST: EXIT.configuration,
  ERR_UNSAFE_RUNTIME: EXIT.configuration,
  ERR_PROVIDER_UNAVAILABLE: EXIT.configuration,
  ERR_MEMORY: EXIT.configuration,
  ERR_MEMORY_LOCK: EXIT.configuration,
  ERR_KDF_COST: EXIT.configuration,
  ERR_AUDIT_LOG: EXIT.configuration,
  ERR_SOURCE_NOT_FOUND: EXIT.inputMissing,
  ERR_SOURCE_UNREADABLE: EXIT.inputMissing,
  ERR_SOURCE_EMPTY: EXIT.inputMissing,
  ERR_SOURCE_TOO_LARGE: EXIT.inputMissing,
  ERR_SOURCE_NOT_FILE: EXIT.inputMissing,
  ERR_SOURCE_PERMISSIONS: EXIT.inputMissing,
  ERR_KEYSTORE: EXIT.badData,
  ERR_SEALED_FILE: EXIT.badData,
  ERR_MNEMONIC: EXIT.badData,
  ERR_PASSWORD: EXIT.notPermitted,
  ERR_NOT_ALLOWED: EXIT.notPermitted,
  ERR_FILE_LOCKED: EXIT.busy,
  ERR_FILE_EXISTS: EXIT.cannotCreate,
  ERR_FILE_WRITE: EXIT.cannotCreate,
  ERR_MEMORY_CORRUPTED: EXIT.internal,
  ERR_VAULT_CRASHED: EXIT.internal,
  ERR_REFUSED: EXIT.internal,
  ERR_INTERNAL: EXIT.internal,
};

export interface Failure {
  readonly code: string;
  readonly exitCode: number;
}

/** The code and exit code of whatever was thrown. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof CliError) return { code: error.code, exitCode: EXIT_OF_CLI_ERROR[error.code] };
  if (error instanceof VaultError)
    return { code: error.code, exitCode: EXIT_OF_VAULT_ERROR[error.code] ?? EXIT.failed };
  return { code: 'ERR_INTERNAL', exitCode: EXIT.internal };
};
