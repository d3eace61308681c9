// What the tests of settings share: reading settings that must be refused, and looking for values in what comes out.
import type { VaultError } from '../../dist/src/errors.js';
import type { Environment } from '../../dist/src/settings/environment.js';
import { readSettings } from '../../dist/src/settings/read.js';
import type { Settings } from '../../dist/src/vault.js';
import { assert } from '../support/assert.js';

/** The error of a call that must throw a VaultError. */
export const vaultError = (run: () => unknown): VaultError => {
  try {
    run();
  } catch (error) {
    assert.is((error as Error).name, 'VaultError');
    return error as VaultError;
  }
  return assert.unreachable('expected a VaultError, got none') as never;
};

/** The error of settings that must be refused. Takes anything: most of what is refused has no type. */
export const refused = (input: unknown, environment: Environment = {}): VaultError => {
  const error = vaultError(() => readSettings(input as Settings, environment));
  assert.is(error.code, 'ERR_SETTINGS');
  assert.ok(error.problems !== undefined && error.problems.length > 0, 'an ERR_SETTINGS has problems');
  return error;
};

/** The problems of refused settings, as `path: reason`. */
export const problemsOf = (input: unknown, environment: Environment = {}): string[] =>
  (refused(input, environment).problems ?? []).map(({ path, reason }) => `${path}: ${reason}`);

/** Everything that an error shows to anyone. */
export const allTextOf = (error: VaultError): string =>
  [error.message, error.stack, error.keyId, JSON.stringify(error), JSON.stringify(error.problems)].join('\n');
