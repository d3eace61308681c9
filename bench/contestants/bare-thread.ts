// The entry of a thread that runs bare loops by order.
import { parentPort, workerData } from 'node:worker_threads';
import type { SignedType } from '../keys.js';
import { type BareSign, createBareSign, runBareLoop } from './bare.js';

export interface BareThreadData {
  readonly secrets: ReadonlyMap<SignedType, Uint8Array>;
  readonly messages: ReadonlyMap<SignedType, readonly Uint8Array[]>;
}

export interface BareOrder {
  readonly type: SignedType;
  readonly seconds: number;
  readonly every: number;
}

export interface BareResult {
  readonly rate: number;
  readonly kept: readonly (readonly [i: number, signature: Uint8Array])[];
}

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
const port = parentPort;
const { secrets, messages } = workerData as BareThreadData;
const signs = new Map<SignedType, BareSign>();
for (const [type, secret] of secrets) signs.set(type, createBareSign(type, secret));

port.on('message', (order: BareOrder | null) => {
  if (order === null) {
    port.close();
    return;
  }
  const { type, seconds, every } = order;
  const kept: [number, Uint8Array][] = [];
  const keep = { every, add: (i: number, signature: Uint8Array) => void kept.push([i, signature]) };
  const rate = runBareLoop(seconds, keep, signs.get(type)!, messages.get(type)!);
  // Copies: a signature of a bare loop is a piece of a larger buffer.
  const result: BareResult = { rate, kept: kept.map(([i, signature]) => [i, Uint8Array.from(signature)]) };
  port.postMessage(result);
});
port.postMessage('ready');
