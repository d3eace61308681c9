// A node Worker or MessagePort in the shape that Comlink speaks to. Comlink's own node adapter has no types under
// nodenext; this one keeps to what Comlink calls, and lets its owner see messages that are not Comlink's.
import type { Transferable } from 'node:worker_threads';
import type { Endpoint } from 'comlink';

/** What Worker and MessagePort have in common. */
export interface NodePort {
  postMessage(value: unknown, transferList?: readonly Transferable[]): void;
  on(event: 'message', listener: (value: unknown) => void): unknown;
  off(event: 'message', listener: (value: unknown) => void): unknown;
}

type Listener = (event: { readonly data: unknown }) => void;

/**
 * @param port - the worker or port.
 * @param admit - what Comlink may see of a message: the value to pass on, or undefined to keep it from Comlink.
 */
export const comlinkEndpoint = (port: NodePort, admit: (data: unknown) => unknown): Endpoint => {
  const listeners = new Map<Listener, (data: unknown) => void>();
  return {
    postMessage: (message: unknown, transfer: readonly Transferable[] = []) => port.postMessage(message, transfer),
    addEventListener(_type: string, listener: Listener) {
      const onMessage = (data: unknown): void => {
        const admitted = admit(data);
        if (admitted !== undefined) listener({ data: admitted });
      };
      listeners.set(listener, onMessage);
      port.on('message', onMessage);
    },
    removeEventListener(_type: string, listener: Listener) {
      const onMessage = listeners.get(listener);
      if (onMessage !== undefined) port.off('message', onMessage);
      listeners.delete(listener);
    },
  } as unknown as Endpoint;
};
