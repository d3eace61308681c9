// What a key may be asked to do. Decided when it is registered, and looked at before any work on it.
import { VaultError } from '../../src/errors.js';
import { type KeyType, OPERATIONS_OF_TYPE, type Operation } from '../../src/wire/types.js';
import type { KeyEntry } from './key-table.js';

/** What a key is allowed: all of its type but 'export', unless its policy says; and never more than its file says. */
export const allowedOf = (
  type: KeyType,
  policy: readonly Operation[] | undefined,
  limit?: readonly Operation[],
): readonly Operation[] => {
  const wanted = policy ?? limit ?? OPERATIONS_OF_TYPE[type].filter((operation) => operation !== 'export');
  return OPERATIONS_OF_TYPE[type].filter(
    (operation) => wanted.includes(operation) && (limit === undefined || limit.includes(operation)),
  );
};

/** @throws {VaultError} ERR_NOT_ALLOWED - the key's policy does not name the operation. */
export const assertAllowed = ({ info }: KeyEntry, operation: Operation): void => {
  if (info.allow.includes(operation)) return;
  throw new VaultError('ERR_NOT_ALLOWED', `the policy of the key "${info.id}" does not allow "${operation}"`, {
    keyId: info.id,
  });
};
