// The entry of a thread of a plain Piscina pool: a task is one message, and gives its signature. The key is here, in
// ordinary memory, as it is in a program that does this.
import { workerData } from 'node:worker_threads';
import type { Scheme } from 'strongroom';
import { TYPE_OF } from '../keys.js';
import { type BareSign, createBareSign } from './bare.js';
import { createNobleSign } from './noble.js';

export interface PiscinaThreadData {
  readonly scheme: Scheme;
  readonly secret: Uint8Array;
}

const { scheme, secret } = workerData as PiscinaThreadData;
const bare: BareSign = createBareSign(TYPE_OF[scheme], secret, scheme);

export const noble: BareSign = createNobleSign(scheme, secret);
/** A copy: a signature of a bare loop is a piece of a larger buffer, which would be sent whole. */
export const native: BareSign = (message) => Uint8Array.from(bare(message));
