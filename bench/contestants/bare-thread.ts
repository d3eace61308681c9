// The entry of a thread that runs bare loops by order.
import { parentPort, workerData } from 'node:worker_threads';
import type { Scheme } from 'strongroom';
import { type SignedType, TYPE_OF } from '../keys.js';
import { type BareSign, createBareSign, runBareLoop } from './bare.js';

export interface BareThreadData {
  readonly secrets: ReadonlyMap<SignedType, Uint8Array>;
  readonly messages: ReadonlyMap<SignedType, readonly Uint8Array[]>;
}

export interface BareOrder {
  readonly scheme: Scheme;
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
const signs = new Map<Scheme, BareSign>();
const signOf = (scheme: Scheme): BareSign => {
  const type = TYPE_OF[scheme];
  const sign = signs.get(scheme) ?? createBareSign(type, secrets.get(type)!, scheme);
  signs.set(scheme, sign);
  return sign;
};

port.on('message', (order: BareOrder | null) => {
  if (order === null) {
    port.close();
    return;
  }
  const { scheme, seconds, every } = order;
  const kept: [number, Uint8Array][] = [];
  const keep = { every, add: (i: number, signature: Uint8Array) => void kept.push([i, signature]) };
  const rate = runBareLoop(seconds, keep, signOf(scheme), messages.get(TYPE_OF[scheme])!);
  // Copies: a signature of a bare loop is a piece of a larger buffer.
  const result: BareResult = { rate, kept: kept.map(([i, signature]) => [i, Uint8Array.from(signature)]) };
  port.postMessage(result);
});
port.postMessage('ready');
