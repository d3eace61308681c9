// The entry of a thread that gives back what it is given, by Comlink.
import { createRequire } from 'node:module';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { type Endpoint, expose } from 'comlink';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
const require = createRequire(import.meta.url);
const nodeEndpoint = require('comlink/dist/umd/node-adapter.js') as (port: MessagePort) => Endpoint;
expose({ echo: (bytes: Uint8Array) => bytes }, nodeEndpoint(parentPort));
parentPort.postMessage('ready');
