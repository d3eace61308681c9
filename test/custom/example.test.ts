// The example of an operator, run as the vault runs it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import type { Operator } from '../../dist/workers/custom/definition.js';
import { type OperatorInput, runOperator } from '../../dist/workers/custom/run.js';
import { loadSodium } from '../../dist/workers/providers/native/load.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { repositoryRoot } from '../support/vectors.js';
import { errorOf, load, makeKey, OPERATOR_MODULE, told } from './rig.js';

const test = suite('the example of an operator');
const random = seededRandom('example operator');

const require = createRequire(join(repositoryRoot, 'package.json'));

/** Its text, with its imports where they are found from a temporary folder. */
const text = readFileSync(join(repositoryRoot, 'examples/operators/ed25519-agree.mjs'), 'utf8')
  .replace(`import sodium from 'sodium-native'`, () => {
    const path = JSON.stringify(require.resolve('sodium-native'));
    return `import { createRequire } from 'node:module'; const sodium = createRequire(import.meta.url)(${path})`;
  })
  .replace(`'strongroom/operator'`, () => JSON.stringify(OPERATOR_MODULE));

const loadExample = async (): Promise<Operator> => (await load(text)).get('test/operator') as Operator;

const keyOf = (secret: Uint8Array): OperatorInput => ({
  ...makeKey(secret, 'ed25519'),
  publicKey: ed25519.getPublicKey(secret),
});

if (loadSodium() === undefined) {
  test.skip('two identities agree on a key', 'sodium-native is missing');
} else {
  test('two identities agree on a key, and it is what another library computes', async () => {
    const operator = await loadExample();
    const [ours, theirs] = [random.bytes(32), random.bytes(32)];
    const [ourKey, theirKey] = [ed25519.getPublicKey(ours), ed25519.getPublicKey(theirs)];
    const one = runOperator(operator, keyOf(ours), { peer: theirKey, info: 'session 1' }) as Uint8Array;
    const other = runOperator(operator, keyOf(theirs), { peer: ourKey, info: 'session 1' }) as Uint8Array;
    equalBytes(one, other);
    const shared = x25519.getSharedSecret(ed25519.utils.toMontgomerySecret(ours), ed25519.utils.toMontgomery(theirKey));
    const identities = [ourKey, theirKey].map((key) => Buffer.from(key)).sort(Buffer.compare);
    const message = Buffer.concat([...identities, Buffer.from('session 1')]);
    equalBytes(one, blake2b(message, { dkLen: 32, key: shared }));
    const second = runOperator(operator, keyOf(ours), { peer: theirKey, info: 'session 2' }) as Uint8Array;
    assert.not.equal(second, one);
  });

  test('it refuses what is no identity, and points of small order', async () => {
    const operator = await loadExample();
    const key = keyOf(random.bytes(32));
    const identity = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    for (const input of [
      undefined,
      { peer: new Uint8Array(31), info: 'a' },
      { peer: ed25519.getPublicKey(random.bytes(32)), info: '' },
      { peer: identity, info: 'a' },
      { peer: new Uint8Array(32), info: 'a' },
    ]) {
      assert.is(told(errorOf(operator, key, input)), 'ERR_OPERATOR_INPUT: operator "test/operator" refused the input');
    }
  });
}

test.run();
