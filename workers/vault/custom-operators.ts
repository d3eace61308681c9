// The operators of the settings at work: in this thread, or in a signer if the operator asks for that.
import { fromErrorRecord, VaultError } from '../../src/errors.js';
import type { WireExecuteRequest } from '../../src/wire/requests.js';
import type { KeyStore } from '../arena/key-store.js';
import type { Operators } from '../custom/load.js';
import { runOperator } from '../custom/run.js';
import { secretIn } from '../providers/secret-in.js';
import type { KeyEntry } from './key-table.js';
import type { SignerPool } from './signer-pool.js';

type CustomRequest = Extract<WireExecuteRequest, { readonly input: unknown }>;

export interface CustomOperators {
  /** @throws {VaultError} ERR_OPERATION_UNSUPPORTED, ERR_OPERATOR_INPUT, ERR_OPERATOR_FAILED, ERR_OPERATOR_TIMEOUT, ERR_SIGNER_FAILED */
  run(entry: KeyEntry, request: CustomRequest): Promise<unknown>;
}

/** Calls that may wait for a signer. */
const MAX_WAITING = 4096;

/** One call for each signer at a time: Piscina's queue is for batches, and refuses what does not fit. */
const createTurns = (signers: number) => {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < signers) running++;
    else if (waiting.length < MAX_WAITING) await new Promise<void>((resolve) => void waiting.push(resolve));
    else throw new VaultError('ERR_VAULT_BUSY', `${waiting.length} calls of operators are waiting`);
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
};

export const createCustomOperators = (operators: Operators, store: KeyStore, pool: SignerPool): CustomOperators => {
  const inTurn = createTurns(pool.threads);
  return {
    async run({ info, handle }, { operator: name, input }) {
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
      const outcome = await inTurn(() => pool.operate({ name, id, type, publicKey, handle, input }));
      if (outcome.ok) return outcome.value;
      throw fromErrorRecord(outcome.error);
    },
  };
};
