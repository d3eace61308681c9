// What a call asked for, in the words of policies: for the journal. The arguments may be anything: only what is well
// formed is taken from them.
import { isKeyId } from '../../src/wire/check.js';
import type { VaultMethods } from '../../src/wire/protocol.js';
import { isCustomOperation, OPERATORS } from '../../src/wire/types.js';

export interface Asked {
  readonly operation: string;
  readonly ids: readonly string[] | 'all';
}

const NONE: readonly string[] = [];

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

const one = (id: unknown): readonly string[] => (isKeyId(id) ? [id] : NONE);

/** @param args - those of the call, not checked. */
export const askedOf = (method: keyof VaultMethods, [first]: readonly unknown[]): Asked => {
  switch (method) {
    case 'publicKey':
    case 'release':
      return { operation: method, ids: one(first) };
    case 'verify':
      return { operation: method, ids: one(fieldOf(first, 'id')) };
    case 'execute': {
      const operation = fieldOf(first, 'operator');
      const isKnown = OPERATORS.some((name) => name === operation) || isCustomOperation(operation);
      return { operation: isKnown ? (operation as string) : method, ids: one(fieldOf(first, 'id')) };
    }
    case 'exportKeystore':
      return { operation: 'export', ids: one(fieldOf(first, 'id')) };
    case 'seal': {
      const ids = fieldOf(first, 'ids');
      return { operation: 'export', ids: Array.isArray(ids) ? ids.filter(isKeyId) : 'all' };
    }
    default:
      return { operation: method, ids: NONE };
  }
};
