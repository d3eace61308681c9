// Estimated cost of an operation in microseconds: what the dispatcher cuts by. Rough on purpose; a factor of two only
// shifts where a frame is cut.
import { OPERATION_HEADER_BYTES, schemeOf } from '../../src/wire/frame.js';
import { OPERATOR_TYPES, operatorOf } from '../../src/wire/operators.js';
import {
  type FrameOperator,
  KEY_TYPE_OF_SCHEME,
  type KeyType,
  type ProviderName,
  type Scheme,
} from '../../src/wire/types.js';
import type { AdmittedFrame } from './admission.js';
import { CODES } from './policy.js';

/** Microseconds of one operation, by its code. */
export type CostTable = readonly number[];

const COST_US: Readonly<Record<ProviderName, Readonly<Record<Scheme, number>>>> = {
  native: { ed25519: 19, ecdsa: 42, 'ecdsa-recoverable': 42, schnorr: 70, 'bls12-381': 370 },
  noble: { ed25519: 550, ecdsa: 520, 'ecdsa-recoverable': 520, schnorr: 3_500, 'bls12-381': 23_000 },
};
const OPERATOR_COST_US: Readonly<Record<ProviderName, Readonly<Record<FrameOperator, number>>>> = {
  native: { agree: 60, 'agree-raw': 50, seal: 90, open: 60, encrypt: 8, decrypt: 8, mac: 6 },
  noble: { agree: 1_500, 'agree-raw': 1_500, seal: 2_500, open: 1_500, encrypt: 40, decrypt: 40, mac: 30 },
};
/** Hashing, for messages of more than a block or two. */
const COST_US_PER_BYTE = 0.004;
/** An operation that is refused costs no signature. */
const REFUSED_COST_US = 0.5;

/** @param verifying - each signature is also verified, at two to three times its cost. */
export const costTable = (providers: Readonly<Record<KeyType, ProviderName>>, verifying: boolean): CostTable =>
  Array.from({ length: CODES }, (_, code) => {
    const scheme = schemeOf(code);
    if (scheme !== undefined) return COST_US[providers[KEY_TYPE_OF_SCHEME[scheme]]][scheme] * (verifying ? 3.5 : 1);
    const operator = operatorOf(code);
    return operator === undefined ? 0 : OPERATOR_COST_US[providers[OPERATOR_TYPES[operator][0]!]][operator];
  });

export const operationCost = (frame: AdmittedFrame, index: number, table: CostTable): number => {
  if (frame.entries[index] === undefined) return REFUSED_COST_US;
  const at = frame.offsets[index]!;
  const code = new Uint8Array(frame.buffer, at + 12, 1)[0]!;
  return table[code]! + (frame.offsets[index + 1]! - at - OPERATION_HEADER_BYTES) * COST_US_PER_BYTE;
};
