// One operator of the settings at work in a signer thread, on a key that it reads in place.
import { type ErrorRecord, toErrorRecord, VaultError } from '../../src/errors.js';
import type { CustomOperation, KeyHandle, KeyType } from '../../src/wire/types.js';
import type { Slots } from '../arena/slots.js';
import type { Operators } from '../custom/load.js';
import { runOperator } from '../custom/run.js';
import { secretIn } from '../providers/secret-in.js';

/** Public: the key by its slot, and what the caller sent. */
export interface OperateTask {
  readonly name: CustomOperation;
  readonly id: string;
  readonly type: KeyType;
  readonly publicKey: Uint8Array;
  readonly handle: KeyHandle;
  readonly input: unknown;
}

/** An error that was thrown would lose its code on its way. */
export type OperateOutcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorRecord };

export const operateOn = (task: OperateTask, operators: Operators, slots: Slots): OperateOutcome => {
  const { name, id, type, publicKey, handle, input } = task;
  try {
    const operator = operators.get(name);
    if (operator === undefined) throw new VaultError('ERR_OPERATION_UNSUPPORTED');
    if (slots.generation(handle.slot) !== handle.generation) throw new VaultError('ERR_KEY_NOT_FOUND');
    const secretInArena = secretIn(slots.view(handle.slot), type);
    return { ok: true, value: runOperator(operator, { id, type, publicKey, secretInArena }, input) };
  } catch (error) {
    return { ok: false, error: toErrorRecord(error) };
  }
};
