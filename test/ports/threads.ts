// Starts threads that work with granted ports (fixtures/port-thread.ts).
import { once } from 'node:events';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Answer, Order } from './fixtures/port-thread.js';

export interface PortThread {
  readonly worker: Worker;
  /** One order after another: each is answered. */
  order<T extends Answer>(order: Order): Promise<T>;
  /** Send an order that is not answered. */
  tell(order: Order): void;
  end(): Promise<number>;
}

export const startPortThread = async (port: MessagePort): Promise<PortThread> => {
  const file = new URL('./fixtures/port-thread.js', import.meta.url);
  const worker = new Worker(file, { workerData: { port }, transferList: [port] });
  await once(worker, 'message');
  return {
    worker,
    async order<T extends Answer>(order: Order) {
      const answer = once(worker, 'message');
      worker.postMessage(order);
      const [value] = (await answer) as [T];
      return value;
    },
    tell: (order) => worker.postMessage(order),
    end: () => worker.terminate(),
  };
};
