// The entry of the vault thread. Started by src/host.ts with an empty environment and no options.
import { parentPort } from 'node:worker_threads';
import { serve } from './service.js';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
serve(parentPort);
