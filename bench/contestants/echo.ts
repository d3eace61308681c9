// A round trip to a worker by Comlink alone, with Comlink's own adapter for node: the least that any call to another
// thread costs, made this way.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { type Endpoint, type Remote, wrap } from 'comlink';

const require = createRequire(import.meta.url);
/** Its types do not resolve under nodenext. */
const nodeEndpoint = require('comlink/dist/umd/node-adapter.js') as (port: Worker) => Endpoint;

export interface Echo {
  call(bytes: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

export const startEcho = async (): Promise<Echo> => {
  const worker = new Worker(new URL('./echo-thread.js', import.meta.url));
  await once(worker, 'message'); // it listens
  const remote: Remote<{ echo(bytes: Uint8Array): Uint8Array }> = wrap(nodeEndpoint(worker));
  const { echo } = remote; // each look-up would make a proxy
  return {
    call: (bytes) => echo(bytes),
    async close() {
      await worker.terminate();
    },
  };
};
