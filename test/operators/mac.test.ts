// mac: HMAC by the published answers, and by node:crypto for every length of key.
import { createHmac } from 'node:crypto';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { execute, testBoth } from './rig.js';

const test = suite('message authentication');
const random = seededRandom('operators/mac');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** RFC 4231: those whose keys have 16 to 64 bytes. */
const PUBLISHED: ReadonlyArray<readonly [Uint8Array, Uint8Array, string, string]> = [
  [
    new Uint8Array(20).fill(0x0b),
    text('Hi There'),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
  ],
  [
    new Uint8Array(20).fill(0xaa),
    new Uint8Array(50).fill(0xdd),
    '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
    'fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb',
  ],
  [
    Uint8Array.from({ length: 25 }, (_, i) => i + 1),
    new Uint8Array(50).fill(0xcd),
    '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    'b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd',
  ],
];

testBoth(test, 'the published answers', (tools) => {
  for (const [secret, message, sha256, sha512] of PUBLISHED) {
    const key = { type: 'hmac', secret } as const;
    equalBytes(execute(tools, key, 'mac', { message }), fromHex(sha256));
    equalBytes(execute(tools, key, 'mac', { message, hash: 'sha256' }), fromHex(sha256));
    equalBytes(execute(tools, key, 'mac', { message, hash: 'sha512' }), fromHex(sha512));
  }
});

testBoth(test, 'keys of every length, and messages about the lengths of blocks, as node:crypto does it', (tools) => {
  for (let length = 16; length <= 64; length++) {
    const secret = random.bytes(length);
    for (const hash of ['sha256', 'sha512'] as const) {
      for (const bytes of [0, 1, 55, 64, 111, 112, 128, 1000 + length]) {
        const message = random.bytes(bytes);
        const expected = createHmac(hash, secret).update(message).digest();
        equalBytes(
          execute(tools, { type: 'hmac', secret }, 'mac', { message, hash }),
          expected,
          `${hash} ${length} ${bytes}`,
        );
      }
    }
  }
});

testBoth(test, 'a megabyte', (tools) => {
  const [secret, message] = [random.bytes(32), random.bytes(1 << 20)];
  for (const hash of ['sha256', 'sha512'] as const) {
    const made = execute(tools, { type: 'hmac', secret }, 'mac', { message, hash });
    equalBytes(made, createHmac(hash, secret).update(message).digest());
    assert.is(made.length, hash === 'sha256' ? 32 : 64);
  }
});

test.run();
