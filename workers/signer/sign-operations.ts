// Does the operations of a frame, signatures and operators, in the vault thread or in a signer: the one loop that touches
// keys at speed.
// Secrets are read in place; nothing of them is kept or returned.
import { VaultError } from '../../src/errors.js';
import {
  FLAG_AUX_RAND,
  hashOf,
  OPERATION_HEADER_BYTES,
  operationBytes,
  REPLY_HEADER_BYTES,
  SIGNATURE_BYTES_BY_CODE,
  schemeOf,
  statusOf,
} from '../../src/wire/frame.js';
import { answerBytes, operatorOf } from '../../src/wire/operators.js';
import { AUX_RAND_BYTES, type FrameOperator, KEY_TYPE_OF_SCHEME, KEY_TYPES, type Slot } from '../../src/wire/types.js';
import type { Slots } from '../arena/slots.js';
import { type OperatorTools, runOperator } from '../operators/operators.js';
import { hashMessage } from '../providers/hashes.js';
import type { Providers } from '../providers/provider.js';
import { publicKeyOf } from '../providers/public-key.js';
import { restAll } from '../providers/rest.js';
import { wipeStack } from '../wipe-stack.js';
import { freshAuxRand } from './aux-rand.js';

export interface SigningContext {
  readonly slots: Slots;
  readonly providers: Providers;
  readonly operators: OperatorTools;
  /** Arena memory of this thread. */
  readonly scratch: Uint8Array;
  /** Withhold signatures that do not verify. */
  readonly verifyAfterSign: boolean;
  /** Called between operations: where a thread may be ended. */
  readonly pause: () => void;
}

const KEY_NOT_FOUND = statusOf('ERR_KEY_NOT_FOUND');
const SIGNATURE_FAULT = statusOf('ERR_SIGNATURE_FAULT');
const INTERNAL = statusOf('ERR_INTERNAL');

/**
 * Do `count` operations, packed one after another (see frame.ts), that the vault thread has checked. Operations
 * whose status is set already are answered by it.
 *
 * @returns a reply (see frame.ts): a buffer of its own, to be transferred.
 */
export const signOperations = (operations: ArrayBuffer, count: number, context: SigningContext): ArrayBuffer => {
  const words = new Uint32Array(operations);
  const bytes = new Uint8Array(operations);
  const room = replyRoom(words, bytes, count);
  const reply = new ArrayBuffer(room);
  const out = new Uint8Array(reply);
  new Uint32Array(reply, 0, 1)[0] = count;
  let signatureAt = REPLY_HEADER_BYTES + count;
  let at = 0;
  try {
    for (let i = 0; i < count; i++) {
      context.pause();
      const word = at >> 2;
      const packed = words[word + 3]!;
      let status = (packed >>> 16) & 0xff;
      if (status === 0) {
        const length = resultBytes(words, bytes, at);
        const signature = new Uint8Array(reply, signatureAt, length);
        status = doOne(operations, at, words, signature, context);
        if (status === 0) signatureAt += length;
        else signature.fill(0);
      }
      out[REPLY_HEADER_BYTES + i] = status;
      at += operationBytes(words[word + 2]!, packed >>> 24);
    }
  } finally {
    restAll(context.providers);
  }
  wipeStack();
  return signatureAt === room ? reply : reply.slice(0, signatureAt);
};

const doOne = (
  operations: ArrayBuffer,
  at: number,
  words: Uint32Array,
  signature: Uint8Array,
  context: SigningContext,
): number => {
  const { slots, providers, scratch, verifyAfterSign } = context;
  const word = at >> 2;
  const slot = words[word] as Slot;
  const generation = words[word + 1]!;
  const packed = words[word + 3]!;
  const operator = operatorOf(packed & 0xff);
  if (operator !== undefined) return operate(operator, operations, at, words, signature, context);
  const hasAuxRand = ((packed >>> 24) & FLAG_AUX_RAND) !== 0;
  const messageAt = at + OPERATION_HEADER_BYTES + (hasAuxRand ? AUX_RAND_BYTES : 0);
  const scheme = schemeOf(packed & 0xff);
  if (scheme === undefined) return INTERNAL;
  // The vault thread wipes a slot only when no batch names it. This second look costs nanoseconds, and makes a
  // mistake there a refusal instead of a signature by a wrong or half-wiped key.
  if (slots.generation(slot) !== generation) return KEY_NOT_FOUND;
  try {
    const view = slots.view(slot);
    const provider = providers[KEY_TYPE_OF_SCHEME[scheme]];
    const message = hashMessage(hashOf((packed >>> 8) & 0xff), new Uint8Array(operations, messageAt, words[word + 2]));
    const auxRand =
      scheme !== 'schnorr'
        ? undefined
        : hasAuxRand
          ? new Uint8Array(operations, messageAt - AUX_RAND_BYTES, AUX_RAND_BYTES)
          : freshAuxRand();
    provider.sign(view, generation, scheme, message, signature, scratch, auxRand);
    if (slots.generation(slot) !== generation) return KEY_NOT_FOUND;
    if (verifyAfterSign && !provider.verify(publicKeyOf(view, provider.keyType), scheme, message, signature)) {
      return SIGNATURE_FAULT;
    }
    return 0;
  } catch {
    // Why a provider threw stays here: its text is not ours, and may hold values.
    return INTERNAL;
  }
};

/** An operator at work, on an input that the vault thread has checked. */
const operate = (
  operator: FrameOperator,
  operations: ArrayBuffer,
  at: number,
  words: Uint32Array,
  answer: Uint8Array,
  { slots, operators, scratch }: SigningContext,
): number => {
  const word = at >> 2;
  const slot = words[word] as Slot;
  const generation = words[word + 1]!;
  const type = KEY_TYPES[((words[word + 3]! >>> 8) & 0xff) - 1];
  if (type === undefined) return INTERNAL;
  if (slots.generation(slot) !== generation) return KEY_NOT_FOUND;
  try {
    const input = new Uint8Array(operations, at + OPERATION_HEADER_BYTES, words[word + 2]);
    runOperator(operator, type, slots.view(slot), input, answer, scratch, operators);
    return slots.generation(slot) === generation ? 0 : KEY_NOT_FOUND;
  } catch (error) {
    return error instanceof VaultError ? statusOf(error.code) : INTERNAL;
  }
};

/** Bytes of an operation's signature or answer. */
const resultBytes = (words: Uint32Array, bytes: Uint8Array, at: number): number => {
  const word = at >> 2;
  const code = words[word + 3]! & 0xff;
  return SIGNATURE_BYTES_BY_CODE[code] ?? answerBytes(code, bytes, at + OPERATION_HEADER_BYTES, words[word + 2]!) ?? 0;
};

const replyRoom = (words: Uint32Array, bytes: Uint8Array, count: number): number => {
  let room = REPLY_HEADER_BYTES + count;
  let at = 0;
  for (let i = 0; i < count; i++) {
    const packed = words[(at >> 2) + 3]!;
    if (((packed >>> 16) & 0xff) === 0) room += resultBytes(words, bytes, at);
    at += operationBytes(words[(at >> 2) + 2]!, packed >>> 24);
  }
  return room;
};
