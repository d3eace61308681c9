// What a key may be asked to do. Decided when it is registered, and looked at before any work on it.
import { VaultError } from '../../src/errors.js';
import { schemeOf, statusOf } from '../../src/wire/frame.js';
import type { KeyInfo } from '../../src/wire/info.js';
import { OPERATOR_TYPES, operatorOf } from '../../src/wire/operators.js';
import type { KeyPolicy } from '../../src/wire/policy.js';
import {
  isCustomOperation,
  KEY_TYPE_FACTS,
  type KeyType,
  NAMED_ONLY,
  OPERATIONS_OF_TYPE,
  type Operation,
  type Scheme,
} from '../../src/wire/types.js';

/** A policy with what it does not say filled in. */
export interface Policy extends KeyPolicy {
  readonly allow: readonly Operation[];
  /** Of the type, those that the key may sign by. */
  readonly schemes: readonly Scheme[];
}

/** What a key is allowed: all of its type but what must be named, unless its policy says; and never more than its file says. */
export const allowedOf = (
  type: KeyType,
  policy: readonly Operation[] | undefined,
  limit?: readonly Operation[],
): readonly Operation[] => {
  const wanted = policy ?? limit ?? OPERATIONS_OF_TYPE[type].filter((operation) => !NAMED_ONLY.includes(operation));
  const known = [...OPERATIONS_OF_TYPE[type], ...new Set(wanted.filter(isCustomOperation))];
  return known.filter((operation) => wanted.includes(operation) && (limit === undefined || limit.includes(operation)));
};

/** @param limit - what the key's file allows, at most. */
export const policyFor = (type: KeyType, policy: KeyPolicy, limit?: readonly Operation[]): Policy => ({
  ...(policy.maxSignatures !== undefined && { maxSignatures: policy.maxSignatures }),
  ...(policy.perSecond !== undefined && { perSecond: policy.perSecond }),
  ...(policy.expiresInMs !== undefined && { expiresInMs: policy.expiresInMs }),
  ...(policy.idleMs !== undefined && { idleMs: policy.idleMs }),
  allow: allowedOf(type, policy.allow, limit),
  schemes: KEY_TYPE_FACTS[type].schemes.filter((scheme) => policy.schemes?.includes(scheme) ?? true),
});

/** Codes of frames are below this: schemes, and from 64 on operators. */
export const CODES = 128;

const OPERATION_UNSUPPORTED = statusOf('ERR_OPERATION_UNSUPPORTED');
const SCHEME_UNSUPPORTED = statusOf('ERR_SCHEME_UNSUPPORTED');
const NOT_ALLOWED = statusOf('ERR_NOT_ALLOWED');
const SCHEME_NOT_ALLOWED = statusOf('ERR_SCHEME_NOT_ALLOWED');

const statusFor = (type: KeyType, { allow, schemes }: Policy, code: number): number => {
  const operator = operatorOf(code);
  if (operator !== undefined) {
    if (!OPERATOR_TYPES[operator].includes(type)) return OPERATION_UNSUPPORTED;
    return operator === 'seal' || allow.includes(operator) ? 0 : NOT_ALLOWED;
  }
  const scheme = schemeOf(code);
  const ofType = KEY_TYPE_FACTS[type].schemes;
  if (scheme === undefined || ofType.length === 0) return OPERATION_UNSUPPORTED;
  if (!allow.includes('sign')) return NOT_ALLOWED;
  if (!ofType.includes(scheme)) return SCHEME_UNSUPPORTED;
  return schemes.includes(scheme) ? 0 : SCHEME_NOT_ALLOWED;
};

const known = new Map<string, Uint8Array>();

/** By the code of a frame's operation: 0, or the status by which the key's policy refuses it. Shared by keys that are alike. */
export const statusesFor = (type: KeyType, policy: Policy): Uint8Array => {
  const name = [type, ...policy.schemes, ...policy.allow.filter((operation) => !isCustomOperation(operation))].join();
  const found = known.get(name);
  if (found !== undefined) return found;
  const made = Uint8Array.from({ length: CODES }, (_, code) => statusFor(type, policy, code));
  known.set(name, made);
  return made;
};

/** @throws {VaultError} ERR_NOT_ALLOWED - the key's policy does not name the operation. */
export const assertAllowed = ({ info }: { readonly info: KeyInfo }, operation: Operation): void => {
  if (info.allow.includes(operation)) return;
  throw new VaultError('ERR_NOT_ALLOWED', `the policy of the key "${info.id}" does not allow "${operation}"`, {
    keyId: info.id,
  });
};
