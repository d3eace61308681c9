// A thread of ports.mjs: it has a port and no keys.
import { parentPort, workerData } from 'node:worker_threads';
import { connectVault } from 'strongroom';

const vault = await connectVault(workerData.port);
const digest = new Uint8Array(32).fill(1);
const ids = vault.keys().map(({ id }) => id);
const calls = Array.from({ length: workerData.calls }, (_, i) => vault.sign(ids[i % ids.length], digest));
const signatures = await Promise.all(calls);
const identity = await vault.sign('node/identity', digest).catch(({ code }) => code);
parentPort.postMessage({ keys: ids, signed: signatures.length, identity });
parentPort.once('message', () => void vault.close());
