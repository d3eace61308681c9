// A vault that tells what it does: events, numbers, and a signed log that shows when it was changed. Run it with
// `node examples/audit.mjs`, after a build.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openVault } from 'strongroom';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-audit-'));
const file = join(folder, 'audit.log');

const vault = await openVault({
  keys: {
    'node/identity': { type: 'ed25519', from: 'generate', maxSignatures: 1000 },
    'node/audit': { type: 'ed25519', from: 'generate', allow: ['sign'] }, // from a sealed file, where logs go on
  },
  audit: { file, key: 'node/audit' },
});
vault.events.on('refused', ({ id, operation, code, count }) => console.log('refused:', id, operation, code, count));

const message = new TextEncoder().encode('a message');
const calls = Array.from({ length: 1200 }, () => vault.sign('node/identity', message));
const answers = await Promise.allSettled(calls);
console.log('signed:', answers.filter(({ status }) => status === 'fulfilled').length); // 1000

const { operations, audit } = await vault.stats();
console.log('counted:', operations.sign.count, 'and refused', operations.sign.refused);
console.log('records:', audit.records > 0);
const publicKey = Buffer.from(await vault.publicKey('node/audit')).toString('hex');
await vault.close();

const program = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const verify = () => {
  try {
    const args = [program, 'audit', 'verify', file, '--public-key', publicKey];
    return execFileSync(process.execPath, args, { encoding: 'utf8' }).split('\n')[0];
  } catch ({ status, stdout }) {
    return `${stdout.split('\n')[0]} (exit code ${status})`;
  }
};
console.log(verify()); // whole
writeFileSync(file, readFileSync(file, 'utf8').replace('"sign":1000', '"sign":1'));
console.log(verify()); // not whole: …
rmSync(folder, { recursive: true });
