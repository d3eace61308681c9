// What a key's record says it may be asked to do. A restriction that this version does not know must keep the key out,
// not be ignored: so every field and every operation is known, or the record is not loaded.
import { OPERATIONS, type Operation } from '../../src/wire/types.js';

/** `allow` absent: everything that the type does, but for 'export'. */
export interface SealedPolicy {
  readonly allow?: readonly Operation[];
}

/** The JSON text of a policy. */
export const policyText = ({ allow }: SealedPolicy): string => JSON.stringify(allow === undefined ? {} : { allow });

const isOperation = (value: unknown): value is Operation => (OPERATIONS as readonly unknown[]).includes(value);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A policy, or in words what about it is not understood. Never the text itself. */
export const readPolicy = (text: string): SealedPolicy | string => {
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'its policy is not a JSON object';
  // JSON.parse takes the last of two fields of one name, and another reader might take the first.
  if (JSON.stringify(value) !== text) return 'its policy has white space, or a field twice';
  const { allow, ...others } = value as { readonly [name: string]: unknown };
  if (Object.keys(others).length > 0) return 'its policy has a field that this version does not know';
  if (allow === undefined) return {};
  if (!Array.isArray(allow) || !allow.every(isOperation) || new Set(allow).size !== allow.length) {
    return 'its policy allows something that this version does not know';
  }
  return { allow };
};
