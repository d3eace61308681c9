// The package's one entry.
export { VaultError, type VaultErrorCode } from './errors.js';
export { openVault } from './open.js';
export type * from './vault.js';
