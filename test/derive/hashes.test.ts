// Hashes of secrets: published answers, the other provider's, and that nothing stays in the scratch.
import { hkdfSync } from 'node:crypto';
import { expand } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { SCRATCH_BYTES } from '../../dist/workers/arena/layout.js';
import { DERIVE_SCRATCH } from '../../dist/workers/derive/derive.js';
import { MNEMONIC_SCRATCH } from '../../dist/workers/derive/mnemonic.js';
import { composeSecretHashes } from '../../dist/workers/providers/compose-hashes.js';
import {
  type HashFunction,
  HKDF_SHA256_SCRATCH,
  HMAC_SHA256_SCRATCH,
  HMAC_SHA512_SCRATCH,
  PBKDF2_SHA512_SCRATCH,
  type SecretHashes,
} from '../../dist/workers/providers/secret-hashes.js';
import { HASH_TEST_SCRATCH, testSecretHashes } from '../../dist/workers/providers/self-test-hashes.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import { inUse, isWiped, native, noble, out64, room, scratch, staged, testBoth, wiping } from './rig.js';

const test = suite('hashes of secrets');
const random = seededRandom('derive/hashes');
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const out32 = out64.subarray(0, 32);

/** Cut a message into parts in the arena, some of them empty. */
const inParts = (message: Uint8Array): Uint8Array[] => {
  const copy = staged(message, 8192);
  const cuts = [0, random.int(message.length + 1), random.int(message.length + 1), message.length].sort(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((end, i) => copy.subarray(cuts[i], end));
};

const hmacSha256 = (hashes: SecretHashes, key: Uint8Array, message: Uint8Array): Uint8Array => {
  wiping(HMAC_SHA256_SCRATCH, () => hashes.hmacSha256(staged(key), inParts(message), out32, scratch));
  return out32;
};
const hmacSha512 = (hashes: SecretHashes, key: Uint8Array, message: Uint8Array): Uint8Array => {
  wiping(HMAC_SHA512_SCRATCH, () => hashes.hmacSha512(staged(key), inParts(message), out64, scratch));
  return out64;
};
const expandSha256 = (hashes: SecretHashes, prk: Uint8Array, info: Uint8Array, length: number): Uint8Array => {
  const okm = room.subarray(0, length);
  wiping(HKDF_SHA256_SCRATCH, () => hashes.expandSha256(staged(prk), info, okm, scratch));
  return okm;
};
const pbkdf2Sha512 = (hashes: SecretHashes, password: Uint8Array, salt: Uint8Array, iterations: number): Uint8Array => {
  wiping(PBKDF2_SHA512_SCRATCH, () => hashes.pbkdf2Sha512(staged(password), inParts(salt), iterations, out64, scratch));
  return out64;
};

testBoth(test, 'published answers, with keys longer than a block', ({ hashes }) => {
  // RFC 4231 §4.7: a key of 131 bytes
  const key = new Uint8Array(131).fill(0xaa);
  const message = ascii('Test Using Larger Than Block-Size Key - Hash Key First');
  equalBytes(
    hmacSha256(hashes, key, message),
    fromHex('60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54'),
  );
  equalBytes(
    hmacSha512(hashes, key, message),
    fromHex(
      '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
    ),
  );
  // PBKDF2-HMAC-SHA-512 with the inputs of RFC 6070
  equalBytes(
    pbkdf2Sha512(hashes, ascii('passwordPASSWORDpassword'), ascii('saltSALTsaltSALTsaltSALTsaltSALTsalt'), 4096),
    fromHex(
      '8c0511f4c6e597c6ac6315d8f0362e225f3c501495ba23b868c005174dc4ee71115b59f9e60cd9532fa33e0f75aefe30225c583a186cd82bd4daea9724a3d3b8',
    ),
  );
});

testBoth(test, 'keys and messages of every length, in parts, as another composition has them', ({ hashes }) => {
  const lengths = [0, 1, 31, 32, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 200, 1000];
  for (const length of lengths) {
    const key = random.bytes(length);
    const message = random.bytes(random.pick(lengths));
    equalBytes(hmacSha256(hashes, key, message), hmac(sha256, key, message));
    equalBytes(hmacSha512(hashes, key, message), hmac(sha512, key, message));
    const info = random.bytes(random.int(100));
    const okmLength = 1 + random.int(200);
    const prk = random.bytes(32 + length);
    equalBytes(expandSha256(hashes, prk, info, okmLength), expand(sha256, prk, info, okmLength));
    const iterations = 1 + random.int(5);
    equalBytes(
      pbkdf2Sha512(hashes, key, message, iterations),
      pbkdf2(sha512, key, message, { c: iterations, dkLen: 64 }),
    );
    equalBytes(
      expandSha256(hashes, hmac(sha256, message, key), info, 64),
      new Uint8Array(hkdfSync('sha256', key, message, info, 64)),
    );
  }
});

testBoth(test, 'an HMAC may be written over its key and over its message', ({ hashes }) => {
  const key = random.bytes(64);
  const message = random.bytes(64);
  const overKey = staged(key);
  hashes.hmacSha512(overKey, [message], overKey, scratch);
  equalBytes(overKey, hmac(sha512, key, message));
  const overMessage = staged(message);
  hashes.hmacSha512(key, [overMessage], overMessage, scratch);
  equalBytes(overMessage, hmac(sha512, key, message));
});

testBoth(test, 'blocks of HKDF come one by one, 255 of them at most', ({ hashes }) => {
  for (const length of [32, 64, 100]) {
    const prk = random.bytes(length);
    const whole = expand(sha256, prk, new Uint8Array(0), 255 * 32);
    for (const count of [1, 2, 255]) {
      const seen: number[] = [];
      wiping(HKDF_SHA256_SCRATCH, () =>
        hashes.expandBlocksSha256(staged(prk), count, scratch, (block, i) => {
          seen.push(i);
          equalBytes(block, whole.subarray(32 * i, 32 * (i + 1)));
        }),
      );
      assert.is(seen.length, count);
      assert.ok(seen.every((index, i) => index === i));
    }
  }
  for (const count of [0, 256, 1.5, Number.NaN]) {
    assert.throws(() => hashes.expandBlocksSha256(staged(random.bytes(32)), count, scratch, () => {}), RangeError);
  }
  assert.throws(
    () => hashes.expandSha256(random.bytes(32), new Uint8Array(0), room.subarray(0, 8161), scratch),
    RangeError,
  );
});

testBoth(test, 'a throw inside leaves nothing, and what is wiped was there', ({ hashes }) => {
  const seen: number[] = [];
  const failing = (): void => {
    throw new Error('on purpose');
  };
  assert.throws(
    () =>
      wiping(HKDF_SHA256_SCRATCH, () =>
        hashes.expandBlocksSha256(staged(random.bytes(32)), 9, scratch, (_, i) => {
          seen.push(inUse());
          if (i === 4) failing();
        }),
      ),
    /on purpose/,
  );
  assert.ok(seen.length === 5 && seen.every((bytes) => bytes > 150), 'the scratch was in use');

  // A library that fails at its n-th whole hash: each function must still wipe.
  const failAt = (n: number, real: HashFunction): HashFunction => {
    let calls = 0;
    return {
      ...real,
      hash(message, digest) {
        if (++calls === n) failing();
        real.hash(message, digest);
      },
    };
  };
  for (const n of [1, 2, 3]) {
    const faulty = (): SecretHashes =>
      composeSecretHashes(hashes.name, failAt(n, hashes.sha256), failAt(n, hashes.sha512));
    const key = random.bytes(200);
    let failures = 0;
    const attempt = (run: () => unknown): void => {
      try {
        run();
      } catch (error) {
        assert.match((error as Error).message, /on purpose/);
        failures++;
      }
      assert.ok(isWiped(scratch));
    };
    attempt(() => hmacSha256(faulty(), key, key));
    attempt(() => hmacSha512(faulty(), key, key));
    attempt(() => expandSha256(faulty(), key, new Uint8Array(0), 64));
    attempt(() => pbkdf2Sha512(faulty(), key, key, 4));
    assert.ok(failures >= 2, `${failures} of 4 failed`);
  }
});

test('a thread has scratch enough for each call', () => {
  for (const needed of [DERIVE_SCRATCH, MNEMONIC_SCRATCH, HASH_TEST_SCRATCH]) assert.ok(needed <= SCRATCH_BYTES);
});

testBoth(test, 'too little scratch is refused before anything is written', ({ hashes }) => {
  const key = random.bytes(32);
  for (const [needed, run] of [
    [HMAC_SHA256_SCRATCH, (small: Uint8Array) => hashes.hmacSha256(key, [key], out32, small)],
    [HMAC_SHA512_SCRATCH, (small: Uint8Array) => hashes.hmacSha512(key, [key], out64, small)],
    [HKDF_SHA256_SCRATCH, (small: Uint8Array) => hashes.expandSha256(key, key, out64, small)],
    [HKDF_SHA256_SCRATCH, (small: Uint8Array) => hashes.expandBlocksSha256(key, 2, small, () => {})],
    [PBKDF2_SHA512_SCRATCH, (small: Uint8Array) => hashes.pbkdf2Sha512(key, [key], 2, out64, small)],
  ] as const) {
    run(scratch.subarray(0, needed));
    assert.throws(() => run(scratch.subarray(0, needed - 1)), RangeError);
  }
});

testBoth(test, 'a hash in parts leaves its state wiped', ({ hashes }) => {
  for (const hash of [hashes.sha256, hashes.sha512]) {
    const message = random.bytes(300);
    const digest = out64.subarray(0, hash.digestBytes);
    wiping(hash.stateBytes, () => {
      const running = hash.start(scratch);
      for (const part of inParts(message)) running.update(part);
      running.finish(digest);
    });
    equalBytes(digest, hash === hashes.sha256 ? sha256(message) : sha512(message));
  }
});

testBoth(test, 'the self-test passes, wipes, and notices each faulty function', ({ hashes }) => {
  const call = (tested: SecretHashes): void => testSecretHashes(tested, scratch);
  scratch.fill(0x5a);
  call(hashes);
  assert.ok(isWiped(scratch));
  assert.throws(() => testSecretHashes(hashes, scratch.subarray(0, HASH_TEST_SCRATCH - 1)), RangeError);

  const expectFailure = (faulty: SecretHashes, name: string): void => {
    assert.throws(
      () => call(faulty),
      (error: { code?: string; message: string }) =>
        error.code === 'ERR_SELF_TEST' && error.message.includes(`${hashes.name} ${name}`),
      name,
    );
    assert.ok(isWiped(scratch));
  };
  const nothing = (): void => {};
  for (const name of ['sha256', 'sha512'] as const) {
    expectFailure({ ...hashes, [name]: { ...hashes[name], hash: nothing } }, name);
  }
  const silent = { update: nothing, finish: nothing };
  expectFailure({ ...hashes, sha256: { ...hashes.sha256, start: () => silent } }, 'sha256 in parts');
  for (const name of ['hmacSha256', 'hmacSha512', 'expandSha256', 'expandBlocksSha256', 'pbkdf2Sha512'] as const) {
    expectFailure({ ...hashes, [name]: nothing }, name);
    const unwiped = (...of: unknown[]): void => {
      (hashes[name] as (...of: unknown[]) => void)(...of);
      scratch[0] = 1;
    };
    expectFailure({ ...hashes, [name]: unwiped }, name);
  }
});

interface WycheproofTest {
  readonly tcId: number;
  readonly result: string;
  readonly key: string;
  readonly msg: string;
  readonly tag: string;
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
  readonly password: string;
  readonly iterationCount: number;
  readonly dkLen: number;
  readonly dk: string;
}
interface Wycheproof {
  readonly testGroups: ReadonlyArray<{ readonly tests: readonly WycheproofTest[] }>;
}
const testsOf = (file: string): readonly WycheproofTest[] | undefined =>
  loadVectors<Wycheproof>(`kdf/${file}.json`)?.testGroups.flatMap(({ tests }) => tests);

const [macs, hkdfs, pbkdf2s] = [
  testsOf('wycheproof-hmac-sha512'),
  testsOf('wycheproof-hkdf-sha256'),
  testsOf('wycheproof-pbkdf2-hmac-sha512'),
];
if (macs === undefined || hkdfs === undefined || pbkdf2s === undefined) test.skip('Wycheproof', NO_VECTORS);
else {
  testBoth(test, 'Wycheproof: HMAC-SHA-512', ({ hashes }) => {
    assert.ok(macs.length > 80);
    for (const { tcId, key, msg, tag, result } of macs) {
      const made = hmacSha512(hashes, fromHex(key), fromHex(msg));
      const expected = fromHex(tag);
      const isEqual = expected.every((byte, i) => byte === made[i]);
      assert.is(isEqual, result === 'valid', `case ${tcId}`);
    }
  });
  testBoth(test, 'Wycheproof: HKDF-SHA-256', ({ hashes }) => {
    assert.ok(hkdfs.length > 50);
    for (const { tcId, ikm, salt, info, size, okm, result } of hkdfs) {
      const prk = Uint8Array.from(hmacSha256(hashes, fromHex(salt), fromHex(ikm)));
      const run = (): Uint8Array => expandSha256(hashes, prk, fromHex(info), size);
      if (result === 'valid') equalBytes(run(), fromHex(okm), `case ${tcId}`);
      else
        assert.throws(() => hashes.expandSha256(prk, new Uint8Array(0), room.subarray(0, size), scratch), RangeError);
    }
  });
  testBoth(test, 'Wycheproof: PBKDF2-HMAC-SHA-512, the first block', (tools) => {
    const { hashes } = tools;
    const valid = pbkdf2s.filter(({ iterationCount, result }) => iterationCount <= 5000 && result === 'valid');
    assert.ok(valid.length > 10);
    // noble takes ten times as long: it does some where the native hashes do all.
    const few = tools === noble && native !== undefined ? valid.slice(0, 4) : valid;
    for (const { tcId, password, salt, iterationCount, dk } of few) {
      const made = pbkdf2Sha512(hashes, fromHex(password), fromHex(salt), iterationCount);
      const expected = fromHex(dk).subarray(0, 64);
      equalBytes(made.subarray(0, expected.length), expected, `case ${tcId}`);
    }
  });
}

test.run();
