// The package's one entry.
export { VaultError, type VaultErrorCode } from './errors.js';
export { openVault } from './open.js';
export type {
  Encoding,
  HashName,
  KeyInfo,
  KeySource,
  KeySpec,
  KeyType,
  OpenOptions,
  ProviderName,
  Residue,
  Scheme,
  Settings,
  SettingsProblem,
  SignOptions,
  StartupFailure,
  Vault,
  VaultEnd,
  VaultInfo,
  VerifyOptions,
} from './vault.js';
