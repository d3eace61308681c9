// A wallet that locks: its keys are in a sealed file, and in memory only while it is unlocked. Run it with
// `node examples/lock.mjs`, after a build.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVault } from 'strongroom';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-lock-'));
const file = join(folder, 'wallet.sealed');
// A wallet asks for it. The vault takes each of these buffers over, and wipes it.
const typed = (password) => ({ bytes: new TextEncoder().encode(password) });

// Once: a new seed, sealed under a password.
const cost = { memory: 64 * 1024 * 1024, passes: 3 };
const maker = await openVault({ keys: { wallet: { type: 'seed', from: 'generate', allow: ['derive', 'export'] } } });
await maker.seal({ file, password: typed('correct horse battery staple'), cost });
await maker.close();

// From then on: the seed comes from the file, the accounts from the seed.
const vault = await openVault({
  keys: {
    wallet: { type: 'seed', from: { sealed: file, password: typed('correct horse battery staple') } },
    'account/0': { type: 'secp256k1', from: { seed: 'wallet', path: "m/44'/60'/0'/0/0" } },
    session: { type: 'ed25519', from: 'generate' },
  },
  lock: { idleMs: 5 * 60_000 }, // by itself, when no key was used for five minutes
});
vault.events.on('locked', ({ reason }) => console.log('locked:', reason));
vault.events.on('unlock-failed', ({ failures }) => console.log('wrong passwords:', failures));

const digest = new Uint8Array(32).fill(1);
const signature = await vault.sign('account/0', digest, { scheme: 'ecdsa-recoverable' });

// The screen is locked, or the machine goes to sleep. In Electron: powerMonitor.on('lock-screen', () => vault.lock()).
const { gone } = await vault.lock();
console.log('gone, because no encrypted file has it:', gone.join());
await vault.sign('account/0', digest).catch(({ code }) => console.log('refused:', code));
console.log('still known:', (await vault.publicKey('account/0')).length, 'bytes of public key');

await vault.unlock(typed('a guess')).catch(({ code }) => console.log('refused:', code));
await vault.unlock(typed('correct horse battery staple')).catch(({ code }) => console.log('refused:', code)); // too soon
await new Promise((resolve) => setTimeout(resolve, 600));
console.log('unlocked:', (await vault.unlock(typed('correct horse battery staple'))).join());

const again = await vault.sign('account/0', digest, { scheme: 'ecdsa-recoverable' });
console.log('the same key:', Buffer.from(again).equals(signature));
await vault.close();
rmSync(folder, { recursive: true });
