// Operators whose input does not go into frames: each answers one call, in this thread.
import { VaultError } from '../../src/errors.js';
import { STATUS_CODES } from '../../src/wire/frame.js';
import { parsePath } from '../../src/wire/path.js';
import type { WireExecuteRequest } from '../../src/wire/requests.js';
import { type ExtendedPublicKey, OPERATIONS_OF_TYPE } from '../../src/wire/types.js';
import { extendedPublicKey } from '../derive/derive.js';
import { secretIn } from '../providers/secret-in.js';
import { wipeStack } from '../wipe-stack.js';
import { refund, take } from './admission.js';
import type { KeyEntry } from './key-table.js';
import type { OpenVault } from './open.js';
import { assertAllowed } from './policy.js';
import type { Session } from './sessions.js';

const executeExtendedPublicKey = (vault: OpenVault, entry: KeyEntry, path: string): ExtendedPublicKey => {
  const steps = parsePath('secp256k1', path);
  if (typeof steps === 'string')
    throw new VaultError('ERR_REFUSED', `the vault refused the call: expected a path: ${steps}`);
  try {
    const seed = secretIn(vault.store.view(entry.handle.slot), 'seed');
    return extendedPublicKey(seed, steps, vault.scratch, vault.tools);
  } finally {
    vault.scratch.fill(0);
    wipeStack();
  }
};

/**
 * @throws {VaultError} ERR_OPERATION_UNSUPPORTED, ERR_NOT_ALLOWED, the codes of limits, and those of the operator.
 */
export const execute = async (
  vault: OpenVault,
  session: Session,
  entry: KeyEntry,
  request: WireExecuteRequest,
): Promise<unknown> => {
  const { operator } = request;
  const { id, type } = entry.info;
  const isCustom = operator !== 'extendedPublicKey' && operator !== 'provePossession';
  if (!isCustom && !OPERATIONS_OF_TYPE[type].includes(operator)) {
    throw new VaultError(
      'ERR_OPERATION_UNSUPPORTED',
      `the key "${id}" is of type ${type}, which has no "${operator}"`,
      {
        keyId: id,
      },
    );
  }
  assertAllowed(entry, operator);
  const signatures = operator === 'provePossession' ? 1 : 0;
  const status = take(entry, session, 1, signatures, performance.now());
  if (status !== 0)
    throw new VaultError(STATUS_CODES[status] as Exclude<(typeof STATUS_CODES)[number], 'OK'>, undefined, {
      keyId: id,
    });
  vault.lock.touch();
  vault.table.begin(entry);
  let done = false;
  try {
    const answer =
      operator === 'extendedPublicKey' && 'path' in request
        ? executeExtendedPublicKey(vault, entry, request.path)
        : operator === 'provePossession'
          ? await vault.provePossession(entry)
          : await vault.operators.run(entry, request as Extract<WireExecuteRequest, { input: unknown }>, session);
    done = true;
    return answer;
  } finally {
    if (!done) refund(entry, session, signatures);
    vault.table.end(entry);
    if (entry.quota !== undefined) vault.sessions.tellLeft([entry], session);
  }
};
