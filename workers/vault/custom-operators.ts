// The operators of the settings at work: in this thread, or in a signer if the operator asks for that.
import { fromErrorRecord, VaultError } from '../../src/errors.js';
import type { WireExecuteRequest } from '../../src/wire/requests.js';
import type { KeyStore } from '../arena/key-store.js';
import type { Operators } from '../custom/load.js';
import { runOperator } from '../custom/run.js';
import { secretIn } from '../providers/secret-in.js';
import { GONE_CODES, type KeyEntry } from './key-table.js';
import type { Session } from './sessions.js';
import type { SignerPool } from './signer-pool.js';
import { createWaitingLine } from './waiting-line.js';

type CustomRequest = Extract<WireExecuteRequest, { readonly input: unknown }>;

export interface CustomOperators {
  /** @throws {VaultError} ERR_OPERATION_UNSUPPORTED, ERR_VAULT_BUSY, ERR_OPERATOR_INPUT, ERR_OPERATOR_FAILED, ERR_OPERATOR_TIMEOUT, ERR_SIGNER_FAILED */
  run(entry: KeyEntry, request: CustomRequest, session: Session): Promise<unknown>;
}

/**
 * One call for each signer at a time: Piscina's queue is for batches, and refuses what does not fit. Ports that wait have
 * their calls done in turn.
 */
const createTurns = (signers: number) => {
  const line = createWaitingLine();
  let running = 0;
  return async <T>(session: Session, work: () => Promise<T>): Promise<T> => {
    if (running < signers) running++;
    else await line.wait(session);
    try {
      return await work();
    } finally {
      const call = line.next();
      if (call === undefined) running--;
      else call();
    }
  };
};

export const createCustomOperators = (operators: Operators, store: KeyStore, pool: SignerPool): CustomOperators => {
  const inTurn = createTurns(pool.threads);
  return {
    async run(entry, { operator: name, input }, session) {
      const { info, handle } = entry;
      const operator = operators.get(name);
      if (operator === undefined) {
        throw new VaultError('ERR_OPERATION_UNSUPPORTED', `the settings have no operator "${name}"`, {
          keyId: info.id,
        });
      }
      const { id, type, publicKey } = info;
      if (!operator.pool) {
        const secretInArena = secretIn(store.view(handle.slot), type);
        return runOperator(operator, { id, type, publicKey, secretInArena }, input);
      }
      const outcome = await inTurn(session.root, async () => {
        // Its key may have ended while it waited.
        const { gone } = entry;
        if (gone !== undefined && gone !== 'released') throw new VaultError(GONE_CODES[gone], undefined, { keyId: id });
        return pool.operate({ name, id, type, publicKey, handle, input });
      });
      if (outcome.ok) return outcome.value;
      throw fromErrorRecord(outcome.error);
    },
  };
};
