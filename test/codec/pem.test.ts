// Keys from PEM: what node:crypto writes, what the RFCs print, and what strict DER refuses.
import { createECDH, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { VaultError, VaultErrorCode } from '../../dist/src/errors.js';
import type { Encoding, KeyType } from '../../dist/src/wire/types.js';
import { decodeKey } from '../../dist/workers/codec/decode.js';
import { assert, equalSecret } from '../support/assert.js';
import { fromHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';

/** Not in node's own types. */
declare const WebAssembly: {
  readonly Memory: new (of: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const test = suite('PEM');
const PLACE = 'environment variable NODE_KEY';

const decode = (text: string, encoding: Encoding, type: KeyType, outBytes = 1024): Uint8Array => {
  const buffer = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true }).buffer;
  const source = new Uint8Array(buffer, 0, Buffer.byteLength(text));
  source.set(Buffer.from(text));
  const out = new Uint8Array(buffer, 65_536, outBytes);
  try {
    const length = decodeKey(source, encoding, type, out, PLACE);
    assert.ok(
      out.subarray(length).every((byte) => byte === 0),
      'nothing of the container is left',
    );
    return out.slice(0, length);
  } catch (error) {
    assert.ok(
      out.every((byte) => byte === 0),
      'nothing is left on failure',
    );
    throw error;
  }
};

const accepts = (text: string, type: KeyType, secret: Uint8Array): void => {
  for (const encoding of ['pem', 'auto'] as const) equalSecret(decode(text, encoding, type), secret);
};

const refuses = (text: string, type: KeyType, code: VaultErrorCode, message: string): void => {
  try {
    decode(text, 'pem', type);
  } catch (error) {
    assert.is((error as VaultError).code, code, (error as Error).message);
    assert.is((error as Error).message, `${PLACE}: ${message}`);
    return;
  }
  assert.unreachable(`accepted: ${message}`);
};

const armour = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${(
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END ${label}-----\n`;
const pkcs8 = (hex: string): string => armour('PRIVATE KEY', fromHex(hex));
const secretOf = (key: KeyObject): Uint8Array =>
  new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).d as string, 'base64url'));
const exported = (key: KeyObject, type: 'pkcs8' | 'sec1'): string => key.export({ format: 'pem', type }) as string;

const ed25519 = generateKeyPairSync('ed25519').privateKey;
const x25519 = generateKeyPairSync('x25519').privateKey;
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed25519Pem = exported(ed25519, 'pkcs8');
const SEED = 'd4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842'; // RFC 8410 §10.3
const MALFORMED = 'the DER inside the PEM block is malformed or truncated';

test('what node:crypto exports is read back', () => {
  accepts(ed25519Pem, 'ed25519', secretOf(ed25519));
  accepts(exported(x25519, 'pkcs8'), 'x25519', secretOf(x25519));
  accepts(exported(secp256k1, 'pkcs8'), 'secp256k1', secretOf(secp256k1));
  accepts(exported(secp256k1, 'sec1'), 'secp256k1', secretOf(secp256k1));
});

test('line breaks may be LF, CRLF or CR, lines of any length, with white space around', () => {
  const secret = secretOf(secp256k1);
  const pem = exported(secp256k1, 'pkcs8');
  accepts(pem.replace(/\n/g, '\r\n'), 'secp256k1', secret);
  accepts(pem.replace(/\n/g, '\r'), 'secp256k1', secret);
  accepts(`\n\n  ${pem}\n \t\n`, 'secp256k1', secret);
  accepts(pem.trimEnd(), 'secp256k1', secret);
  const [head, ...rest] = pem.trimEnd().split('\n');
  const tail = rest.pop();
  accepts(`${head} ${rest.join('')} ${tail}`, 'secp256k1', secret);
  accepts(`${head}\n${rest.join('').replace(/(.{7})/g, '$1\n')}\n${tail}`, 'secp256k1', secret);
});

test('PKCS#8 version 2 may carry attributes and a public key', () => {
  const attributes = 'a01f301d060a2a864886f70d01090914310f0c0d437572646c6520436861697273';
  const publicKey = '81210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1';
  const body = `300506032b657004220420${SEED}`;
  const wrap = (content: string): string => `30${(content.length / 2).toString(16).padStart(2, '0')}${content}`;
  accepts(pkcs8(wrap(`020101${body}${attributes}${publicKey}`)), 'ed25519', fromHex(SEED));
  accepts(pkcs8(wrap(`020101${body}${publicKey}`)), 'ed25519', fromHex(SEED));
  accepts(pkcs8(wrap(`020101${body}`)), 'ed25519', fromHex(SEED));
  accepts(pkcs8(wrap(`020100${body}${attributes}`)), 'ed25519', fromHex(SEED));
  refuses(pkcs8(wrap(`020100${body}${publicKey}`)), 'ed25519', 'ERR_KEY_ENCODING', MALFORMED); // version 1 has none
  refuses(pkcs8(wrap(`020101${body}${publicKey}${attributes}`)), 'ed25519', 'ERR_KEY_ENCODING', MALFORMED);
  refuses(pkcs8(wrap(`020101${body}a002301d`)), 'ed25519', 'ERR_KEY_ENCODING', MALFORMED);
  refuses(pkcs8(wrap(`020102${body}`)), 'ed25519', 'ERR_KEY_ENCODING', 'expected PKCS#8 version 0 or 1, got 2');
});

test('DER that is not strict is refused', () => {
  for (const [what, hex] of [
    ['trailing byte', `302e020100300506032b657004220420${SEED}00`],
    ['truncated', `302e020100300506032b657004220420${SEED.slice(2)}`],
    ['indefinite length', `3080020100300506032b657004220420${SEED}0000`],
    ['long form of a short length', `30812e020100300506032b657004220420${SEED}`],
    ['leading zero in a length', `3082002e020100300506032b657004220420${SEED}`],
    ['length of five bytes', `3085000000002e020100300506032b657004220420${SEED}`],
    ['parameters where RFC 8410 has none', `3030020100300706032b6570050004220420${SEED}`],
    ['trailing byte in the private key', `302f020100300506032b657004230420${SEED}00`],
    ['trailing element', `3030020100300506032b657004220420${SEED}0500`],
    ['no inner OCTET STRING', `302c020100300506032b65700420${SEED}`],
    ['version of two bytes', `302f02020000300506032b657004220420${SEED}`],
    ['negative version', `302e020180300506032b657004220420${SEED}`],
    ['a SET in place of the SEQUENCE', `312e020100300506032b657004220420${SEED}`],
    ['an empty SEQUENCE', '3000'],
    ['one byte', '30'],
  ] as const) {
    assert.not.throws(() => refuses(pkcs8(hex), 'ed25519', 'ERR_KEY_ENCODING', MALFORMED), what);
  }
});

test('a long length with a leading zero is refused', () => {
  const der = secp256k1.export({ format: 'der', type: 'pkcs8' }).toString('hex');
  assert.is(der.slice(0, 6), '308184');
  refuses(pkcs8(`30820084${der.slice(6)}`), 'secp256k1', 'ERR_KEY_ENCODING', MALFORMED);
  refuses(pkcs8(`3083000084${der.slice(6)}`), 'secp256k1', 'ERR_KEY_ENCODING', MALFORMED);
});

test('a secret of another length is a length error', () => {
  refuses(
    pkcs8(`302d020100300506032b65700421041f${SEED.slice(2)}`),
    'ed25519',
    'ERR_KEY_LENGTH',
    'expected 32 bytes for ed25519, got 31',
  );
  refuses(
    pkcs8(`302f020100300506032b657004230421${SEED}00`),
    'ed25519',
    'ERR_KEY_LENGTH',
    'expected 32 bytes for ed25519, got 33',
  );
  const oid = 'a00706052b8104000a';
  refuses(
    armour('EC PRIVATE KEY', fromHex(`302d020101041f${SEED.slice(2)}${oid}`)),
    'secp256k1',
    'ERR_KEY_LENGTH',
    'expected 32 bytes for secp256k1, got 31',
  );
  accepts(armour('EC PRIVATE KEY', fromHex(`302e0201010420${SEED}${oid}`)), 'secp256k1', fromHex(SEED));
});

test('another algorithm or curve is named when it is a known one', () => {
  const refusesAs = (text: string, type: KeyType, found: string): void =>
    refuses(text, type, 'ERR_KEY_CURVE', `expected a key for ${type}, got one ${found}`);
  refusesAs(ed25519Pem, 'secp256k1', 'for ed25519');
  refusesAs(ed25519Pem, 'x25519', 'for ed25519');
  refusesAs(exported(x25519, 'pkcs8'), 'ed25519', 'for x25519');
  refusesAs(exported(secp256k1, 'pkcs8'), 'ed25519', 'for secp256k1');
  refusesAs(exported(secp256k1, 'sec1'), 'ed25519', 'for secp256k1');
  refusesAs(exported(p256, 'pkcs8'), 'secp256k1', 'for P-256');
  refusesAs(exported(p256, 'sec1'), 'secp256k1', 'for P-256');
  refusesAs(exported(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, 'sec1'), 'secp256k1', 'for P-384');
  refusesAs(exported(generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey, 'pkcs8'), 'ed25519', 'for P-521');
  refusesAs(
    exported(generateKeyPairSync('ec', { namedCurve: 'P-224' }).privateKey, 'pkcs8'),
    'secp256k1',
    'for another algorithm',
  );
  refusesAs(exported(generateKeyPairSync('ed448').privateKey, 'pkcs8'), 'ed25519', 'for Ed448');
  refusesAs(exported(generateKeyPairSync('x448').privateKey, 'pkcs8'), 'x25519', 'for X448');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  refusesAs(exported(rsa, 'pkcs8'), 'ed25519', 'for RSA');
  refusesAs(rsa.export({ format: 'pem', type: 'pkcs1' }) as string, 'secp256k1', 'for RSA');
  refusesAs(armour('DSA PRIVATE KEY', fromHex('3000')), 'secp256k1', 'for DSA');
});

test('an elliptic-curve key must name its curve, once and for all', () => {
  const found = (what: string): string => `expected a key for secp256k1, got one ${what}`;
  const bare = `30250201010420${SEED}`;
  refuses(armour('EC PRIVATE KEY', fromHex(bare)), 'secp256k1', 'ERR_KEY_CURVE', found('that does not name its curve'));
  const k256 = '301006072a8648ce3d020106052b8104000a';
  accepts(pkcs8(`303e020100${k256}0427${bare}`), 'secp256k1', fromHex(SEED));
  const disagreeing = `30310201010420${SEED}a00a06082a8648ce3d030107`;
  refuses(pkcs8(`304a020100${k256}0433${disagreeing}`), 'secp256k1', 'ERR_KEY_CURVE', found('for P-256'));
  const explicit = secp256k1Explicit();
  refuses(explicit.pkcs8, 'secp256k1', 'ERR_KEY_CURVE', found('with explicit curve parameters'));
  refuses(explicit.sec1, 'secp256k1', 'ERR_KEY_CURVE', found('with explicit curve parameters'));
});

const secp256k1Explicit = (): { pkcs8: string; sec1: string } => {
  const key = generateKeyPairSync('ec', { namedCurve: 'secp256k1', paramEncoding: 'explicit' }).privateKey;
  return { pkcs8: exported(key, 'pkcs8'), sec1: exported(key, 'sec1') };
};

test('an encrypted key is said to be encrypted', () => {
  const encrypted = 'the PEM key is encrypted; expected one that is not';
  const options = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'pass' } as const;
  refuses(ed25519.export({ ...options, type: 'pkcs8' }) as string, 'ed25519', 'ERR_KEY_ENCODING', encrypted);
  refuses(secp256k1.export({ ...options, type: 'sec1' }) as string, 'secp256k1', 'ERR_KEY_ENCODING', encrypted);
});

test('public keys, certificates and other formats are not private keys', () => {
  const expected = 'expected a PEM block PRIVATE KEY or EC PRIVATE KEY, got';
  const publicPem = createPublicKey(ed25519).export({ format: 'pem', type: 'spki' }) as string;
  refuses(publicPem, 'ed25519', 'ERR_KEY_ENCODING', `${expected} PUBLIC KEY`);
  for (const label of ['CERTIFICATE', 'OPENSSH PRIVATE KEY', 'EC PARAMETERS']) {
    refuses(armour(label, fromHex('3000')), 'ed25519', 'ERR_KEY_ENCODING', `${expected} ${label}`);
  }
});

test('bls12-381 keys do not come in PEM', () => {
  refuses(
    ed25519Pem,
    'bls12-381',
    'ERR_KEY_ENCODING',
    'PEM does not hold bls12-381 keys; expected hex, base64 or raw bytes',
  );
});

test('the armour must be whole, alone and consistent', () => {
  const lines = ed25519Pem.trimEnd().split('\n') as [string, string, string];
  const incompleteBegin = 'the BEGIN line of the PEM block is incomplete, or of no known kind';
  const badEnd = 'the END line of the PEM block is incomplete, or does not match its BEGIN line';
  const badLines = 'expected the BEGIN and END of the PEM block on lines of their own';
  const badBase64 = 'the base64 inside the PEM block is malformed or truncated';
  for (const [text, message] of [
    ['-----BEGIN', 'expected a PEM block, which starts with -----BEGIN'],
    ['-----BEGIN PRIVATE KEY', incompleteBegin],
    ['-----BEGIN PRIVATE KEY----', incompleteBegin],
    [ed25519Pem.replaceAll('PRIVATE', 'SECRET'), incompleteBegin],
    [`${lines[0]}\n${lines[1]}\n`, 'the PEM block has no END line; is it truncated?'],
    [ed25519Pem.trimEnd().slice(0, -1), badEnd],
    [`${lines[0]}\n${lines[1]}\n-----END EC PRIVATE KEY-----`, badEnd],
    [lines.join(''), badLines],
    [`${lines[0]}${lines[2]}`, badLines],
    [`${lines[0]}\n${lines[2]}`, MALFORMED],
    [`${lines[0]}\n${lines[1].slice(0, -1)}\n${lines[2]}`, badBase64],
    [`${lines[0]}\n${lines[1].slice(0, -4)}\n${lines[2]}`, MALFORMED],
    [`${lines[0]}\nComment: x\n${lines[1]}\n${lines[2]}`, badBase64],
    [ed25519Pem.replaceAll('\n', '\\n'), badLines],
    [ed25519Pem + ed25519Pem, 'expected one PEM block, got more text after it'],
    [`${ed25519Pem}bye`, 'expected one PEM block, got more text after it'],
    [`hello\n${ed25519Pem}`, 'expected a PEM block, which starts with -----BEGIN'],
  ] as const) {
    refuses(text, 'ed25519', 'ERR_KEY_ENCODING', message);
  }
});

test('an EC PARAMETERS block may come before its key, and before nothing else', () => {
  const parameters = armour('EC PARAMETERS', fromHex('06052b8104000a'));
  accepts(parameters + exported(secp256k1, 'sec1'), 'secp256k1', secretOf(secp256k1));
  refuses(parameters + ed25519Pem, 'ed25519', 'ERR_KEY_ENCODING', 'expected EC PRIVATE KEY after EC PARAMETERS');
});

test('a container larger than the area for decoding is refused, and one that just fits is not', () => {
  const pem = exported(secp256k1, 'pkcs8');
  const size = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' }).length;
  equalSecret(decode(pem, 'pem', 'secp256k1', size), secretOf(secp256k1));
  try {
    decode(pem, 'pem', 'secp256k1', size - 1);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, `${PLACE}: expected a PEM container of at most ${size - 1} bytes, got ${size}`);
  }
});

test('keys of many values come back as they are, leading zeros included', () => {
  for (let leading = 0; leading < 32; leading++) {
    const secret = new Uint8Array(32).fill(0x5a, leading);
    const pair = createECDH('secp256k1');
    pair.setPrivateKey(secret);
    const publicKey = pair.getPublicKey('hex', 'uncompressed');
    const sec1 = `30740201010420${Buffer.from(secret).toString('hex')}a00706052b8104000aa144034200${publicKey}`;
    accepts(armour('EC PRIVATE KEY', fromHex(sec1)), 'secp256k1', secret);
  }
});

interface EncodingCase {
  readonly name: string;
  readonly format: 'pem' | 'der-hex' | 'jwk' | 'hex';
  readonly expect: 'accept' | 'refuse' | 'either';
  readonly data: string;
  readonly curve?: KeyType;
  readonly privateKey?: string;
}

/** What we make of the cases that the vectors leave open. */
const OUR_CHOICE: Readonly<Record<string, 'accept' | 'refuse'>> = {
  'RFC 8410 section 10.3 PKCS#8 v2 with attribute and public key': 'accept',
  'DER with trailing byte': 'refuse',
  'PEM with text around': 'refuse',
  'raw hex with 0x': 'accept',
  'raw hex upper': 'accept',
  'raw hex with newline': 'accept',
};

const vectors = loadVectors<{ readonly cases: readonly EncodingCase[] }>('key-encodings/private-key-encodings.json');
if (vectors === undefined) test.skip('the published encodings are taken and refused as they say', NO_VECTORS);
else {
  for (const { name, format, expect, data, curve, privateKey } of vectors.cases) {
    if (format === 'jwk') {
      test.skip(`vector: ${name}`, 'JSON Web Keys are not an encoding of this version');
      continue;
    }
    const verdict = expect === 'either' ? OUR_CHOICE[name] : expect;
    test(`vector: ${name}: ${verdict}`, () => {
      assert.ok(verdict !== undefined, 'a case that the vectors leave open needs a choice of ours');
      const text = format === 'der-hex' ? pkcs8(data) : data;
      const type = curve ?? (name.includes('secp256k1') ? 'secp256k1' : 'ed25519');
      const secret = privateKey ?? data.trim().replace(/^0x/, '');
      for (const encoding of [format === 'hex' ? 'hex' : 'pem', 'auto'] as const) {
        if (verdict === 'accept') equalSecret(decode(text, encoding, type), fromHex(secret));
        else
          assert.throws(
            () => decode(text, encoding, type),
            (error: Error) => error.name === 'VaultError',
          );
      }
    });
  }
}

test.run();
