// seal and open, encrypt and decrypt: both families read each other and what others wrote; nothing that was altered opens.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import type { OperatorTools } from '../../dist/workers/operators/tools.js';
import { loadSodium } from '../../dist/workers/providers/native/load.js';
import { flipBit } from '../providers/rig.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { execute, native, noble, refuses, sealTo, type TestKey, testBoth, testNative } from './rig.js';

const test = suite('sealed boxes and encryption');
const random = seededRandom('operators/encryption');
const LENGTHS = [0, 1, 15, 16, 63, 64, 65, 255, 256, 1000, 5003];

const reader = (): TestKey & { readonly publicKey: Uint8Array } => {
  const secret = random.bytes(32);
  return { type: 'x25519', secret, publicKey: x25519.getPublicKey(secret) };
};
const open = (tools: OperatorTools, key: TestKey, sealed: Uint8Array): Uint8Array =>
  execute(tools, key, 'open', { sealed });

testBoth(test, 'a box of libsodium opens', (tools) => {
  // Made by crypto_box_seal, to Alice of RFC 7748 §6.1
  const secret = fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  const sealed = fromHex(
    '8de5945fd7430ddd6567402ea96a71540e224bb9935044bc1c60ccd3eab6f708befb90aa84c781705b4031ecaeb07ede3233661a2cd5c402b562',
  );
  assert.is(Buffer.from(open(tools, { type: 'x25519', secret }, sealed)).toString(), 'sealed box');
});

testBoth(test, 'what is sealed opens, and boxes of one message are never alike', (tools) => {
  const key = reader();
  for (const length of LENGTHS.slice(0, 6)) {
    const message = random.bytes(length);
    const boxes = Array.from({ length: 3 }, () => execute(tools, key, 'seal', { message }));
    for (const sealed of boxes) {
      assert.is(sealed.length, length + 48);
      equalBytes(open(tools, key, sealed), message);
    }
    assert.is(new Set(boxes.map((sealed) => toHex(sealed.subarray(0, 32)))).size, 3);
  }
});

testNative(test, 'both families open what either has sealed, and what the tests seal by the document', (tools) => {
  const sodium = loadSodium();
  for (const length of LENGTHS) {
    const key = reader();
    const message = random.bytes(length);
    const direct = new Uint8Array(length + 48);
    sodium?.crypto_box_seal(direct, message, key.publicKey);
    const boxes = [
      execute(tools, key, 'seal', { message }),
      execute(noble, key, 'seal', { message }),
      sealTo(key.publicKey, message, random.bytes(32)),
      direct,
    ];
    for (const [i, sealed] of boxes.entries()) {
      equalBytes(open(tools, key, sealed), message, `native, box ${i} of ${length} bytes`);
      equalBytes(open(noble, key, sealed), message, `noble, box ${i} of ${length} bytes`);
    }
  }
});

testBoth(test, 'a box that was altered, cut or is of another key does not open', (tools) => {
  const [key, other] = [reader(), reader()];
  const message = random.bytes(100);
  const sealed = sealTo(key.publicKey, message, random.bytes(32));
  equalBytes(open(tools, key, sealed), message, 'positive control');
  const bits = tools.box.name === 'native' ? 8 * sealed.length : 0;
  for (let bit = 0; bit < bits; bit++) {
    // The top bit of the point is masked, so libsodium's product is the same: the nonce, made of all bits, is not.
    refuses('ERR_DECRYPTION', () => open(tools, key, flipBit(sealed, bit)), `bit ${bit}`);
  }
  for (let i = 0; i < 8; i++) {
    refuses('ERR_DECRYPTION', () => open(tools, key, flipBit(sealed, random.int(8 * sealed.length))));
  }
  refuses('ERR_DECRYPTION', () => open(tools, key, flipBit(sealed, 255)), 'the masked bit');
  refuses('ERR_DECRYPTION', () => open(tools, other, sealed));
  for (const length of [48, 49, 147]) refuses('ERR_DECRYPTION', () => open(tools, key, sealed.subarray(0, length)));
  refuses('ERR_DECRYPTION', () => open(tools, key, Uint8Array.from([...sealed, 0])));
});

testBoth(test, 'a box whose point is of low order does not open, though all could make its key', (tools) => {
  const key = reader();
  for (const once of [0, 1]) {
    const sealed = random.bytes(80);
    sealed.fill(0, 0, 32)[0] = once;
    refuses('ERR_DECRYPTION', () => open(tools, key, sealed));
  }
});

const aeadKey = (): TestKey => ({ type: 'aead', secret: random.bytes(32) });

testBoth(test, 'XChaCha20-Poly1305: the published answer', (tools) => {
  // draft-irtf-cfrg-xchacha-03, A.3.1
  const secret = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
  const nonce = Uint8Array.from({ length: 24 }, (_, i) => 0x40 + i);
  const sealed = fromHex(
    'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216' +
      'cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13' +
      'b52ec0875924c1c7987947deafd8780acf49',
  );
  const answer = execute(tools, { type: 'aead', secret }, 'decrypt', {
    sealed: Uint8Array.from([...nonce, ...sealed]),
    associated: fromHex('50515253c0c1c2c3c4c5c6c7'),
  });
  assert.match(Buffer.from(answer).toString(), /^Ladies and Gentlemen of the class of '99/);
});

testBoth(test, 'what is encrypted is decrypted by both, and nonces never come again', (tools) => {
  const key = aeadKey();
  const nonces = new Set<string>();
  for (const length of LENGTHS) {
    for (const associated of [undefined, new Uint8Array(), random.bytes(1), random.bytes(300)]) {
      const message = random.bytes(length);
      const sealed = execute(tools, key, 'encrypt', { message, associated });
      assert.is(sealed.length, length + 40);
      nonces.add(toHex(sealed.subarray(0, 24)));
      for (const reading of [native, noble]) {
        if (reading === undefined) continue;
        equalBytes(execute(reading, key, 'decrypt', { sealed, associated }), message);
      }
      const cipher = xchacha20poly1305(key.secret, sealed.subarray(0, 24), associated ?? new Uint8Array());
      equalBytes(cipher.decrypt(sealed.slice(24)), message, 'by itself');
    }
  }
  assert.is(nonces.size, 4 * LENGTHS.length);
});

testBoth(test, 'ciphertexts and associated data that were altered do not decrypt', (tools) => {
  const key = aeadKey();
  const [message, associated] = [random.bytes(50), random.bytes(20)];
  const sealed = execute(tools, key, 'encrypt', { message, associated });
  const decrypt = (changed: Uint8Array, data: Uint8Array | undefined, by = key): Uint8Array =>
    execute(tools, by, 'decrypt', { sealed: changed, associated: data });
  equalBytes(decrypt(sealed, associated), message, 'positive control');
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    refuses('ERR_DECRYPTION', () => decrypt(flipBit(sealed, bit), associated), `bit ${bit}`);
  }
  for (let bit = 0; bit < 8 * associated.length; bit++) {
    refuses('ERR_DECRYPTION', () => decrypt(sealed, flipBit(associated, bit)), `bit ${bit} of the associated data`);
  }
  refuses('ERR_DECRYPTION', () => decrypt(sealed, undefined));
  refuses('ERR_DECRYPTION', () => decrypt(sealed, associated.subarray(1)));
  refuses('ERR_DECRYPTION', () => decrypt(sealed, associated, aeadKey()));
  for (const length of [40, 41, sealed.length - 1]) {
    refuses('ERR_DECRYPTION', () => decrypt(sealed.subarray(0, length), associated));
  }
  // What is associated and what is encrypted cannot be shifted against each other.
  const moved = Uint8Array.from([...sealed.subarray(0, 24), ...associated, ...sealed.subarray(24)]);
  refuses('ERR_DECRYPTION', () => decrypt(moved, undefined));
});

test.run();
