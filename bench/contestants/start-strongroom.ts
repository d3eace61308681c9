// A program that opens a vault with one key and makes one signature: what it says is public key and signature.
import { openVault } from 'strongroom';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const threads = Number(process.argv[2]);
const vault = await openVault({ keys: { first: { type: 'ed25519', from: 'generate' } }, threads });
const signature = await vault.sign('first', Buffer.from('first'));
process.stdout.write(`${hex(await vault.publicKey('first'))} ${hex(signature)}\n`);
await vault.close();
