// A granted port under hostile messages: the books of what it was asked and what it answered. What it gives has to be of
// the keys that it was granted; of others it gives nothing, not even that they are there.

import { serialize } from 'node:v8';
import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads';
import {
  createFrameWriter,
  FRAME_HEADER_BYTES,
  operationBytes,
  REPLY_HEADER_BYTES,
  SIGNATURE_BYTES_BY_CODE,
  schemeCode,
} from '../../../dist/src/wire/frame.js';
import { operatorCode } from '../../../dist/src/wire/operators.js';
import { GRANTED_METHODS, isFatalMessage, isNoticeMessage, type KeyRecord } from '../../../dist/src/wire/protocol.js';
import { type KeyHandle, SCHEMES } from '../../../dist/src/wire/types.js';
import type { SeededRandom } from '../../support/random.js';
import { hostileMessage, type Target } from './messages.js';
import { type Answer, callIdOf, faultOf } from './raw-vault.js';
import { anyValue, type Bag, TRICKS } from './values.js';

export interface Rights {
  /** The keys that the port was granted, and what it may have signed. */
  readonly keys: readonly KeyRecord[];
  readonly schemes: readonly string[];
  /** Whether bytes hold something of a key that it was not granted. */
  holdsUnseen(bytes: Uint8Array): boolean;
}

export interface GrantedPort {
  post(message: unknown, transfer: readonly Transferable[], mustRefuse: boolean): void;
  /** Resolves when nothing waits for an answer. */
  settled(): Promise<void>;
  readonly problems: readonly string[];
  readonly counts: { posted: number; accepted: number; signatures: number; notices: number };
  readonly refused: ReadonlyMap<string, number>;
  close(): void;
}

const HANG_MS = 30_000;

const methodOf = (message: unknown): unknown => {
  const { path } = (message ?? {}) as { readonly path?: unknown };
  return Array.isArray(path) && path.length === 1 ? path[0] : undefined;
};

/** The frame of a call, as it was sent: a copy. */
const frameIn = (message: unknown): ArrayBuffer | undefined => {
  if (methodOf(message) !== 'sign') return undefined;
  const { argumentList } = message as { readonly argumentList?: readonly { readonly value?: unknown }[] };
  const value = Array.isArray(argumentList) ? argumentList[0]?.value : undefined;
  return value instanceof ArrayBuffer ? value.slice(0) : undefined;
};

/** What is wrong with the replies to a frame: a success of a key or scheme that was not granted. */
const signFaults = (frame: ArrayBuffer, replies: readonly ArrayBuffer[], rights: Rights): [number, string[]] => {
  const words = new Uint32Array(frame);
  const faults: string[] = [];
  let at = FRAME_HEADER_BYTES;
  let signatures = 0;
  for (const reply of replies) {
    const count = new Uint32Array(reply, 0, 1)[0]!;
    let expected = REPLY_HEADER_BYTES + count;
    for (const status of new Uint8Array(reply, REPLY_HEADER_BYTES, count)) {
      const [slot, generation, length, packed] = words.subarray(at >> 2, (at >> 2) + 4) as unknown as number[];
      at += operationBytes(length!, packed! >>> 24);
      if (status !== 0) continue;
      signatures++;
      const code = packed! & 0xff;
      expected += SIGNATURE_BYTES_BY_CODE[code] ?? 0;
      const key = rights.keys.find(({ handle }) => handle.slot === slot && handle.generation === generation);
      if (key === undefined) faults.push(`A SIGNATURE OF A KEY THAT WAS NOT GRANTED: slot ${slot}`);
      if (!rights.schemes.includes(SCHEMES[code - 1] ?? '')) faults.push(`a signature of another scheme: ${code}`);
    }
    if (expected !== reply.byteLength) faults.push(`a reply of ${reply.byteLength} bytes in place of ${expected}`);
  }
  return [signatures, faults];
};

interface Waiting {
  count: number;
  mustRefuse: boolean;
  readonly frames: (ArrayBuffer | undefined)[];
}

export const keepBooks = (
  port: MessagePort,
  rights: Rights,
  holdsSecret: (bytes: Uint8Array) => boolean,
): GrantedPort => {
  const problems: string[] = [];
  const counts = { posted: 0, accepted: 0, signatures: 0, notices: 0 };
  const refused = new Map<string, number>();
  const waiting = new Map<string, Waiting>();
  let change: () => void = () => undefined;

  const onAnswer = (message: unknown): void => {
    const { id, value } = message as { readonly id: string; readonly value: Answer };
    const expected = waiting.get(id);
    if (expected === undefined) {
      problems.push('an answer that nobody asked for, or a second one');
      return;
    }
    const frame = expected.frames.shift();
    if (--expected.count === 0) waiting.delete(id);
    const fault = faultOf(message);
    if (fault !== undefined) problems.push(fault);
    if (!value.ok) refused.set(value.error!.code, (refused.get(value.error!.code) ?? 0) + 1);
    else {
      counts.accepted++;
      if (expected.mustRefuse) problems.push(`a message was not refused: ${id}`);
      if (frame !== undefined) {
        const [signatures, faults] = signFaults(frame, value.value as ArrayBuffer[], rights);
        counts.signatures += signatures;
        problems.push(...faults);
      }
    }
    if (waiting.size === 0) change();
  };

  port.on('message', (message: unknown) => {
    const bytes = serialize(message);
    if (holdsSecret(bytes)) problems.push('A SECRET IS IN AN ANSWER');
    if (rights.holdsUnseen(bytes)) problems.push('A FACT OF A KEY THAT WAS NOT GRANTED IS IN AN ANSWER');
    if (isNoticeMessage(message)) counts.notices++;
    else if (isFatalMessage(message)) problems.push(`the port ended: ${message.fatal.code}`);
    else onAnswer(message);
  });

  return {
    problems,
    counts,
    refused,
    post(message, transfer, mustRefuse) {
      const id = callIdOf(message);
      const frame = frameIn(message);
      try {
        port.postMessage(message, transfer as Transferable[]);
      } catch {
        return; // it cannot be cloned: the vault has not seen it
      }
      counts.posted++;
      if (id === undefined) return;
      const expected = waiting.get(id);
      if (expected === undefined) waiting.set(id, { count: 1, mustRefuse, frames: [frame] });
      else {
        expected.count++;
        expected.mustRefuse &&= mustRefuse;
        expected.frames.push(frame);
      }
    },
    async settled() {
      if (waiting.size === 0) return;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve, reject) => {
        change = resolve;
        timer = setTimeout(() => reject(new Error(`${waiting.size} messages have no answer`)), HANG_MS);
      });
      clearTimeout(timer);
    },
    close: () => port.close(),
  };
};

const raw = (value: unknown) => ({ type: 'RAW', value });
let nextId = 0;
const call = (method: string, ...args: unknown[]) => ({
  id: `granted-${nextId++}`,
  type: 'APPLY',
  path: [method],
  argumentList: args.map(raw),
});

/** Handles that are nearly right: of other keys, other generations, other slots. */
const anyHandle = (random: SeededRandom, handles: readonly KeyHandle[]): KeyHandle => {
  const known = random.pick(handles);
  const slot = random.int(3) === 0 ? random.int(random.pick([16, 70, 2 ** 32])) : known.slot;
  const generation = random.int(4) === 0 ? random.int(random.pick([3, 2 ** 32])) : known.generation;
  return { slot, generation } as KeyHandle;
};

/** A scheme or an operator, and a message that it takes, mostly. */
const anyWork = (random: SeededRandom): readonly [code: number, message: Uint8Array] => {
  const scheme = random.pick(SCHEMES);
  const operator = random.pick(['agree-raw', 'seal', 'open', 'encrypt', 'decrypt', 'mac'] as const);
  if (random.int(4) > 0) {
    const isDigest = scheme.startsWith('ecdsa') && random.int(20) > 0;
    return [schemeCode(scheme), random.bytes(isDigest ? 32 : random.int(100))];
  }
  // Zeros: no associated data, and the first of the hashes.
  return [operatorCode(operator), new Uint8Array(operator === 'agree-raw' ? 32 : random.int(20) > 0 ? 64 : 3)];
};

/** A sound frame that asks for what may or may not be granted, call by call. */
const frame = (random: SeededRandom, handles: readonly KeyHandle[]): ArrayBuffer => {
  const count = 1 + random.int(5);
  const writer = createFrameWriter(256);
  let handle = anyHandle(random, handles);
  let [code, message] = anyWork(random);
  for (let i = 0; i < count; i++) {
    const together = i < count - 1 && random.int(3) === 0;
    const hash = random.int(40) === 0 ? random.int(5) : 0;
    writer.add(handle, code, hash, message, undefined, message.length, together);
    // The next operation of one call is of the same key, mostly.
    if (together && random.int(20) > 0) continue;
    handle = anyHandle(random, handles);
    [code, message] = anyWork(random);
  }
  return writer.finish();
};

const grantOf = (random: SeededRandom, bag: Bag): unknown => {
  const field = (good: readonly unknown[]): unknown =>
    random.int(4) > 0 ? random.pick(good) : anyValue(random, bag, 2);
  return {
    keys: field([['kept/*'], ['kept/ed'], ['*'], ['hidden/*'], ['kept/ed', 'hidden/ed'], ['k*'], [], TRICKS]),
    operations: field([['sign'], ['sign', 'verify'], ['publicKey'], ['agree'], ['export'], ['sign', 'derive'], []]),
    ...(random.int(2) === 0 && { schemes: field([['ed25519'], ['ed25519', 'ecdsa'], ['schnorr'], []]) }),
    ...(random.int(3) === 0 && { maxSignatures: field([1, 5, 0, -1, 2 ** 53]) }),
    ...(random.int(3) === 0 && { expiresInMs: field([1, 50, 60_000, 0]) }),
    ...(random.int(20) === 0 && { [random.pick(TRICKS)]: 1 }),
  };
};

/** Messages that mean to widen a port: `unseen` are the ids and handles of keys that it was not granted. */
const structured = (random: SeededRandom, bag: Bag, target: Target): unknown => {
  const id = random.pick<unknown>([...target.keptIds, ...target.keptIds, random.pick(TRICKS)]);
  switch (random.int(8)) {
    case 0: {
      const { port1, port2 } = new MessageChannel();
      port1.unref();
      bag.push(port2);
      return call('grant', grantOf(random, bag), random.int(8) > 0 ? port2 : anyValue(random, bag, 1));
    }
    case 1:
      return call('revoke', random.pick<unknown>([random.int(50), -1, 0, NaN, '1', anyValue(random, bag, 1)]));
    case 2:
      return call('connect', ...(random.int(3) === 0 ? [anyValue(random, bag, 2)] : []));
    case 3:
      return call('publicKey', id);
    case 4: {
      const ids = random.pick<unknown>([[id], target.keptIds, [id, id]]);
      return call('signTogether', ids, random.bytes(random.int(64)));
    }
    case 5: {
      const operator = random.pick(['extendedPublicKey', 'provePossession', 'agree', 'a/b', random.pick(TRICKS)]);
      return call('execute', { id, operator, ...(operator === 'extendedPublicKey' && { path: 'm' }) });
    }
    case 6: {
      const scheme = random.pick<unknown>([...SCHEMES, undefined]);
      const message = random.bytes(random.int(40));
      return call('verify', { id, scheme, hash: undefined, message, signature: random.bytes(64) });
    }
    default:
      return call('sign', frame(random, target.handles));
  }
};

/** A message for a granted port: the owner's hostile ones, or its own. */
export const sendHostile = (port: GrantedPort, random: SeededRandom, target: Target): void => {
  const bag: Bag = [];
  if (random.int(2) === 0) {
    const message = random.int(3) === 0 ? call('sign', frame(random, target.handles)) : structured(random, bag, target);
    port.post(message, bag, false);
    return;
  }
  const { message, mustRefuse } = hostileMessage(random, bag, target);
  const method = methodOf(message);
  const isOwners = typeof method === 'string' && !(GRANTED_METHODS as readonly string[]).includes(method);
  port.post(message, bag, mustRefuse || isOwners);
};
