// Calls over Comlink, each answered by its own reply and no other. Comlink names a call by `Math.random()`: where that
// repeats (a mock, a seeded program), one call's reply would settle another. So every call in flight has a Comlink
// remote of its own, and the messages carry numbers of ours. Remotes are kept and used again.
import { type Endpoint, type Remote, wrap } from 'comlink';
import type { NodePort } from './wire/endpoint.js';
import type { ExposedMethods } from './wire/protocol.js';

type Method = keyof ExposedMethods;
type Run = (...args: readonly unknown[]) => Promise<unknown>;
type Listener = (event: { readonly data: unknown }) => void;

/** A Comlink remote that serves one call at a time. */
interface Lane {
  readonly remote: Remote<ExposedMethods>;
  /** One proxy for each method, made once: each look-up on a remote would make another. */
  readonly methods: Map<Method, Run>;
  listener: Listener;
  /** The call in flight: its number in messages, and Comlink's name for it. */
  number: string;
  name: unknown;
}

export interface CallChannel {
  /** Resolves with the reply. Rejects when the message cannot be sent. */
  call(method: Method, args: readonly unknown[]): Promise<unknown>;
  /** Whether a message is the reply of a call; if so, its caller has it. */
  deliver(data: unknown): boolean;
}

export const createCallChannel = (port: NodePort): CallChannel => {
  const inFlight = new Map<string, Lane>();
  const free: Lane[] = [];
  let calls = 0;

  const makeLane = (): Lane => {
    const endpoint = {
      postMessage(message: { readonly id: unknown; readonly type: unknown }, transfer: readonly ArrayBuffer[] = []) {
        if (message.type !== 'APPLY') return; // Comlink's own RELEASE, when a remote is collected
        lane.number = String(calls++);
        lane.name = message.id;
        inFlight.set(lane.number, lane);
        port.postMessage({ ...message, id: lane.number }, transfer);
      },
      addEventListener(_type: string, listener: Listener) {
        lane.listener = listener;
      },
      removeEventListener: () => undefined,
    };
    const lane = { methods: new Map(), listener: () => undefined, number: '', name: '' } as unknown as Lane;
    return Object.assign(lane, { remote: wrap<ExposedMethods>(endpoint as unknown as Endpoint) });
  };

  const methodOf = (lane: Lane, method: Method): Run => {
    const known = lane.methods.get(method);
    if (known !== undefined) return known;
    const made = lane.remote[method] as unknown as Run;
    lane.methods.set(method, made);
    return made;
  };

  return {
    async call(method, args) {
      const lane = free.pop() ?? makeLane();
      try {
        const reply = await methodOf(lane, method)(...args);
        free.push(lane);
        return reply;
      } catch (error) {
        inFlight.delete(lane.number); // and the lane is not used again: Comlink still waits on it
        throw error;
      }
    },
    deliver(data) {
      if (typeof data !== 'object' || data === null || !Object.hasOwn(data, 'id')) return false;
      const { id } = data as { id: unknown };
      const lane = typeof id === 'string' ? inFlight.get(id) : undefined;
      if (lane === undefined) return false;
      inFlight.delete(lane.number);
      lane.listener({ data: { ...data, id: lane.name } });
      return true;
    },
  };
};
