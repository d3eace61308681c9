// Known-answer tests of the hashes of secrets, on arena memory: a library that writes nothing there must not go
// unnoticed. Published values only.
import { VaultError } from '../../src/errors.js';
import { PBKDF2_SHA512_SCRATCH, type SecretHashes } from './secret-hashes.js';

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

interface KnownAnswer {
  readonly name: string;
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly answer: Uint8Array;
  /** All but the first are views over the arena; `out` is as long as the answer. */
  run(hashes: SecretHashes, key: Uint8Array, message: Uint8Array, out: Uint8Array, scratch: Uint8Array): void;
}

const NONE = new Uint8Array(0);

// FIPS 180-4, "abc"
const ABC = ascii('abc');
const ABC_SHA256 = hex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
const ABC_SHA512 = hex(
  'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
);
// RFC 4231 §4.3
const HMAC_KEY = ascii('Jefe');
const HMAC_MESSAGE = ascii('what do ya want for nothing?');

const KNOWN_ANSWERS: readonly KnownAnswer[] = [
  {
    name: 'sha256',
    key: NONE,
    message: ABC,
    answer: ABC_SHA256,
    run: (hashes, _key, message, out) => hashes.sha256.hash(message, out),
  },
  {
    name: 'sha256 in parts',
    key: NONE,
    message: ABC,
    answer: ABC_SHA256,
    run(hashes, _key, message, out, scratch) {
      const running = hashes.sha256.start(scratch);
      running.update(message.subarray(0, 1));
      running.update(message.subarray(1));
      running.finish(out);
    },
  },
  {
    name: 'sha512',
    key: NONE,
    message: ABC,
    answer: ABC_SHA512,
    run: (hashes, _key, message, out) => hashes.sha512.hash(message, out),
  },
  {
    name: 'hmacSha256',
    key: HMAC_KEY,
    message: HMAC_MESSAGE,
    answer: hex('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'),
    run: (hashes, key, message, out, scratch) => hashes.hmacSha256(key, [message], out, scratch),
  },
  {
    name: 'hmacSha512',
    key: HMAC_KEY,
    message: HMAC_MESSAGE,
    answer: hex(
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    ),
    run: (hashes, key, message, out, scratch) => hashes.hmacSha512(key, [message], out, scratch),
  },
  {
    // RFC 5869 §A.1
    name: 'expandSha256',
    key: hex('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5'),
    message: hex('f0f1f2f3f4f5f6f7f8f9'),
    answer: hex('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'),
    run: (hashes, key, message, out, scratch) => hashes.expandSha256(key, message, out, scratch),
  },
  {
    // RFC 5869 §A.3, whose info is empty
    name: 'expandBlocksSha256',
    key: hex('19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04'),
    message: NONE,
    answer: hex('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8'),
    run: (hashes, key, _message, out, scratch) =>
      hashes.expandBlocksSha256(key, 2, scratch, (block, i) => out.set(block.subarray(0, out.length - 32 * i), 32 * i)),
  },
  {
    // The inputs of RFC 6070, with SHA-512
    name: 'pbkdf2Sha512',
    key: ascii('password'),
    message: ascii('salt'),
    answer: hex(
      'e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53cf76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e',
    ),
    run: (hashes, key, message, out, scratch) => hashes.pbkdf2Sha512(key, [message], 2, out, scratch),
  },
];

/** Arena memory that the test takes: a function's own, then key, message and answer. */
export const HASH_TEST_SCRATCH: number = PBKDF2_SHA512_SCRATCH + 32 + 32 + 64; // 912

/** Whether a function gives its answer and wipes its room; whatever else it does, throw included, is a failure. */
const passes = (known: KnownAnswer, hashes: SecretHashes, scratch: Uint8Array): boolean => {
  const room = scratch.subarray(0, PBKDF2_SHA512_SCRATCH);
  const operands = scratch.subarray(PBKDF2_SHA512_SCRATCH);
  const key = operands.subarray(0, known.key.length);
  const message = operands.subarray(32, 32 + known.message.length);
  const out = operands.subarray(64, 64 + known.answer.length);
  try {
    key.set(known.key);
    message.set(known.message);
    out.fill(0);
    known.run(hashes, key, message, out, room);
    return known.answer.every((byte, i) => byte === out[i]) && room.every((byte) => byte === 0);
  } catch {
    return false; // texts of libraries stay here
  }
};

/**
 * Test the hashes of secrets by known answers.
 *
 * @param scratch - HASH_TEST_SCRATCH bytes of arena memory of this thread; wiped.
 * @throws {VaultError} ERR_SELF_TEST - names the provider and the function. Nothing may be derived then.
 */
export const testSecretHashes = (hashes: SecretHashes, scratch: Uint8Array): void => {
  if (scratch.length < HASH_TEST_SCRATCH) {
    throw new RangeError(`"scratch" expected at least ${HASH_TEST_SCRATCH} bytes, got ${scratch.length}`);
  }
  try {
    scratch.fill(0);
    for (const known of KNOWN_ANSWERS) {
      if (!passes(known, hashes, scratch)) {
        throw new VaultError('ERR_SELF_TEST', `the known-answer test of ${hashes.name} ${known.name} failed`);
      }
    }
  } finally {
    scratch.fill(0);
  }
};
