// A signing node of many threads, each with a port of its own to one vault, and a plug-in that may do little. Run it with
// `node examples/ports.mjs`, after a build.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { connectVault, openVault } from 'strongroom';

const THREADS = 4;
const CALLS = 500;

const vault = await openVault({
  keys: {
    'acct/0': { type: 'secp256k1', from: 'generate' },
    'acct/1': { type: 'ed25519', from: 'generate' },
    'node/identity': { type: 'ed25519', from: 'generate' },
  },
});

const file = new URL('./ports-worker.mjs', import.meta.url);
const threads = await Promise.all(
  Array.from({ length: THREADS }, async () => {
    const port = await vault.grant({ keys: ['acct/*'], operations: ['sign', 'publicKey'] });
    const worker = new Worker(file, { workerData: { port, calls: CALLS }, transferList: [port] });
    const [answer] = await once(worker, 'message');
    return { worker, ...answer };
  }),
);
console.log('ports:', (await vault.stats()).grants, 'keys that each sees:', threads[0].keys.join(', '));
const signed = threads.reduce((sum, thread) => sum + thread.signed, 0);
console.log('signed:', signed); // 4 × 500
console.log('the identity key, asked by a thread:', threads[0].identity); // it does not see it
const ends = threads.map(({ worker }) => once(worker, 'exit'));
for (const { worker } of threads) worker.postMessage('end');
await Promise.all(ends);

// A plug-in: three signatures, by one key, and it may hand on no more than it has.
const port = await vault.grant({ keys: ['acct/1'], operations: ['sign'], maxSignatures: 3, expiresInMs: 60_000 });
const plugin = await connectVault(port);
const message = new TextEncoder().encode('a message');
const calls = await Promise.allSettled(Array.from({ length: 5 }, () => plugin.sign('acct/1', message)));
console.log('plug-in:', calls.map(({ reason }) => reason?.code ?? 'signed').join(', '));
console.log('wider:', await plugin.grant({ keys: ['*'], operations: ['sign'] }).catch(({ code }) => code));
await vault.revoke(port);
console.log('revoked:', await plugin.sign('acct/1', message).catch(({ code }) => code), (await plugin.closed).reason);

await vault.register('acct/2', { type: 'ed25519', from: 'generate' }); // ports of acct/* would see it at once
console.log('ports that are left:', (await vault.stats()).grants); // 0: the threads have ended
await vault.close();
