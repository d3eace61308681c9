// Opening keystores: published ones, what a changed byte does to each field, and that nothing stays in the views.

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js';
import { addressOf, matchesPublicKey, namesPublicKey } from '../../dist/workers/keystore/address.js';
import { openKeystore } from '../../dist/workers/keystore/open.js';
import { parseKeystore } from '../../dist/workers/keystore/parse.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { arena, kdfs, outcomeOf, publicKeyOf, utf8, withArena } from './opening.js';
import {
  ERC_2335_PASSWORD,
  ERC_2335_PBKDF2,
  ERC_2335_SECRET,
  VERY_LIGHT_SCRYPT,
  VERY_LIGHT_SECRET,
} from './published.js';

const test = suite('opening keystores');
const random = seededRandom('opening keystores');
const noPassword = new Uint8Array(0);
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

test('the published file of each kind opens, and with another password does not', () => {
  assert.is(outcomeOf(JSON.stringify(ERC_2335_PBKDF2), utf8(ERC_2335_PASSWORD)).secret, ERC_2335_SECRET);
  assert.is(outcomeOf(JSON.stringify(ERC_2335_PBKDF2), utf8('testpassword🔑')).secret, ERC_2335_SECRET, 'NFKD');
  assert.is(outcomeOf(JSON.stringify(VERY_LIGHT_SCRYPT), noPassword).secret, VERY_LIGHT_SECRET);
  for (const [json, password] of [
    [ERC_2335_PBKDF2, 'testpassword'],
    [VERY_LIGHT_SCRYPT, ' '],
  ] as const) {
    const { code, message } = outcomeOf(JSON.stringify(json), utf8(password));
    assert.is(code, 'ERR_PASSWORD');
    assert.is(message, 'a.json: the password is wrong, or the file was altered');
  }
});

test('a changed bit anywhere, in the iv too, is an altered file', () => {
  const { crypto } = VERY_LIGHT_SCRYPT;
  const flip = (hex: string): string => {
    const bytes = fromHex(hex);
    bytes[random.int(bytes.length)]! ^= 1 << random.int(8);
    return toHex(bytes);
  };
  const altered = (change: object): object => ({ ...VERY_LIGHT_SCRYPT, crypto: { ...crypto, ...change } });
  for (let round = 0; round < 6; round++) {
    for (const [what, file] of Object.entries({
      mac: altered({ mac: flip(crypto.mac) }),
      ciphertext: altered({ ciphertext: flip(crypto.ciphertext) }),
      salt: altered({ kdfparams: { ...crypto.kdfparams, salt: flip(crypto.kdfparams.salt) } }),
      iv: altered({ cipherparams: { iv: flip(crypto.cipherparams.iv) } }),
      address: { ...VERY_LIGHT_SCRYPT, address: flip(VERY_LIGHT_SCRYPT.address) },
    })) {
      assert.is(outcomeOf(JSON.stringify(file), noPassword).code, 'ERR_PASSWORD', what);
    }
  }
});

test('the checksum does not see a changed iv: the comparison with the public key does', () => {
  const iv = `${VERY_LIGHT_SCRYPT.crypto.cipherparams.iv.slice(0, 31)}f`;
  const json = JSON.stringify({ ...VERY_LIGHT_SCRYPT, crypto: { ...VERY_LIGHT_SCRYPT.crypto, cipherparams: { iv } } });
  const keystore = parseKeystore(json, 'k');
  withArena([0, 32, 32], (password, derivedKey, out) => {
    kdfs.deriveFromPassword(keystore.kdf, password, derivedKey);
    assert.is(openKeystore(keystore, derivedKey, out, 'k'), 32, 'it opens');
    assert.is.not(toHex(out), VERY_LIGHT_SECRET);
    assert.not(matchesPublicKey(keystore, publicKeyOf('web3-v3', out.slice()) as Uint8Array));
  });
});

test('a file that names no key opens, and says that it names none', () => {
  const { address: _, ...nameless } = VERY_LIGHT_SCRYPT;
  assert.is(outcomeOf(JSON.stringify(nameless), noPassword).secret, VERY_LIGHT_SECRET);
  assert.not(namesPublicKey(parseKeystore(JSON.stringify(nameless), 'k')));
  assert.ok(namesPublicKey(parseKeystore(JSON.stringify(VERY_LIGHT_SCRYPT), 'k')));
  assert.not(namesPublicKey(parseKeystore(JSON.stringify({ ...ERC_2335_PBKDF2, pubkey: '' }), 'k')));
  assert.ok(namesPublicKey(parseKeystore(JSON.stringify(ERC_2335_PBKDF2), 'k')));
});

test('a BLS public key is compared whole', () => {
  const keystore = parseKeystore(JSON.stringify(ERC_2335_PBKDF2), 'k');
  const publicKey = publicKeyOf('eip2335', fromHex(ERC_2335_SECRET)) as Uint8Array;
  assert.ok(matchesPublicKey(keystore, publicKey));
  for (const at of [0, 20, 47]) {
    assert.not(
      matchesPublicKey(
        keystore,
        Uint8Array.from(publicKey, (byte, i) => (i === at ? byte ^ 1 : byte)),
      ),
    );
  }
  assert.not(matchesPublicKey(keystore, publicKey.slice(0, 47)));
});

test('addresses are those of the uncompressed point, as noble has it', () => {
  assert.is(
    toHex(addressOf(secp256k1.Point.BASE.toBytes(true))),
    '7e5f4552091a69125d5dfcb7b8c2659029395bdf', // of the key 1, known to all
  );
  for (let round = 0; round < 12; round++) {
    const point = secp256k1.Point.BASE.multiply(BigInt(`0x${toHex(random.bytes(31))}1`));
    equalBytes(addressOf(point.toBytes(true)), keccak256(point.toBytes(false).subarray(1)).subarray(12));
  }
});

test('damaged files are refused in an orderly way, or open to the same key', () => {
  const text = JSON.stringify(VERY_LIGHT_SCRYPT);
  const pieces = [
    '"',
    '{',
    '}',
    ':',
    ',',
    '0',
    '9',
    'a',
    '-',
    '.',
    'e',
    '\\',
    'null',
    '[]',
    '{}',
    '1e400',
    '\u{1f511}',
  ];
  const codes = new Map<string, number>();
  for (let round = 0; round < 1_500; round++) {
    let damaged = text;
    for (let edits = 1 + random.int(3); edits > 0; edits--) {
      const at = random.int(damaged.length);
      damaged = damaged.slice(0, at) + (random.int(3) ? random.pick(pieces) : '') + damaged.slice(at + random.int(3));
    }
    const { secret, code = 'opened', message } = outcomeOf(damaged, noPassword);
    codes.set(code, (codes.get(code) ?? 0) + 1);
    // With the iv changed and the address's name gone too, nothing is left that could tell.
    if (secret !== undefined && namesPublicKey(parseKeystore(damaged, 'k'))) assert.is(secret, VERY_LIGHT_SECRET);
    assert.ok(['opened', 'ERR_KEYSTORE', 'ERR_PASSWORD', 'ERR_KDF_COST'].includes(code), `round ${round}: ${code}`);
    assert.not(/[0-9a-f]{16}/.test(message ?? ''), 'no value of the file is shown');
  }
  assert.ok((codes.get('ERR_KEYSTORE') ?? 0) > 300 && (codes.get('opened') ?? 0) > 10, 'the damage is mixed');
});

test('nothing but the secret is left in the views: not after success, not after failure', () => {
  const keystore = parseKeystore(JSON.stringify(VERY_LIGHT_SCRYPT), 'k');
  withArena([0, 32, 64], (password, derivedKey, out) => {
    kdfs.deriveFromPassword(keystore.kdf, password, derivedKey);
    const before = derivedKey.slice();
    openKeystore(keystore, derivedKey, out, 'k');
    assert.is(toHex(out.subarray(0, 32)), VERY_LIGHT_SECRET);
    assert.ok(isZero(out.subarray(32)));
    equalBytes(derivedKey, before, 'the derived key is the caller’s to wipe');
    out.fill(0);
    derivedKey[20]! ^= 1;
    assert.throws(() => openKeystore(keystore, derivedKey, out, 'k'), /the password is wrong/);
    assert.ok(isZero(out));
    assert.throws(() => openKeystore(keystore, derivedKey.subarray(1), out, 'k'), RangeError);
    assert.throws(() => openKeystore(keystore, derivedKey, out.subarray(33), 'k'), RangeError);
  });
  assert.ok(isZero(arena), 'the arena as a whole');
});

test.run();
