// The vault's real thread, without the client: a Worker that a test holds, and raw messages of the shapes that Comlink
// understands. What a program gets is the Vault object alone; this is what someone who got hold of the port could send.
import { randomUUID } from 'node:crypto';
import { type Transferable, Worker } from 'node:worker_threads';
import type { ErrorRecord } from '../../dist/src/errors.js';
import { createFrameWriter, REPLY_HEADER_BYTES, schemeCode } from '../../dist/src/wire/frame.js';
import type { KeyRecord, NoticeMessage } from '../../dist/src/wire/protocol.js';
import { isReadyMessage } from '../../dist/src/wire/protocol.js';
import type { WireConfig } from '../../dist/src/wire/specs.js';
import type { KeyHandle, Scheme } from '../../dist/src/wire/types.js';
import { assert } from '../support/assert.js';

const ENTRY = new URL('../../dist/workers/vault/vault.js', import.meta.url);
const ANSWER_TIMEOUT_MS = 30_000;

export const CONFIG: WireConfig = {
  threads: 1,
  provider: 'auto',
  lock: 'off',
  maxKeys: 16,
  maxPending: 1000,
  maxPendingBytes: 16 * 1024 * 1024,
  verifyAfterSign: false,
  maxKdfMemory: 64 * 1024 * 1024,
  maxKdfWork: 65_536,
  lockIdleMs: 0,
  lockUnsealed: 'drop',
  operators: [],
  audit: null,
};

/** An answer as it arrives: a RAW value, or anything else that Comlink would send. */
export interface Answer {
  readonly type: string;
  readonly name?: string;
  readonly value: unknown;
}

export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorRecord };

export interface RawVault {
  /** Send a message with a fresh call id; its answer. */
  ask(message: object, transfer?: readonly Transferable[]): Promise<Answer>;
  /** Call a method as the client does; its reply. */
  call(method: string, args: readonly unknown[], transfer?: readonly Transferable[]): Promise<Reply>;
  /** Send anything, and expect nothing. */
  send(message: unknown, transfer?: readonly Transferable[]): void;
  /** What the vault told unasked of its keys, in order. */
  readonly notices: readonly NoticeMessage['notice'][];
  /** Every other message that was no answer to a question. */
  readonly unexpected: readonly unknown[];
  register(id: string, type: string): Promise<KeyRecord>;
  /** Close in order; resolves with the thread's exit code. */
  close(): Promise<number>;
}

export const raw = (values: readonly unknown[]): object[] => values.map((value) => ({ type: 'RAW', value }));

/** A notice and nothing else beside it. */
const isNotice = (message: unknown): message is NoticeMessage =>
  typeof message === 'object' && message !== null && Object.keys(message).join() === 'notice';

export const startRawVault = async (): Promise<RawVault> => {
  const worker = new Worker(ENTRY, { execArgv: [], env: {} });
  const waiting = new Map<string, (answer: Answer) => void>();
  const unexpected: unknown[] = [];
  const notices: NoticeMessage['notice'][] = [];
  const exited = new Promise<number>((resolve) => void worker.once('exit', resolve));
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.on('message', (message: Answer & { readonly id?: string }) => {
      const waiter = waiting.get(message.id ?? '');
      if (isReadyMessage(message)) resolve();
      else if (isNotice(message)) notices.push(message.notice);
      else if (waiter === undefined) unexpected.push(message);
      else {
        waiting.delete(message.id!);
        waiter(message);
      }
    });
  });

  const ask: RawVault['ask'] = (message, transfer = []) =>
    new Promise((resolve, reject) => {
      const id = randomUUID();
      const timer = setTimeout(() => reject(new Error(`no answer to ${JSON.stringify(message)}`)), ANSWER_TIMEOUT_MS);
      void exited.then((code) => reject(new Error(`the vault thread ended with ${code}`)));
      waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      worker.postMessage({ ...message, id }, transfer);
    });
  const call: RawVault['call'] = async (method, args, transfer) =>
    (await ask({ type: 'APPLY', path: [method], argumentList: raw(args) }, transfer)).value as Reply;

  return {
    ask,
    call,
    send: (message, transfer = []) => worker.postMessage(message, transfer),
    notices,
    unexpected,
    async register(id, type) {
      const reply = await call('register', [{ id, type, source: { kind: 'generate' } }]);
      if (!reply.ok) throw new Error(reply.error.message);
      return reply.value as KeyRecord;
    },
    async close() {
      await call('close', []);
      return exited;
    },
  };
};

export type RawKeys = Readonly<Record<'ed25519' | 'secp256k1' | 'bls12-381' | 'x25519', KeyRecord>>;

/** Open the vault, wait for its signers, and register a key of each type, whose id is the type. */
export const openRawVault = async (vault: RawVault): Promise<RawKeys> => {
  assert.is((await vault.call('open', [CONFIG])).ok, true);
  assert.is((await vault.call('load', [[], []])).ok, true);
  return {
    ed25519: await vault.register('ed25519', 'ed25519'),
    secp256k1: await vault.register('secp256k1', 'secp256k1'),
    'bls12-381': await vault.register('bls12-381', 'bls12-381'),
    x25519: await vault.register('x25519', 'x25519'),
  };
};

/** A frame of one operation over zeros. */
export const frameOf = (handle: KeyHandle, scheme: Scheme, length = 32): ArrayBuffer => {
  const writer = createFrameWriter(64);
  writer.add(handle, schemeCode(scheme), 0, new Uint8Array(length), undefined);
  return writer.finish();
};

/** One operation signed: the vault is alive and well. */
export const assertWorks = async (vault: RawVault, keys: RawKeys): Promise<void> => {
  const frame = frameOf(keys.ed25519.handle, 'ed25519');
  const reply = (await vault.call('sign', [frame], [frame])) as Extract<Reply, { ok: true }>;
  const [signed] = reply.value as ArrayBuffer[];
  assert.is(signed!.byteLength, REPLY_HEADER_BYTES + 1 + 64);
};

/** The code of a refusal, which holds nothing else but a message and a key id. */
export const codeOf = ({ type, value }: Answer): string => {
  assert.is(type, 'RAW');
  const reply = value as Reply;
  assert.is(reply.ok, false);
  const { error } = reply as Extract<Reply, { ok: false }>;
  assert.equal(
    Object.keys(error).filter((key) => !['code', 'message', 'keyId'].includes(key)),
    [],
  );
  return error.code;
};
