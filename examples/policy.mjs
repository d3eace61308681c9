// What a key may do, how often and for how long. Run it with `node examples/policy.mjs`, after a build.
import { setTimeout as sleep } from 'node:timers/promises';
import { openVault } from 'strongroom';

const vault = await openVault({
  keys: {
    // Ten signatures in all, by one scheme.
    'hot/wallet': { type: 'secp256k1', from: 'generate', schemes: ['ecdsa-recoverable'], maxSignatures: 10 },
    // Five operations at once, and five a second.
    'relay/0': { type: 'ed25519', from: 'generate', perSecond: 5 },
    // Encrypts, and does not decrypt.
    'log/sealer': { type: 'aead', from: 'generate', allow: ['encrypt'] },
    'wallet/seed': { type: 'seed', from: 'generate' },
  },
});
const digest = new Uint8Array(32).fill(7);

const codeOf = (call) =>
  call.then(
    () => 'done',
    ({ code }) => code,
  );

const scheme = 'ecdsa-recoverable';
const answers = await Promise.all(
  Array.from({ length: 25 }, () => codeOf(vault.sign('hot/wallet', digest, { scheme }))),
);
const count = (wanted) => answers.filter((code) => code === wanted).length;
console.log('signed:', count('done'), 'refused:', count('ERR_KEY_EXHAUSTED')); // 10, 15
console.log('another scheme:', await codeOf(vault.sign('hot/wallet', digest, { scheme: 'schnorr' })));
console.log('six at once:', await codeOf(vault.signMany('relay/0', Array(6).fill(digest)))); // all or nothing
console.log('decrypt:', await codeOf(vault.execute('log/sealer', 'decrypt', { sealed: new Uint8Array(40) })));
console.log('a seed signs:', await codeOf(vault.sign('wallet/seed', digest)));

// A session's key: gone when it was not used for a while, and wiped then, though nobody asks.
await vault.register('session/1', { type: 'ed25519', from: 'generate', idleMs: 300, expiresInMs: 60_000 });
vault.events.on('released', ({ id, reason }) => console.log('gone:', id, reason));
await vault.sign('session/1', digest);
await sleep(1000); // an idle vault does not keep the process alive
console.log('its next signature:', await codeOf(vault.sign('session/1', digest)));

const [{ limits }] = vault.keys();
console.log('left of the first key:', limits.signaturesLeft, 'of', limits.maxSignatures);
await vault.close();
