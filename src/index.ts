// The package's one entry.
export { VaultError, type VaultErrorCode } from './errors.js';
export { openVault } from './open.js';
export { resealFile } from './sealed-file.js';
export type {
  Encoding,
  ExportRequest,
  ExtendedPublicKey,
  HashName,
  KeyInfo,
  KeyLoad,
  KeySource,
  KeySpec,
  KeyType,
  LoadProgress,
  MnemonicLanguage,
  OpenOptions,
  Operation,
  ProviderName,
  ResealRequest,
  Residue,
  Scheme,
  SealingCost,
  SealRequest,
  SecretSource,
  Settings,
  SettingsProblem,
  SignOptions,
  StartupFailure,
  Vault,
  VaultEnd,
  VaultInfo,
  VerifyOptions,
} from './vault.js';
