// A program that opens a vault with so many ed25519 keys and says what it takes then. Run with --expose-gc.
import { type KeySpec, openVault } from 'strongroom';

declare const gc: () => void;

const count = Number(process.argv[2]);
const keys: Record<string, KeySpec> = {};
for (let i = 0; i < count; i++) keys[`key/${i}`] = { type: 'ed25519', from: 'generate' };
const vault = await openVault({ keys, threads: 1, memory: { maxKeys: count } });
for (const id of Object.keys(keys)) delete keys[id];
// Twice: what the first collection finds to be finalized, the second frees.
for (let pass = 0; pass < 2; pass++) {
  gc();
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const { rss, heapUsed } = process.memoryUsage();
process.stdout.write(`${JSON.stringify({ resident: rss, heap: heapUsed, arena: vault.info().memory.bytes })}\n`);
await vault.close();
