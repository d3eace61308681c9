// The ten lines of README.md. Run them with `node examples/ten-lines.mjs`, after a build.
import { openVault } from 'strongroom';

const keys = {
  'node/identity': { type: 'ed25519', from: 'generate' }, // or { env: 'NODE_KEY' }, or { file: 'keys/node.pem' }
  'hot/eth': { type: 'secp256k1', from: 'generate' },
};
const vault = await openVault({ keys }); // or openVault('strongroom.json')
const message = new TextEncoder().encode('a message');
const signature = await vault.sign('node/identity', message);
console.log(await vault.verify('node/identity', message, signature)); // true
await vault.close(); // every key is wiped, every thread has ended
