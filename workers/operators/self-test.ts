// Known-answer tests of the operators, run at start with key and scratch in the arena: native functions have been seen to
// write nothing there, without a word. Whole operators are tested, so that what they are made of is. The keys are public.
import { VaultError } from '../../src/errors.js';
import { answerBytes, operatorCode, packInput } from '../../src/wire/operators.js';
import type { FrameOperator, KeyType, Slot } from '../../src/wire/types.js';
import type { SlotView } from '../arena/slots.js';
import { HKDF_SHA256_SCRATCH, SHA256_DIGEST } from '../providers/secret-hashes.js';
import { OPERATOR_SCRATCH, runOperator } from './operators.js';
import type { OperatorTools } from './tools.js';

const hex = (...digits: readonly string[]): Uint8Array => Uint8Array.from(Buffer.from(digits.join(''), 'hex'));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

interface KnownKey {
  readonly type: KeyType;
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** RFC 7748 §6.1, Alice. */
const X25519: KnownKey = {
  type: 'x25519',
  secret: hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
  publicKey: hex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'),
};
const BOB = hex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
/** Wycheproof, ecdh_secp256k1, test 1. */
const SECP256K1: KnownKey = {
  type: 'secp256k1',
  secret: hex('f4b7ff7cccc98813a69fae3df222bfe3f4e28f764bf91b4a10d8096ce446b254'),
  publicKey: new Uint8Array(),
};
const POINT = hex(
  '04d8096af8a11e0b80037e1ee68246b5dcbb0aeb1cf1244fd767db80f3fa27da2b',
  '396812ea1686e7472e9692eaf3e958e50e9500d3b4c77243db1f2acd67ba9cc4',
);
const AEAD: KnownKey = { type: 'aead', secret: X25519.secret, publicKey: new Uint8Array() };
/** RFC 4231 §4.2. */
const HMAC: KnownKey = { type: 'hmac', secret: new Uint8Array(20).fill(0x0b), publicKey: Uint8Array.of(20) };
const MESSAGE = ascii('Hi There');

interface KnownAnswer {
  readonly name: FrameOperator;
  readonly key: KnownKey;
  readonly input: object;
  /** An answer, or the code of a refusal. */
  readonly answer: Uint8Array | 'ERR_PEER_KEY' | 'ERR_DECRYPTION';
}

/** Made by libsodium's crypto_box_seal, to Alice; noble opens it. */
const SEALED = hex(
  '8de5945fd7430ddd6567402ea96a71540e224bb9935044bc1c60ccd3eab6f708',
  'befb90aa84c781705b4031ecaeb07ede3233661a2cd5c402b562',
);

/** Made by noble; the published answer is tested beside the library's functions (providers/aead.ts). */
const ENCRYPTED = hex(
  '404142434445464748494a4b4c4d4e4f5051525354555657',
  '21dbffd3d09920d843c214f5ab3d1b3b53d8a71675eb0d84',
);

const KNOWN_ANSWERS: readonly KnownAnswer[] = [
  {
    name: 'agree-raw',
    key: X25519,
    input: { peer: BOB },
    answer: hex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'),
  },
  { name: 'agree-raw', key: X25519, input: { peer: new Uint8Array(32) }, answer: 'ERR_PEER_KEY' },
  {
    // HKDF of the answer above, by OpenSSL
    name: 'agree',
    key: X25519,
    input: { peer: BOB, info: ascii('strongroom') },
    answer: hex('24f7b0f32b5ddad6da52e2fd9513140c01315c8d19d9d9b037524fd393ea7304'),
  },
  {
    name: 'agree-raw',
    key: SECP256K1,
    input: { peer: POINT },
    answer: hex('02544dfae22af6af939042b1d85b71a1e49e9a5614123c4d6ad0c8af65baf87d65'),
  },
  { name: 'agree-raw', key: SECP256K1, input: { peer: POINT.map((b, i) => b ^ +(i === 64)) }, answer: 'ERR_PEER_KEY' },
  { name: 'open', key: X25519, input: { sealed: SEALED }, answer: ascii('sealed box') },
  { name: 'open', key: X25519, input: { sealed: SEALED.map((b, i) => b ^ +(i === 57)) }, answer: 'ERR_DECRYPTION' },
  {
    name: 'decrypt',
    key: AEAD,
    input: { sealed: ENCRYPTED, associated: ascii('strongroom') },
    answer: MESSAGE,
  },
  {
    name: 'decrypt',
    key: AEAD,
    input: { sealed: ENCRYPTED, associated: ascii('Strongroom') },
    answer: 'ERR_DECRYPTION',
  },
  {
    name: 'mac',
    key: HMAC,
    input: { message: MESSAGE },
    answer: hex('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'),
  },
  {
    name: 'mac',
    key: HMAC,
    input: { message: MESSAGE, hash: 'sha512' },
    answer: hex(
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde',
      'daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    ),
  },
];

/** RFC 5869 §A.1. */
const HKDF = {
  ikm: new Uint8Array(22).fill(0x0b),
  salt: hex('000102030405060708090a0b0c'),
  info: hex('f0f1f2f3f4f5f6f7f8f9'),
  okm: hex('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'),
} as const;

const SLOT_AT = OPERATOR_SCRATCH;
const SLOT_BYTES = 128;
/** Arena memory that the test takes: an operator's own, and a key as it lies in its slot. */
export const OPERATOR_TEST_SCRATCH: number = SLOT_AT + SLOT_BYTES; // 624

/** What comes first of both: an aead's nonce, and most of the key that a box is made with once. */
const NONCE_BYTES = 24;

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
const isWiped = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

const viewOf = (scratch: Uint8Array, { secret, publicKey }: KnownKey): SlotView => {
  const [expanded, room] = [scratch.subarray(SLOT_AT, SLOT_AT + 64), scratch.subarray(SLOT_AT + 64, SLOT_AT + 128)];
  expanded.fill(0);
  expanded.set(secret);
  room.fill(0);
  room.set(publicKey.length > 0 ? publicKey : [secret.length]);
  return { slot: 0 as Slot, secret: expanded.subarray(0, 32), expanded, publicKey: room };
};

const run = (
  name: FrameOperator,
  key: KnownKey,
  input: object,
  tools: OperatorTools,
  scratch: Uint8Array,
): Uint8Array => {
  const packed = packInput(name, key.type, input);
  const answer = new Uint8Array(answerBytes(operatorCode(name), packed, 0, packed.length) ?? 0);
  const room = scratch.subarray(0, OPERATOR_SCRATCH);
  runOperator(name, key.type, viewOf(scratch, key), packed, answer, room, tools);
  if (!isWiped(room)) throw new Error('the scratch is not wiped');
  return answer;
};

const answersAs = (known: KnownAnswer, tools: OperatorTools, scratch: Uint8Array): boolean => {
  const { name, key, input, answer } = known;
  if (typeof answer !== 'string') return isEqual(run(name, key, input, tools, scratch), answer);
  try {
    run(name, key, input, tools, scratch);
  } catch (error) {
    return error instanceof VaultError && error.code === answer;
  }
  return false;
};

/** What is sealed opens again, and no two are alike. */
const returns = (
  [seal, open]: readonly [FrameOperator, FrameOperator],
  key: KnownKey,
  tools: OperatorTools,
  scratch: Uint8Array,
): boolean => {
  const make = (): Uint8Array => run(seal, key, { message: MESSAGE }, tools, scratch);
  const [first, second] = [make(), make()];
  return (
    !isEqual(first.subarray(0, NONCE_BYTES), second.subarray(0, NONCE_BYTES)) &&
    [first, second].every((sealed) => isEqual(run(open, key, { sealed }, tools, scratch), MESSAGE))
  );
};

const derivesAs = ({ hashes }: OperatorTools, scratch: Uint8Array): boolean => {
  const ikm = scratch.subarray(SLOT_AT, SLOT_AT + HKDF.ikm.length);
  const prk = scratch.subarray(HKDF_SHA256_SCRATCH, HKDF_SHA256_SCRATCH + SHA256_DIGEST);
  const okm = new Uint8Array(HKDF.okm.length);
  ikm.set(HKDF.ikm);
  hashes.hmacSha256(HKDF.salt, [ikm], prk, scratch);
  hashes.expandSha256(prk, HKDF.info, okm, scratch);
  return isEqual(okm, HKDF.okm);
};

/**
 * Test the operators by known answers.
 *
 * @param scratch - at least OPERATOR_TEST_SCRATCH bytes of arena memory of this thread; wiped.
 * @throws {VaultError} ERR_SELF_TEST - names the provider and the operator. Nothing may be executed then.
 */
export const testOperators = (tools: OperatorTools, scratch: Uint8Array): void => {
  if (scratch.length < OPERATOR_TEST_SCRATCH) {
    throw new RangeError(`"scratch" expected at least ${OPERATOR_TEST_SCRATCH} bytes, got ${scratch.length}`);
  }
  const used = scratch.subarray(0, OPERATOR_TEST_SCRATCH);
  const expect = (provider: string, what: string, check: () => boolean): void => {
    let passed = false;
    try {
      passed = check() === true;
    } catch {
      passed = false; // texts of libraries stay here
    }
    if (!passed) throw new VaultError('ERR_SELF_TEST', `the known-answer test of ${provider} ${what} failed`);
  };
  try {
    used.fill(0);
    expect(tools.hashes.name, 'HKDF', () => derivesAs(tools, used));
    for (const known of KNOWN_ANSWERS) {
      expect(providerOf(known, tools), `${known.key.type} ${known.name}`, () => answersAs(known, tools, used));
    }
    expect(tools.box.name, 'seal and open', () => returns(['seal', 'open'], X25519, tools, used));
    expect(tools.aead.name, 'encrypt and decrypt', () => returns(['encrypt', 'decrypt'], AEAD, tools, used));
  } finally {
    used.fill(0);
  }
};

const providerOf = ({ name, key }: KnownAnswer, tools: OperatorTools): string => {
  if (name === 'mac') return tools.hashes.name;
  if (name === 'open') return tools.box.name;
  if (name === 'decrypt') return tools.aead.name;
  return key.type === 'x25519' ? tools.x25519.name : tools.secp256k1.name;
};
