// Nonces are as good as keys. After the last signature of a native key nothing of its nonce may stay in any thread.

import { assert } from '../support/assert.js';
import { fromHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { makeKey } from './keys.js';
import { NONCES_OF } from './nonces.js';
import { makeMessages, startProgram } from './program.js';
import type { Secret } from './scanner/forms.js';
import { compilePatterns } from './scanner/patterns.js';
import { scanProcess } from './scanner/scan.js';
import { whyNoScan } from './scanner/support.js';

const test = suite('the nonces of signatures');
const reason = whyNoScan();
/** Where code lies on the stack depends on how far the engine has optimised it: looks after few and after many. */
const COUNTS = [64, 512, 512, 2048];

for (const scheme of reason === undefined ? Object.keys(NONCES_OF) : []) {
  test(`no nonce of native ${scheme} signatures stays in memory`, async () => {
    const type = scheme === 'ed25519' ? scheme : 'secp256k1';
    const key = makeKey(type, 'file raw', tempFolder());
    if (key?.secret === undefined) throw new Error('no key was made');
    const program = await startProgram({ env: {}, input: new Uint8Array() });
    try {
      const { id, from, secret } = key;
      const { keys } = await program.run({
        do: 'open',
        settings: { threads: 2, provider: 'native' },
        keys: { [id]: { type, from } },
      });
      const publicKey = fromHex(keys?.[0]?.publicKey ?? '');
      for (const count of COUNTS) {
        const { signatures = [] } = await program.run({ do: 'sign', ids: [id], scheme, count });
        assert.is(signatures.length, makeMessages().length);
        const nonces = makeMessages().flatMap((message, i): Secret[] => {
          const signed = { secret: secret.bytes, publicKey, message, signature: fromHex(signatures[i] ?? '') };
          const values = NONCES_OF[scheme]?.(signed) ?? [];
          return values.map((bytes, j) => ({ label: `message ${i}, nonce ${j}`, type: 'number', bytes }));
        });
        const { hits } = scanProcess(program.pid, compilePatterns([...nonces, secret]));
        const found = hits.map((hit) => `${hit.secret}: ${hit.form} in ${hit.where}`);
        assert.equal(found, [`${id}: bytes in the arena`]);
      }
    } finally {
      await program.end();
    }
  });
}
if (reason !== undefined) test.skip('no nonce stays in memory', reason);

test.run();
