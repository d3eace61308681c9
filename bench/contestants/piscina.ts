// What many programs do: a pool of threads, and a task for each signature.
import { Piscina } from 'piscina';
import { TYPE_OF } from '../keys.js';
import { ALL_SCHEMES, concurrentEntry, type Peer } from './peer.js';
import type { PiscinaThreadData } from './piscina-thread.js';

/** noble takes tens of milliseconds for a BLS signature: few of them fill the pool, and many take seconds to end. */
const SLOW_CALLS_PER_THREAD = 4;

export const piscina: Peer = {
  name: 'Piscina',
  schemes: ALL_SCHEMES,
  open({ scheme, secret, messages, threads, inFlight }) {
    const workerData: PiscinaThreadData = { scheme, secret };
    const pool = new Piscina({
      filename: new URL('./piscina-thread.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      workerData,
    });
    const signed = messages.for(TYPE_OF[scheme]);
    const entry = (library: 'native' | 'noble', calls: number) =>
      concurrentEntry(
        (count) => `Piscina on ${library}, ${count} calls`,
        calls,
        signed,
        (message) => pool.run(message, { name: library }) as Promise<Uint8Array>,
      );
    const slowCalls = scheme === 'bls12-381' ? Math.min(inFlight, SLOW_CALLS_PER_THREAD * threads) : inFlight;
    return {
      entries: [entry('noble', slowCalls), entry('native', inFlight)],
      close: () => pool.destroy(),
    };
  },
};
