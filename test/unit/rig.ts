// Entries of the key table and sessions as the vault makes them, without a vault: no arena, no secrets, no ports.

import type { KeyPolicy } from '../../dist/src/wire/policy.js';
import type { KeyId, KeyType, Operation, Slot } from '../../dist/src/wire/types.js';
import type { KeyEntry } from '../../dist/workers/vault/key-table.js';
import type { Lifetime } from '../../dist/workers/vault/lifetime.js';
import { policyFor, statusesFor } from '../../dist/workers/vault/policy.js';
import type { Quota } from '../../dist/workers/vault/quota.js';
import type { Session } from '../../dist/workers/vault/sessions.js';

export interface Made {
  readonly id?: string;
  readonly slot?: number;
  readonly generation?: number;
  readonly policy?: KeyPolicy;
  /** What the key's file allows, at most. */
  readonly limit?: readonly Operation[];
  readonly quota?: Quota;
  readonly lifetime?: Lifetime;
}

/** An entry as `register` makes it, of a key that is in no slot. */
export const entryOf = (type: KeyType, made: Made = {}): KeyEntry => {
  const policy = policyFor(type, made.policy ?? {}, made.limit);
  const { allow, schemes } = policy;
  return {
    info: {
      id: made.id ?? type,
      type,
      publicKey: new Uint8Array(32),
      provider: 'native',
      source: 'generate',
      allow,
      schemes,
      state: 'ready',
      limits: {},
    },
    policy,
    statuses: statusesFor(type, policy),
    quota: made.quota,
    lifetime: made.lifetime,
    origin: undefined,
    uses: [],
    handle: { slot: (made.slot ?? 0) as Slot, generation: made.generation ?? 0 },
    inFlight: 0,
    gone: undefined,
    drained: [],
  };
};

export const idOf = ({ info }: KeyEntry): KeyId => info.id as KeyId;

/** The owner, unless it is said otherwise. */
export const sessionOf = (fields: Partial<Session> = {}): Session => {
  const session: Session = {
    number: 0,
    parent: undefined,
    get root() {
      return session.parent === undefined || session.parent.parent === undefined ? session : session.parent.root;
    },
    grant: undefined,
    statuses: undefined,
    quotas: [],
    pending: 0,
    pendingBytes: 0,
    isOver: () => false,
    sees: () => true,
    assertGranted: () => undefined,
    ...fields,
  };
  return session;
};
