// The door: what the vault thread lets in. Comlink's expose() alone would let the other side run code here
// (`new proxy.sign.constructor('…')`), replace methods (SET through `__proto__`), mint full-access ports (ENDPOINT) or
// end the service (RELEASE). So only one shape of message reaches it: APPLY of one method by name, with raw
// arguments. Whatever else has a usable call id is answered by one refusal; the rest is dropped.
import type { MessagePort } from 'node:worker_threads';
import type { Endpoint } from 'comlink';
import { toErrorRecord, VaultError } from '../../src/errors.js';
import { comlinkEndpoint } from '../../src/wire/endpoint.js';
import { type HandoffMessage, MAX_ARGUMENTS, type StopMessage } from '../../src/wire/protocol.js';
import { MAX_HANDOFF } from '../../src/wire/sources.js';

const MAX_CALL_ID_LENGTH = 64;

interface RawArgument {
  readonly type: 'RAW';
  readonly value: unknown;
}

type Verdict =
  | { readonly call: { id: string; type: 'APPLY'; path: [string]; argumentList: RawArgument[] } }
  | { readonly handoff: HandoffMessage }
  | { readonly stop: StopMessage }
  | { readonly refusal: string; readonly id: string | undefined };

/** What the owner's port brings besides calls. */
export interface OwnersMessages {
  /** Receives transferred secret buffers, which never pass through Comlink. */
  readonly onHandoff: (message: HandoffMessage) => void;
  /** The process is about to end. */
  readonly onStop: (message: StopMessage) => void;
}

/** A Comlink endpoint over a port that admits calls of the given methods only, and of a port that was granted nothing else. */
export const guardedEndpoint = (port: MessagePort, methods: ReadonlySet<string>, owners?: OwnersMessages): Endpoint =>
  comlinkEndpoint(port, (data) => {
    const verdict = judge(data, methods);
    if ('call' in verdict) return verdict.call;
    if ('handoff' in verdict) {
      if (owners === undefined) new Uint8Array(verdict.handoff.bytes).fill(0);
      else owners.onHandoff(verdict.handoff);
    } else if ('stop' in verdict) owners?.onStop(verdict.stop);
    else if (verdict.id !== undefined) {
      const error = toErrorRecord(new VaultError('ERR_REFUSED', `the vault refused the message: ${verdict.refusal}`));
      port.postMessage({ id: verdict.id, type: 'RAW', value: { ok: false, error } });
    }
    return undefined;
  });

/** Admitted messages are built anew from the fields that were checked. */
const judge = (data: unknown, methods: ReadonlySet<string>): Verdict => {
  if (!isRecord(data)) return { refusal: 'not an object', id: undefined };
  const id =
    typeof data.id === 'string' && data.id.length > 0 && data.id.length <= MAX_CALL_ID_LENGTH ? data.id : undefined;
  if (Object.hasOwn(data, 'handoff')) return judgeHandoff(data, id);
  if (Object.hasOwn(data, 'stop')) return judgeStop(data, id);
  if (id === undefined) return { refusal: 'no call id', id };
  // An answer is not answered: two ends of one channel would do that for ever.
  if (data.type === 'RAW' || data.type === 'HANDLER') return { refusal: 'not a call', id: undefined };
  if (data.type !== 'APPLY') return { refusal: 'only method calls are accepted', id };
  const { path, argumentList } = data;
  if (!Array.isArray(path) || path.length !== 1) return { refusal: 'expected the name of one method', id };
  const method: unknown = path[0];
  if (typeof method !== 'string' || !methods.has(method)) return { refusal: 'no such method', id };
  if (!Array.isArray(argumentList) || argumentList.length > MAX_ARGUMENTS) {
    return { refusal: `expected at most ${MAX_ARGUMENTS} arguments`, id };
  }
  const values: RawArgument[] = [];
  for (let i = 0; i < argumentList.length; i++) {
    const argument: unknown = argumentList[i];
    if (!isRecord(argument) || argument.type !== 'RAW') return { refusal: 'expected raw arguments', id };
    values.push({ type: 'RAW', value: argument.value });
  }
  return { call: { id, type: 'APPLY', path: [method], argumentList: values } };
};

const judgeHandoff = ({ handoff, bytes }: Record<string, unknown>, id: string | undefined): Verdict => {
  const isBuffer = bytes instanceof ArrayBuffer;
  const isNumber = typeof handoff === 'number' && Number.isInteger(handoff) && handoff >= 0 && handoff <= MAX_HANDOFF;
  if (isBuffer && isNumber && id === undefined) return { handoff: { handoff, bytes } };
  if (isBuffer) new Uint8Array(bytes).fill(0); // a secret, perhaps, that no key will name
  return { refusal: 'a hand-off is a number and a buffer, and no call', id };
};

const judgeStop = ({ stop }: Record<string, unknown>, id: string | undefined): Verdict =>
  stop instanceof Int32Array && stop.buffer instanceof SharedArrayBuffer && stop.length > 0 && id === undefined
    ? { stop: { stop: stop as Int32Array<SharedArrayBuffer> } }
    : { refusal: 'a stop is a shared number, and no call', id };

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
