// The vault's worker, started as a stranger would: a raw Worker on its entry, no client. Keeps the books: every message
// that can be answered is answered once, by a record of the wire, and no answer holds a secret.
import { serialize } from 'node:v8';
import { MessagePort, type Transferable, Worker } from 'node:worker_threads';
import { VAULT_ERROR_CODES } from '../../../dist/src/errors.js';
import {
  isFatalMessage,
  isNoticeMessage,
  isProgressMessage,
  isReadyMessage,
  type VaultMethods,
} from '../../../dist/src/wire/protocol.js';
import type { WireConfig } from '../../../dist/src/wire/specs.js';

export interface Answer {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface RawVault {
  /**
   * Send anything.
   *
   * @param mustRefuse - the answer has to be a refusal.
   */
  post(message: unknown, transfer: readonly Transferable[], mustRefuse: boolean): void;
  /** A call as a client makes it. */
  call(method: keyof VaultMethods, ...args: unknown[]): Promise<Answer>;
  /** Send secret bytes under a number. */
  handOff(handoff: number, bytes: Uint8Array): void;
  /** Resolves when nothing waits for an answer any more, or the thread has ended; throws after a while. */
  settled(): Promise<void>;
  /** What went wrong so far. */
  readonly problems: readonly string[];
  /** `posted`: by `post`, and delivered. */
  readonly counts: { posted: number; unanswerable: number; undeliverable: number; accepted: number };
  /** Refusals by code. */
  readonly refused: ReadonlyMap<string, number>;
  /** The exit code. */
  readonly exited: Promise<number>;
}

export const CONFIG: WireConfig = {
  threads: 1,
  provider: 'auto',
  lock: 'off',
  maxKeys: 64,
  maxPending: 4096,
  maxPendingBytes: 8 * 1024 * 1024,
  verifyAfterSign: false,
  maxKdfMemory: 64 * 1024 * 1024,
  maxKdfWork: 65_536,
  lockIdleMs: 0,
  lockUnsealed: 'drop',
  operators: [],
  audit: null,
};

/** The longest that a batch may wait for its answers: a hang, from then on. */
const HANG_MS = 30_000;
const RECORD_FIELDS: ReadonlySet<string> = new Set(['code', 'message', 'keyId', 'failures', 'problems']);

/**
 * The call id of a message that has to be answered, by the rule: an own string of 1 to 64 characters, of what is no answer
 * itself.
 */
export const callIdOf = (message: unknown): string | undefined => {
  if (typeof message !== 'object' || message === null) return undefined;
  // A clone of anything else keeps none of the fields that a program put on it.
  const keepsFields = Array.isArray(message) || Object.prototype.toString.call(message) === '[object Object]';
  if (!keepsFields || !Object.hasOwn(message, 'id')) return undefined;
  const { id, type } = message as { readonly id: unknown; readonly type?: unknown };
  const isAnswer = type === 'RAW' || type === 'HANDLER';
  if (isAnswer && !Object.hasOwn(message, 'handoff') && !Object.hasOwn(message, 'stop')) return undefined;
  return typeof id === 'string' && id.length >= 1 && id.length <= 64 ? id : undefined;
};

export const faultOf = (message: unknown): string | undefined => {
  const { type, value } = message as { readonly type?: unknown; readonly value?: Answer };
  if (type !== 'RAW' || typeof value !== 'object' || value === null) return 'an answer is not a raw record';
  if (value.ok === true) return undefined;
  const { error } = value;
  if (value.ok !== false || error === undefined) return 'an answer is neither a success nor a refusal';
  if (!Object.hasOwn(VAULT_ERROR_CODES, error.code)) return `an answer has the unknown code ${error.code}`;
  if (typeof error.message !== 'string' || error.message.length > 20_000) return 'the text of a refusal is too long';
  const strange = Object.keys(error).find((name) => !RECORD_FIELDS.has(name));
  return strange === undefined ? undefined : `a refusal has the field ${strange}`;
};

/** Two counts, and nothing else. */
const progressFaults = (progress: object): string[] => {
  const { done, total, ...more } = progress as Record<string, unknown>;
  const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) > 0;
  return isCount(done) && isCount(total) && (done as number) <= (total as number) && Object.keys(more).length === 0
    ? []
    : ['a report of progress is not two counts'];
};

/** @param holdsSecret - looks at each answer, serialised. */
export const startRawVault = async (holdsSecret: (bytes: Uint8Array) => boolean): Promise<RawVault> => {
  const url = new URL('../../../dist/workers/vault/vault.js', import.meta.url);
  const worker = new Worker(url, { execArgv: [], env: {} });
  const problems: string[] = [];
  const counts = { posted: 0, unanswerable: 0, undeliverable: 0, accepted: 0 };
  const refused = new Map<string, number>();
  const waiting = new Map<string, { count: number; mustRefuse: boolean; answered: (answer: Answer) => void }>();
  let ended = false;
  let nextCall = 0;
  let change: () => void = () => undefined;
  let listening: () => void = () => undefined;

  const onAnswer = (message: unknown): void => {
    if (holdsSecret(serialize(message))) problems.push('A SECRET IS IN AN ANSWER');
    const { id, value } = message as { readonly id: string; readonly value: Answer };
    const expected = waiting.get(id);
    if (expected === undefined) {
      problems.push('an answer that nobody asked for, or a second one');
      return;
    }
    if (--expected.count === 0) waiting.delete(id);
    const fault = faultOf(message);
    if (fault !== undefined) problems.push(fault);
    if (value.ok) counts.accepted++;
    else refused.set(value.error!.code, (refused.get(value.error!.code) ?? 0) + 1);
    if (value.ok && expected.mustRefuse) problems.push(`a message was not refused: ${id}`);
    expected.answered(value);
    if (waiting.size === 0) change();
  };

  worker.on('message', (message: unknown) => {
    if (isReadyMessage(message)) listening();
    else if (isProgressMessage(message)) problems.push(...progressFaults(message.progress));
    else if (isNoticeMessage(message)) {
      if (holdsSecret(serialize(message))) problems.push('A SECRET IS IN A NOTICE');
    } else if (isFatalMessage(message)) problems.push(`the vault ended by itself: ${message.fatal.code}`);
    else onAnswer(message);
  });
  worker.on('messageerror', () => problems.push('an answer could not be read'));
  worker.on('error', (error) => problems.push(`the thread crashed: ${error.stack}`));
  const exited = new Promise<number>((resolve) => {
    worker.on('exit', (code) => {
      ended = true;
      change();
      resolve(code);
    });
  });
  await new Promise<void>((resolve) => {
    listening = resolve;
  });

  const send = (
    message: unknown,
    transfer: readonly Transferable[],
    mustRefuse: boolean,
    answered: (answer: Answer) => void,
  ): boolean => {
    const id = callIdOf(message);
    try {
      worker.postMessage(message, transfer as Transferable[]);
    } catch {
      counts.undeliverable++; // it can't be cloned: the vault has not seen it
      return false;
    }
    if (id === undefined) {
      counts.unanswerable++;
      return true;
    }
    const expected = waiting.get(id);
    if (expected === undefined) waiting.set(id, { count: 1, mustRefuse, answered });
    else {
      expected.count++;
      expected.mustRefuse &&= mustRefuse;
    }
    return true;
  };

  return {
    problems,
    counts,
    refused,
    exited,
    post(message, transfer, mustRefuse) {
      if (send(message, transfer, mustRefuse, () => undefined)) counts.posted++;
    },
    call: (method, ...args) =>
      new Promise((resolve) => {
        const id = `call-${nextCall++}`;
        const argumentList = args.map((value) => ({ type: 'RAW', value }));
        const transfer = args.filter((value) => value instanceof ArrayBuffer || value instanceof MessagePort);
        void exited.then((code) => resolve({ ok: false, error: { code: `ENDED ${code}`, message: '' } }));
        send({ id, type: 'APPLY', path: [method], argumentList }, transfer, false, resolve);
      }),
    handOff(handoff, secret) {
      const bytes = new ArrayBuffer(secret.length);
      new Uint8Array(bytes).set(secret);
      worker.postMessage({ handoff, bytes }, [bytes]);
    },
    async settled() {
      if (waiting.size === 0 || ended) return;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve, reject) => {
        change = resolve;
        timer = setTimeout(() => reject(new Error(`${waiting.size} messages have no answer`)), HANG_MS);
      });
      clearTimeout(timer);
    },
  };
};
