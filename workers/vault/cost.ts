// Estimated cost of an operation in microseconds: what the dispatcher cuts by. Rough on purpose; a factor of two only
// shifts where a frame is cut.
import { OPERATION_HEADER_BYTES, SIGNATURE_BYTES_BY_CODE, schemeOf } from '../../src/wire/frame.js';
import { KEY_TYPE_OF_SCHEME, type KeyType, type ProviderName, type Scheme } from '../../src/wire/types.js';
import type { AdmittedFrame } from './admission.js';

/** Microseconds of one signature, by scheme code. */
export type CostTable = readonly number[];

const COST_US: Readonly<Record<ProviderName, Readonly<Record<Scheme, number>>>> = {
  native: { ed25519: 19, ecdsa: 42, 'ecdsa-recoverable': 42, schnorr: 70, 'bls12-381': 370 },
  noble: { ed25519: 550, ecdsa: 520, 'ecdsa-recoverable': 520, schnorr: 3_500, 'bls12-381': 23_000 },
};
/** Hashing, for messages of more than a block or two. */
const COST_US_PER_BYTE = 0.004;
/** An operation that is refused costs no signature. */
const REFUSED_COST_US = 0.5;

/** @param verifying - each signature is also verified, at two to three times its cost. */
export const costTable = (providers: Readonly<Record<KeyType, ProviderName>>, verifying: boolean): CostTable =>
  SIGNATURE_BYTES_BY_CODE.map((_, code) => {
    const scheme = schemeOf(code);
    return scheme === undefined ? 0 : COST_US[providers[KEY_TYPE_OF_SCHEME[scheme]]][scheme] * (verifying ? 3.5 : 1);
  });

export const operationCost = (frame: AdmittedFrame, index: number, table: CostTable): number => {
  if (frame.entries[index] === undefined) return REFUSED_COST_US;
  const at = frame.offsets[index]!;
  const scheme = new Uint8Array(frame.buffer, at + 12, 1)[0]!;
  return table[scheme]! + (frame.offsets[index + 1]! - at - OPERATION_HEADER_BYTES) * COST_US_PER_BYTE;
};
