// Seeded mutations of good sources: whatever comes in, decodeKey gives a secret or a VaultError, writes nowhere else,
// leaves nothing behind on failure, and says nothing of the content.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { VaultError } from '../../dist/src/errors.js';
import { ENCODINGS, KEY_TYPE_FACTS, KEY_TYPES } from '../../dist/src/wire/types.js';
import { decodeKey } from '../../dist/workers/codec/decode.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

/** Not in node's own types. */
declare const WebAssembly: {
  readonly Memory: new (of: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const test = suite('decodeKey under mutation');
const random = seededRandom('codec fuzz');

const PLACE = 'file k';
const GUARD = 0xa5;
const GUARD_BYTES = 64;
const SOURCE_AT = GUARD_BYTES;
const SOURCE_BYTES = 4096;
const OUT_AT = SOURCE_AT + SOURCE_BYTES + GUARD_BYTES;
const OUT_BYTES = 1024;
const arena = new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer);
const END = OUT_AT + OUT_BYTES + GUARD_BYTES;

type Outcome = 'accepted' | VaultError['code'];

/** A run of the source as long as this must not be found in a message; shorter ones are in English words too. */
const WINDOW = 6;

/** Armour is in good sources and in our own words. What else a message shares with the source is a leak. */
const ARMOUR = ['BEGIN', 'END']
  .flatMap((word) =>
    ['PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'].map((kind) => `-----${word} ${kind}-----`),
  )
  .join('\n ');

const checkMessage = (message: string, source: Uint8Array): void => {
  const text = Buffer.from(source).toString('latin1');
  for (let at = 0; at + WINDOW <= text.length; at++) {
    const window = text.slice(at, at + WINDOW);
    if (message.includes(window) && !ARMOUR.includes(window)) {
      throw new Error(`a message holds ${WINDOW} bytes of content: ${message}`);
    }
  }
};

const attempt = (
  source: Uint8Array,
  encoding: (typeof ENCODINGS)[number],
  type: (typeof KEY_TYPES)[number],
): Outcome => {
  arena.fill(GUARD, 0, END);
  const view = arena.subarray(SOURCE_AT, SOURCE_AT + source.length);
  view.set(source);
  const out = arena.subarray(OUT_AT, OUT_AT + OUT_BYTES);
  out.fill(0);
  let outcome: Outcome = 'accepted';
  try {
    const { minSecretBytes, secretBytes } = KEY_TYPE_FACTS[type];
    const length = decodeKey(view, encoding, type, out, PLACE);
    assert.ok(length >= minSecretBytes && length <= secretBytes, `${length} bytes of ${type}`);
    if (out.subarray(length).some((byte) => byte !== 0)) throw new Error('bytes are left after the secret');
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    outcome = error.code;
    checkMessage(error.message, source);
    if (error.cause !== undefined) throw new Error('an error has a cause');
    if (out.some((byte) => byte !== 0)) throw new Error(`bytes are left after ${outcome}`);
  }
  if (Buffer.compare(view, source) !== 0) throw new Error('the source was changed');
  for (let at = 0; at < END; at++) {
    const inside = (at >= SOURCE_AT && at < SOURCE_AT + source.length) || (at >= OUT_AT && at < OUT_AT + OUT_BYTES);
    if (!inside && arena[at] !== GUARD) throw new Error(`a byte outside was written, at ${at - OUT_AT} from "out"`);
  }
  return outcome;
};

const pem = (key: KeyObject, type: 'pkcs8' | 'sec1'): Buffer =>
  Buffer.from(key.export({ format: 'pem', type }) as string);
const armour = (label: string, der: Uint8Array): Uint8Array =>
  Buffer.from(`-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`);

const ed25519 = generateKeyPairSync('ed25519').privateKey;
const x25519 = generateKeyPairSync('x25519').privateKey;
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const encrypted = ed25519.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'x' });
const key = random.bytes(32);
const texts: readonly Uint8Array[] = [
  pem(ed25519, 'pkcs8'),
  pem(x25519, 'pkcs8'),
  pem(secp256k1, 'pkcs8'),
  pem(secp256k1, 'sec1'),
  pem(p256, 'sec1'),
  Buffer.from(encrypted as string),
  Buffer.from(Buffer.from(key).toString('hex')),
  Buffer.from(`0x${Buffer.from(key).toString('hex')}\n`),
  Buffer.from(Buffer.from(key).toString('base64')),
  Buffer.from(Buffer.from(key).toString('base64url')),
  key,
];
const ders: readonly (readonly [label: string, der: Uint8Array])[] = [
  ['PRIVATE KEY', ed25519.export({ format: 'der', type: 'pkcs8' })],
  ['PRIVATE KEY', secp256k1.export({ format: 'der', type: 'pkcs8' })],
  ['EC PRIVATE KEY', secp256k1.export({ format: 'der', type: 'sec1' })],
];

const TELLING_BYTES = [0x00, 0x01, 0x04, 0x0a, 0x20, 0x2d, 0x30, 0x3d, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xff];

const mutate = (bytes: Uint8Array): Uint8Array => {
  let mutant = Uint8Array.from(bytes);
  for (let round = 1 + random.int(3); round > 0; round--) {
    const at = random.int(mutant.length + 1);
    switch (random.int(6)) {
      case 0:
        mutant = mutant.slice(0, at);
        break;
      case 1:
        mutant = mutant.slice(at);
        break;
      case 2:
        if (at < mutant.length) mutant[at] = random.pick(TELLING_BYTES);
        break;
      case 3:
        if (at < mutant.length) mutant[at] = (mutant[at] as number) ^ (1 << random.int(8));
        break;
      case 4:
        mutant = Uint8Array.from([...mutant.slice(0, at), random.pick(TELLING_BYTES), ...mutant.slice(at)]);
        break;
      default:
        mutant = Uint8Array.from([
          ...mutant.slice(0, at),
          ...mutant.slice(Math.min(mutant.length, at + 1 + random.int(8))),
        ]);
    }
  }
  return mutant.slice(0, SOURCE_BYTES);
};

test('the sources themselves are accepted by somebody, so that the mutants start from good ones', () => {
  for (const source of texts.filter((text) => !Buffer.from(text).includes('ENCRYPTED') && text !== texts[4])) {
    assert.ok(KEY_TYPES.some((type) => attempt(source, 'auto', type) === 'accepted'));
  }
});

test('truncation at every byte', () => {
  const outcomes = new Set<Outcome>();
  for (const text of texts) {
    for (let length = 0; length < text.length; length++) {
      outcomes.add(attempt(text.subarray(0, length), 'auto', random.pick(KEY_TYPES)));
    }
  }
  for (const [label, der] of ders) {
    for (let length = 0; length < der.length; length++) {
      const outcome = attempt(armour(label, der.subarray(0, length)), 'pem', 'secp256k1');
      assert.is(outcome, 'ERR_KEY_ENCODING');
    }
  }
  assert.ok(outcomes.has('ERR_KEY_ENCODING') && outcomes.has('ERR_KEY_LENGTH') && outcomes.has('ERR_SOURCE_EMPTY'));
});

test('random mutants of text, in every encoding and for every type', () => {
  const outcomes = new Set<Outcome>();
  for (let round = 0; round < 20_000; round++) {
    outcomes.add(attempt(mutate(random.pick(texts)), random.pick(ENCODINGS), random.pick(KEY_TYPES)));
  }
  for (const outcome of [
    'accepted',
    'ERR_KEY_ENCODING',
    'ERR_KEY_LENGTH',
    'ERR_KEY_CURVE',
    'ERR_SOURCE_EMPTY',
  ] as const) {
    assert.ok(outcomes.has(outcome), `the mutants reach ${outcome}`);
  }
});

test('random mutants of DER, in whole armour', () => {
  const outcomes = new Set<Outcome>();
  for (let round = 0; round < 20_000; round++) {
    const [label, der] = random.pick(ders);
    outcomes.add(attempt(armour(label, mutate(der)), 'pem', random.pick(['ed25519', 'secp256k1'] as const)));
  }
  for (const outcome of ['accepted', 'ERR_KEY_ENCODING', 'ERR_KEY_CURVE'] as const) {
    assert.ok(outcomes.has(outcome), `the mutants reach ${outcome}`);
  }
});

test('every single byte of a DER key set to every value', () => {
  for (const [label, der] of ders) {
    const fixed = label === 'PRIVATE KEY' && der.length < 60 ? 16 : 40; // the structure; the secret's own bytes are free
    for (let at = 0; at < fixed; at++) {
      for (let value = 0; value < 256; value++) {
        const mutant = Uint8Array.from(der);
        mutant[at] = value;
        attempt(armour(label, mutant), 'pem', der.length < 60 ? 'ed25519' : 'secp256k1');
      }
    }
  }
});

test.run();
