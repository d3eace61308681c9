// Keys from raw bytes, hex and base64, named and detected; each refusal by its code and its words.
import type { VaultError, VaultErrorCode } from '../../dist/src/errors.js';
import { ENCODINGS, type Encoding, KEY_TYPES, type KeyType } from '../../dist/src/wire/types.js';
import { decodeKey } from '../../dist/workers/codec/decode.js';
import { assert, equalSecret } from '../support/assert.js';
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

const test = suite('decodeKey');
const random = seededRandom('decode');
const PLACE = 'file keys/a.key';
const OUT_BYTES = 512;

/** Two views in one shared memory, as in the vault. */
const arenaViews = (source: Uint8Array): { source: Uint8Array; out: Uint8Array } => {
  const buffer = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true }).buffer;
  const view = new Uint8Array(buffer, 0, source.length);
  view.set(source);
  return { source: view, out: new Uint8Array(buffer, 65_536, OUT_BYTES) };
};

const asBytes = (source: string | Uint8Array): Uint8Array =>
  typeof source === 'string' ? new Uint8Array(Buffer.from(source, 'latin1')) : source;

const accepts = (source: string | Uint8Array, encoding: Encoding, type: KeyType, secret: Uint8Array): void => {
  const bytes = asBytes(source);
  const views = arenaViews(bytes);
  assert.is(decodeKey(views.source, encoding, type, views.out, PLACE), secret.length);
  equalSecret(views.out.subarray(0, secret.length), secret);
  assert.ok(
    views.out.subarray(secret.length).every((byte) => byte === 0),
    'zeros after the secret',
  );
  equalSecret(views.source, bytes, 'the source is left as it was');
};

const refuses = (
  source: string | Uint8Array,
  encoding: Encoding,
  type: KeyType,
  code: VaultErrorCode,
  message: string,
): void => {
  const views = arenaViews(asBytes(source));
  try {
    decodeKey(views.source, encoding, type, views.out, PLACE);
  } catch (error) {
    assert.is((error as VaultError).code, code, (error as Error).message);
    assert.is((error as Error).message, `${PLACE}: ${message}`);
    assert.ok(
      views.out.every((byte) => byte === 0),
      'nothing is left',
    );
    return;
  }
  assert.unreachable(`accepted: ${message}`);
};

const secret = random.bytes(32);
const hex = Buffer.from(secret).toString('hex');
const base64 = Buffer.from(secret).toString('base64');
const base64url = Buffer.from(secret).toString('base64url');

test('each type takes 32 bytes raw, in hex and in base64, named and detected', () => {
  for (const type of KEY_TYPES) {
    accepts(secret, 'raw', type, secret);
    accepts(secret, 'auto', type, secret);
    for (const text of [
      hex,
      hex.toUpperCase(),
      `0x${hex}`,
      `0X${hex.toUpperCase()}`,
      `${hex}\n`,
      ` \t\r\n\v\f0x${hex} \t\r\n\v\f`,
    ]) {
      accepts(text, 'hex', type, secret);
      accepts(text, 'auto', type, secret);
    }
    for (const text of [
      base64,
      base64.replace('=', ''),
      base64url,
      `${base64url}=`,
      `${base64}\r\n`,
      `\n ${base64url}\n`,
    ]) {
      accepts(text, 'base64', type, secret);
      accepts(text, 'auto', type, secret);
    }
  }
});

test('no bytes, and white space alone, are empty', () => {
  for (const encoding of ENCODINGS) refuses('', encoding, 'ed25519', 'ERR_SOURCE_EMPTY', 'expected a key, got nothing');
  for (const encoding of ['auto', 'hex', 'base64', 'pem'] as const) {
    for (const blanks of [' ', '\r\n', ' '.repeat(32), '\n'.repeat(64)]) {
      refuses(blanks, encoding, 'ed25519', 'ERR_SOURCE_EMPTY', 'expected a key, got white space alone');
    }
  }
  accepts(' '.repeat(32), 'raw', 'ed25519', asBytes(' '.repeat(32))); // who says raw means it
});

test('exactly 32 bytes are the key itself, whatever they look like', () => {
  const lookAlikes = [
    '0123456789abcdef0123456789ABCDEF',
    'A'.repeat(32),
    'a pass phrase of 32 characters..',
    `0x${'1'.repeat(30)}`,
  ];
  for (const text of lookAlikes) {
    assert.is(text.length, 32);
    accepts(text, 'auto', 'secp256k1', asBytes(text));
    accepts(text, 'raw', 'secp256k1', asBytes(text));
  }
  const blankEnds = Uint8Array.from(secret);
  blankEnds.set([0x0a, 0x20]);
  blankEnds.set([0x0d, 0x0a], 30);
  accepts(blankEnds, 'auto', 'ed25519', blankEnds);
});

test('64 hex digits are hex although they are base64 too', () => {
  assert.is(Buffer.from(hex, 'base64').toString('base64'), hex);
  accepts(hex, 'auto', 'ed25519', secret);
  refuses(hex, 'base64', 'ed25519', 'ERR_KEY_LENGTH', 'expected 32 bytes for ed25519, got 48');
});

test('a named encoding is not second-guessed', () => {
  refuses(base64, 'hex', 'ed25519', 'ERR_KEY_ENCODING', 'expected hex digits, got 44 bytes that are not all of them');
  refuses(
    hex,
    'raw',
    'ed25519',
    'ERR_KEY_LENGTH',
    'expected 32 bytes for ed25519, got 64; give the 32-byte seed alone, not seed and public key',
  );
  refuses(hex, 'pem', 'ed25519', 'ERR_KEY_ENCODING', 'expected a PEM block, which starts with -----BEGIN');
  refuses(`0x${hex}`, 'base64', 'ed25519', 'ERR_KEY_ENCODING', 'expected canonical base64, got 66 bytes that are not');
});

test('a wrong length says what was expected and what was found', () => {
  refuses(secret.subarray(1), 'raw', 'bls12-381', 'ERR_KEY_LENGTH', 'expected 32 bytes for bls12-381, got 31');
  refuses(hex.slice(2), 'hex', 'ed25519', 'ERR_KEY_LENGTH', 'expected 32 bytes for ed25519, got 31');
  refuses(`0x${hex}00`, 'hex', 'ed25519', 'ERR_KEY_LENGTH', 'expected 32 bytes for ed25519, got 33');
  refuses('0x', 'hex', 'ed25519', 'ERR_KEY_LENGTH', 'expected 32 bytes for ed25519, got 0');
  refuses(hex.slice(1), 'hex', 'ed25519', 'ERR_KEY_LENGTH', 'expected 64 hex digits for ed25519, got 63');
  refuses(`${hex}0`, 'auto', 'secp256k1', 'ERR_KEY_LENGTH', 'expected 64 hex digits for secp256k1, got 65');
  refuses(hex.slice(2), 'auto', 'x25519', 'ERR_KEY_LENGTH', 'expected 32 bytes for x25519, got 31 (read as hex)');
  refuses(
    Buffer.alloc(33, 0xff).toString('base64'),
    'base64',
    'ed25519',
    'ERR_KEY_LENGTH',
    'expected 32 bytes for ed25519, got 33',
  );
  refuses(
    Buffer.alloc(31, 0xff).toString('base64'),
    'auto',
    'ed25519',
    'ERR_KEY_LENGTH',
    'expected 32 bytes for ed25519, got 31 (read as base64)',
  );
  refuses(
    new Uint8Array(33).fill(0xff),
    'auto',
    'ed25519',
    'ERR_KEY_LENGTH',
    'expected 32 bytes for ed25519, got 33 (read as raw bytes)',
  );
  refuses(
    new Uint8Array(65_536).fill(0xff),
    'auto',
    'ed25519',
    'ERR_KEY_LENGTH',
    'expected 32 bytes for ed25519, got 65536 (read as raw bytes)',
  );
});

test('an ed25519 seed with its public key is refused: nothing here can check that they belong together', () => {
  const pair = random.bytes(64);
  const hint = '; give the 32-byte seed alone, not seed and public key';
  const expected = 'expected 32 bytes for ed25519, got 64';
  refuses(pair, 'raw', 'ed25519', 'ERR_KEY_LENGTH', expected + hint);
  refuses(Buffer.from(pair).toString('hex'), 'auto', 'ed25519', 'ERR_KEY_LENGTH', `${expected} (read as hex)${hint}`);
  refuses(Buffer.from(pair).toString('base64'), 'base64', 'ed25519', 'ERR_KEY_LENGTH', expected + hint);
  refuses(pair, 'raw', 'x25519', 'ERR_KEY_LENGTH', 'expected 32 bytes for x25519, got 64');
});

test('malformed text is an encoding error', () => {
  const split = `${hex.slice(0, 32)} ${hex.slice(32)}`;
  refuses(split, 'hex', 'ed25519', 'ERR_KEY_ENCODING', 'expected hex digits, got 65 bytes that are not all of them');
  const none = 'bytes of text that is none of these';
  refuses(
    split,
    'auto',
    'ed25519',
    'ERR_KEY_ENCODING',
    `expected PEM, hex, base64 or 32 raw bytes for ed25519, got 65 ${none}`,
  );
  refuses(
    split,
    'auto',
    'bls12-381',
    'ERR_KEY_ENCODING',
    `expected hex, base64 or 32 raw bytes for bls12-381, got 65 ${none}`,
  );
  refuses(`g${hex.slice(1)}`, 'auto', 'ed25519', 'ERR_KEY_ENCODING', 'got 64 characters that are not all hex digits');
  refuses(`0xg${hex.slice(1)}`, 'auto', 'ed25519', 'ERR_KEY_ENCODING', 'got 64 characters that are not all hex digits');
  refuses(
    `0x0x${hex}`,
    'hex',
    'ed25519',
    'ERR_KEY_ENCODING',
    'expected hex digits, got 66 bytes that are not all of them',
  );
  refuses(
    `${base64.slice(0, 42)}9=`,
    'base64',
    'ed25519',
    'ERR_KEY_ENCODING',
    'expected canonical base64, got 44 bytes that are not',
  );
  refuses(
    `${base64.slice(0, 42)}9=`,
    'auto',
    'ed25519',
    'ERR_KEY_ENCODING',
    `expected PEM, hex, base64 or 32 raw bytes for ed25519, got 44 ${none}`,
  );
});

test('an area too small for the secret is a bug of the caller', () => {
  const views = arenaViews(secret);
  assert.throws(
    () => decodeKey(views.source, 'raw', 'ed25519', views.out.subarray(0, 31), PLACE),
    (error: Error) => error instanceof RangeError && error.message === '"out" expected at least 32 bytes, got 31',
  );
});

test.run();
