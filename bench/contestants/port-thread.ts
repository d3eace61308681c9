// The entry of a thread that has a granted port, and loads it by order: by the client, or by frames of its own making.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { connectVault, type Vault } from 'strongroom';
import { FRAME_MAGIC, schemeCode } from '../../dist/src/wire/frame.js';
import type { ConnectReply } from '../../dist/src/wire/protocol.js';
import { DEFAULT_SCHEME, keyIdOf, type SignedType } from '../keys.js';
import { closedLoop } from '../load.js';

export interface PortThreadData {
  readonly port: MessagePort;
  readonly messages: ReadonlyMap<SignedType, readonly Uint8Array[]>;
  /** Whether it speaks to the port without the client. */
  readonly raw: boolean;
}

/** Keep so many calls in flight for a time; or until it is told to stop. */
export type PortOrder =
  | { readonly type: SignedType; readonly inFlight: number; readonly seconds: number; readonly every: number }
  | { readonly type: SignedType; readonly inFlight: number; readonly flood: true }
  | 'stop'
  | 'end';

export interface PortResult {
  readonly rate: number;
  readonly kept: readonly (readonly [i: number, signature: Uint8Array])[];
}

const orders = parentPort!;
const { port, messages, raw } = workerData as PortThreadData;

/** Calls that follow one another for as long as the flood lasts. */
const flood = (inFlight: number, call: () => Promise<unknown>): (() => Promise<void>) => {
  let stopped = false;
  const lanes = Array.from({ length: inFlight }, async () => {
    while (!stopped) await call();
  });
  return async () => {
    stopped = true;
    await Promise.all(lanes);
  };
};

const clientCall = (vault: Vault, type: SignedType): (() => Promise<Uint8Array>) => {
  const all = messages.get(type)!;
  let next = 0;
  return () => vault.sign(keyIdOf(type), all[next++ % all.length]!);
};

/** Frames of one operation each, one message of the port for each: what a client never does. */
const rawCalls = async (): Promise<(type: SignedType) => () => Promise<unknown>> => {
  const waiting = new Map<string, (value: unknown) => void>();
  let next = 0;
  port.on('message', ({ id, value }: { readonly id?: string; readonly value?: { readonly value: unknown } }) => {
    const answer = waiting.get(id ?? '');
    if (answer === undefined) return;
    waiting.delete(id!);
    answer(value?.value);
  });
  const call = (method: string, ...args: unknown[]): Promise<unknown> =>
    new Promise((resolve) => {
      const id = String(next++);
      waiting.set(id, resolve);
      const argumentList = args.map((value) => ({ type: 'RAW', value }));
      port.postMessage({ id, type: 'APPLY', path: [method], argumentList });
    });
  const { keys } = (await call('connect')) as ConnectReply;
  return (type) => {
    const { handle } = keys.find(({ info }) => info.id === keyIdOf(type))!;
    const frame = new Uint32Array(6 + 8);
    frame.set([FRAME_MAGIC, 1, handle.slot, handle.generation, 32, schemeCode(DEFAULT_SCHEME[type])]);
    return () => call('sign', frame.buffer);
  };
};

const vault = raw ? undefined : await connectVault(port);
const rawCall = raw ? await rawCalls() : undefined;
let stop: () => Promise<void> = async () => undefined;

const obey = async (order: PortOrder): Promise<PortResult | undefined> => {
  if (order === 'stop') {
    await stop();
    return undefined;
  }
  if (order === 'end') {
    port.close();
    orders.close();
    return undefined;
  }
  const { type, inFlight } = order;
  if ('flood' in order) {
    stop = flood(inFlight, rawCall?.(type) ?? clientCall(vault!, type));
    return undefined;
  }
  const kept: [number, Uint8Array][] = [];
  const keep = { every: order.every, add: (i: number, signature: Uint8Array) => void kept.push([i, signature]) };
  const all = messages.get(type)!;
  const start = (i: number): Promise<Uint8Array> => vault!.sign(keyIdOf(type), all[i % all.length]!);
  return { rate: await closedLoop({ inFlight, seconds: order.seconds, keep, start }), kept };
};

orders.on('message', (order: PortOrder) => {
  void obey(order).then((result) => {
    if (order !== 'end') orders.postMessage(result ?? 'done');
  });
});
orders.postMessage('ready');
