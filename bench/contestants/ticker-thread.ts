// The entry of a thread that wakes main: never again before main has answered the last time.
import { parentPort, workerData } from 'node:worker_threads';
import { PENDING, RUNNING } from './ticker.js';

const INTERVAL_MS = 0.1;
/** Never notified: a wait on it is a sleep. */
const SLEEP = 2;

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
const words = workerData as Int32Array;
for (;;) {
  Atomics.wait(words, RUNNING, 0);
  while (Atomics.load(words, RUNNING) === 1) {
    Atomics.wait(words, SLEEP, 0, INTERVAL_MS);
    if (Atomics.exchange(words, PENDING, 1) === 0) parentPort.postMessage(undefined);
  }
}
