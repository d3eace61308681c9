// A granted port without the client: what someone could send who holds the port and has his own code.
import { randomUUID } from 'node:crypto';
import type { MessagePort, Transferable } from 'node:worker_threads';
import type { ErrorRecord } from '../../dist/src/errors.js';
import { createFrameWriter, REPLY_HEADER_BYTES, STATUS_CODES } from '../../dist/src/wire/frame.js';
import {
  type ConnectReply,
  isFatalMessage,
  isNoticeMessage,
  type KeyRecord,
  type NoticeMessage,
} from '../../dist/src/wire/protocol.js';
import type { KeyHandle } from '../../dist/src/wire/types.js';
import { assert } from '../support/assert.js';

export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorRecord };

const TIMEOUT_MS = 30_000;

export interface RawPort {
  call(method: string, args?: readonly unknown[], transfer?: readonly Transferable[]): Promise<Reply>;
  /** Any message with a fresh call id; its reply. */
  ask(message: object, transfer?: readonly Transferable[]): Promise<Reply>;
  send(message: unknown, transfer?: readonly Transferable[]): void;
  connect(): Promise<ConnectReply>;
  /** One reply's statuses, in words: of all pieces of the frame's answer. */
  statuses(frame: ArrayBuffer): Promise<string[]>;
  readonly notices: readonly NoticeMessage['notice'][];
  readonly fatals: readonly ErrorRecord[];
  /** Every message that was nothing of these. */
  readonly unexpected: readonly unknown[];
  readonly closed: Promise<void>;
  close(): void;
}

export const speakRaw = (port: MessagePort): RawPort => {
  const waiting = new Map<string, (reply: Reply) => void>();
  const notices: NoticeMessage['notice'][] = [];
  const fatals: ErrorRecord[] = [];
  const unexpected: unknown[] = [];
  const closed = new Promise<void>((resolve) => void port.once('close', resolve));
  port.on('message', (message: { readonly id?: string; readonly value?: Reply }) => {
    const answer = waiting.get(message.id ?? '');
    if (answer !== undefined) {
      waiting.delete(message.id!);
      answer(message.value!);
    } else if (isNoticeMessage(message)) notices.push(message.notice);
    else if (isFatalMessage(message)) fatals.push(message.fatal);
    else unexpected.push(message);
  });

  const ask: RawPort['ask'] = (message, transfer = []) =>
    new Promise((resolve, reject) => {
      const id = randomUUID();
      const timer = setTimeout(() => reject(new Error('the port gave no answer')), TIMEOUT_MS);
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        finish();
      };
      void closed.then(() => settle(() => reject(new Error('the port was closed'))));
      waiting.set(id, (reply) => settle(() => resolve(reply)));
      port.postMessage({ ...message, id }, transfer as Transferable[]);
    });
  const call: RawPort['call'] = (method, args = [], transfer = []) =>
    ask({ type: 'APPLY', path: [method], argumentList: args.map((value) => ({ type: 'RAW', value })) }, transfer);

  return {
    ask,
    call,
    send: (message, transfer = []) => port.postMessage(message, transfer as Transferable[]),
    async connect() {
      const reply = await call('connect');
      assert.ok(reply.ok);
      return (reply as { value: unknown }).value as ConnectReply;
    },
    async statuses(frame) {
      const reply = await call('sign', [frame]);
      if (!reply.ok) return [reply.error.code];
      return statusesIn(reply.value as ArrayBuffer[]);
    },
    notices,
    fatals,
    unexpected,
    closed,
    close: () => port.close(),
  };
};

export const statusesIn = (replies: readonly ArrayBuffer[]): string[] =>
  replies.flatMap((reply) => {
    const count = new Uint32Array(reply, 0, 1)[0]!;
    return Array.from(new Uint8Array(reply, REPLY_HEADER_BYTES, count), (status) => STATUS_CODES[status] ?? 'unknown');
  });

export const codeOf = (reply: Reply): string => (reply.ok ? 'OK' : reply.error.code);

/** One operation of a frame, in its codes. */
export interface Asked {
  readonly handle: KeyHandle;
  readonly code: number;
  readonly hash?: number;
  readonly message?: Uint8Array;
  readonly together?: boolean;
}

export const frameOf = (...operations: readonly Asked[]): ArrayBuffer => {
  const writer = createFrameWriter(64);
  for (const { handle, code, hash = 0, message = new Uint8Array(32), together } of operations) {
    writer.add(handle, code, hash, message, undefined, message.length, together);
  }
  return writer.finish();
};

export const handleOf = (keys: readonly KeyRecord[], id: string): KeyHandle => {
  const found = keys.find(({ info }) => info.id === id);
  if (found === undefined) throw new Error(`the port does not see "${id}"`);
  return found.handle;
};
