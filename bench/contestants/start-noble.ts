// A program that makes a key and one signature by noble, without a vault: what it says is public key and signature.
import { ed25519 } from '@noble/curves/ed25519.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const secret = ed25519.utils.randomSecretKey();
const signature = ed25519.sign(Buffer.from('first'), secret);
process.stdout.write(`${hex(ed25519.getPublicKey(secret))} ${hex(signature)}\n`);
