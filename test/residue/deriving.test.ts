// While a key is derived from a password, the password is in the arena: the scan sees it there, which is the control of
// every zero that is claimed of it. When the derivation is over, or its thread was killed in it, it is nowhere.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { KeyType } from 'strongroom';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { share } from '../support/share.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { makeSecret } from './keys.js';
import { asSecrets, deliver, makeKeystore, makePassword, makeSealedFile, sealedTraces } from './locked-keys.js';
import { type ProgramSource, startProgram } from './program.js';
import type { Secret } from './scanner/forms.js';
import { compilePatterns } from './scanner/patterns.js';
import { type Hit, scanProcess } from './scanner/scan.js';
import { whyNoScan } from './scanner/support.js';

const test = suite('a key derivation from a password');
test.timeout(60_000);

interface Slow {
  readonly type: KeyType;
  readonly from: ProgramSource;
  readonly secret: Secret;
  readonly traces: readonly Secret[];
}

/** Keys whose derivation takes long enough to be looked at. */
const SLOW: Readonly<Record<string, (folder: string) => Slow>> = {
  scrypt: (folder) => slowKeystore('scrypt', 2 ** 16, folder),
  pbkdf2: (folder) => slowKeystore('pbkdf2', 400_000, folder),
  argon2id(folder) {
    const path = join(folder, 'slow.sealed');
    const password = makePassword();
    const bytes = makeSecret();
    makeSealedFile(path, password, [['slow', 'ed25519', bytes]], { memoryKiB: 16_384, passes: 16 });
    return {
      type: 'ed25519',
      from: { sealed: path, password: deliver(password, 'file', folder).secret },
      secret: { label: 'slow', type: 'ed25519', bytes },
      traces: asSecrets('slow', sealedTraces(path, password)),
    };
  },
};

const slowKeystore = (kdf: 'scrypt' | 'pbkdf2', cost: number, folder: string): Slow => {
  const password = makePassword();
  const bytes = makeSecret();
  const { json, traces } = makeKeystore('secp256k1', kdf, bytes, password, { cost });
  const keystore = join(folder, `${kdf}.json`);
  writeFileSync(keystore, json);
  return {
    type: 'secp256k1',
    from: { keystore, password: deliver(password, 'file', folder).secret },
    secret: { label: 'slow', type: 'secp256k1', bytes },
    traces: asSecrets('slow', traces),
  };
};

const show = (hits: readonly Hit[]): string[] =>
  hits.map(({ secret, form, bytes, where }) => `${secret}: ${bytes} bytes of ${form} in ${where}`);

const PAUSE_MS = 60;
const reason = whyNoScan();
/** Each run kills a signer in one of them. */
const killed = share(seededRandom('residue/deriving'), Object.keys(SLOW), 1 / 3);

for (const [kdf, make] of reason === undefined ? Object.entries(SLOW) : []) {
  test(`a password is seen in the arena while ${kdf} works, and nowhere when it is done`, async () => {
    const { type, from, secret, traces } = make(tempFolder());
    const patterns = compilePatterns([secret, ...traces]);
    const program = await startProgram({ env: {}, input: new Uint8Array() });
    try {
      await program.run({ do: 'open', settings: { threads: 1, provider: 'native' }, keys: {} });
      const registered = program.start({ do: 'register', id: 'slow', type, from });
      await setTimeout(PAUSE_MS);
      process.kill(program.pid, 'SIGSTOP'); // it would be done before it is read
      const during = scanProcess(program.pid, patterns).hits;
      process.kill(program.pid, 'SIGCONT');
      const inArena = during.filter((hit) => hit.inArena);
      assert.equal(
        inArena.map(({ secret: label, form }) => [label, form]),
        [['slow: password', 'bytes']],
        `what was there: ${show(during).join('\n')}`,
      );
      // What the libraries work in, and give back or zero. OpenSSL has a copy of the password; libsodium reads it in place.
      const elsewhere = during.filter((hit) => !hit.inArena);
      const expected = kdf === 'argon2id' ? /: first block/ : /: (password|first block)/;
      const isExpected = ({ secret: label }: Hit): boolean => expected.test(label);
      assert.equal(show(elsewhere.filter((hit) => !isExpected(hit))), []);
      assert.is((await registered).code, undefined);
      assert.equal(show(scanProcess(program.pid, patterns).hits), ['slow: 32 bytes of bytes in the arena']);
      await program.run({ do: 'release', ids: ['slow'] });
      assert.equal(show(scanProcess(program.pid, patterns).hits), []);
    } finally {
      await program.end();
    }
  });

  if (!killed.includes(kdf)) continue;
  test(`a signer that is killed while ${kdf} works leaves nothing, and another one does its work`, async () => {
    const { type, from, secret, traces } = make(tempFolder());
    const patterns = compilePatterns([secret, ...traces]);
    const program = await startProgram({ env: {}, input: new Uint8Array() });
    try {
      await program.run({ do: 'open', settings: { threads: 1, provider: 'native' }, keys: {} });
      const registered = program.start({ do: 'register', id: 'slow', type, from });
      await setTimeout(PAUSE_MS);
      await program.run({ do: 'kill signers', count: 1 });
      assert.is((await registered).code, undefined);
      assert.equal(show(scanProcess(program.pid, patterns).hits), ['slow: 32 bytes of bytes in the arena']);
      await program.run({ do: 'release', ids: ['slow'] });
      assert.equal(show(scanProcess(program.pid, patterns).hits), []);
    } finally {
      await program.end();
    }
  });
}
if (reason !== undefined) test.skip('a password is in the arena only', reason);

test.run();
