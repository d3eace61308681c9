// Keys whose sources are locked or derived: mnemonics, paths, keystores and sealed files, made here, in the scanning
// process, by the standards alone; with everything that opens them or lies between them and the key.
import { createCipheriv, createHash, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { argon2id } from '@noble/hashes/argon2.js';
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js';
import { entropyToMnemonic, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import type { KeyType } from 'strongroom';
import { createKdfs } from '../../dist/workers/kdf/derive.js';
import { loadSodium } from '../../dist/workers/providers/native/load.js';
import { build, recordOf } from '../sealed/rig.js';
import { type LockedSource, makeKey, makeSecret, publicKeyOf, type Source, type TestKey } from './keys.js';
import type { ProgramSecret } from './program.js';
import type { Secret } from './scanner/forms.js';
import {
  aesTraces,
  argon2Traces,
  ascii,
  firstBlock,
  mnemonicTraces,
  passwordTraces,
  type Trace,
  xchachaTraces,
  xored,
} from './scanner/traces.js';
import { deriveAlong, stepsOf } from './scanner/trees.js';

/** A secret text, and how it reaches the program. */
interface Delivered {
  readonly secret: ProgramSecret;
  readonly variables: readonly (readonly [string, string])[];
  readonly input: readonly Uint8Array[];
}
export type Medium = 'file' | 'env' | 'bytes';

let texts = 0;
export const deliver = (text: string, medium: Medium, folder: string): Delivered => {
  const name = `SECRET_TEXT_${texts++}`;
  const bytes = Uint8Array.from(ascii(text));
  if (medium === 'bytes') return { secret: { stdin: bytes.length }, variables: [], input: [bytes] };
  if (medium === 'env') return { secret: { env: name }, variables: [[name, text]], input: [] };
  const file = join(folder, name);
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return { secret: { file }, variables: [], input: [] };
};

/** Its end is another after NFKD. */
export const makePassword = (): string => `${randomBytes(21).toString('base64url')}\u00e9`;

export const asSecrets = (id: string, traces: readonly Trace[]): Secret[] =>
  traces.map(({ name, ...trace }) => ({ label: `${id}: ${name}`, ...trace }));

const idOf = (type: KeyType, source: string): string => `${type}/${source.replace(' ', '-')}`;

/** What a seed derives when the program tells its proof. */
const seedTraces = (seed: Uint8Array): readonly Trace[] =>
  deriveAlong('secp256k1', seed, stepsOf("m/7'")).traces.filter(({ name }) => !name.includes('of the key'));

/** Its words in another order. */
const withWrongChecksum = (entropy: Uint8Array): string => {
  const words = entropyToMnemonic(entropy, wordlist).split(' ');
  while (validateMnemonic(words.join(' '), wordlist)) words.unshift(words.pop() as string);
  return words.join(' ');
};

const fromMnemonic = (source: LockedSource, medium: Medium, folder: string, isWrong: boolean): TestKey => {
  const entropy = Uint8Array.from(randomBytes(32));
  const mnemonic = isWrong ? withWrongChecksum(entropy) : entropyToMnemonic(entropy, wordlist);
  const indices = mnemonic.split(' ').map((word) => wordlist.indexOf(word));
  const passphrase = makePassword();
  const salt = `mnemonic${passphrase.normalize('NFKD')}`;
  const seed = Uint8Array.from(pbkdf2Sync(mnemonic, salt, 2048, 64, 'sha512'));
  const [words, pass] = [deliver(mnemonic, medium, folder), deliver(passphrase, medium, folder)];
  const id = idOf('seed', source);
  return {
    id,
    type: 'seed',
    source,
    from: { mnemonic: words.secret, passphrase: pass.secret },
    variables: [...words.variables, ...pass.variables],
    input: [...words.input, ...pass.input],
    secret: { label: id, type: 'seed', bytes: seed },
    traces: asSecrets(id, [...mnemonicTraces(mnemonic, passphrase, entropy, indices), ...seedTraces(seed)]),
  };
};

export const PATHS: Readonly<Partial<Record<KeyType, string>>> = {
  secp256k1: "m/44'/60'/0'/0/5",
  ed25519: "m/44'/501'/0'",
  x25519: "m/1'/2'",
  'bls12-381': 'm/12381/3600/0/0/0',
};

/** A seed, and the key that is derived from it. */
const fromPath = (type: KeyType, folder: string): TestKey[] => {
  const path = PATHS[type];
  const parent = path === undefined ? undefined : makeKey('seed', 'file hex', folder, `for-${type}`);
  if (path === undefined || parent?.secret === undefined) return [];
  const { secret, traces } = deriveAlong(type, parent.secret.bytes, stepsOf(path));
  const id = idOf(type, 'path');
  const from = { seed: parent.id, path };
  return [
    parent,
    { id, type, source: 'path', from, secret: { label: id, type, bytes: secret }, traces: asSecrets(id, traces) },
  ];
};

const SALT_BYTES = 32;
type KeystoreType = 'bls12-381' | 'secp256k1';
const processedFor = (type: KeystoreType, password: string): string =>
  type === 'bls12-381' ? password.normalize('NFKD') : password;

interface KeystoreKdf {
  readonly kdf: 'scrypt' | 'pbkdf2';
  /** n, or the iterations. */
  readonly cost: number;
  readonly salt: Uint8Array;
}
const deriveKey = ({ kdf, cost, salt }: KeystoreKdf, password: string): Uint8Array =>
  Uint8Array.from(
    kdf === 'scrypt'
      ? scryptSync(password, salt, 32, { N: cost, r: 8, p: 1, maxmem: 2 ** 30 })
      : pbkdf2Sync(password, salt, cost, 32, 'sha256'),
  );

/** What a password makes of a keystore: with a wrong one too. */
const keystoreTraces = (
  type: KeystoreType,
  kdf: KeystoreKdf,
  password: string,
  secret: Uint8Array,
  ciphertext: Uint8Array,
): readonly Trace[] => {
  const processed = processedFor(type, password);
  return [
    ...passwordTraces(password, processed),
    firstBlock(processed, kdf.salt),
    ...aesTraces(deriveKey(kdf, processed), xored(secret, ciphertext)),
  ];
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** Salts may name a fault (fixtures/faulty-workers/orders.ts). */
export const makeKeystore = (
  type: KeystoreType,
  kdf: 'scrypt' | 'pbkdf2',
  secret: Uint8Array,
  password: string,
  {
    salt = Uint8Array.from(randomBytes(SALT_BYTES)),
    cost = kdf === 'scrypt' ? 1024 : 2000,
    wrongPassword = password,
  }: { readonly salt?: Uint8Array; readonly cost?: number; readonly wrongPassword?: string } = {},
): { readonly json: string; readonly traces: readonly Trace[] } => {
  const derivedKey = deriveKey({ kdf, cost, salt }, processedFor(type, password));
  const iv = randomBytes(16);
  const ciphertext = Uint8Array.from(createCipheriv('aes-128-ctr', derivedKey.subarray(0, 16), iv).update(secret));
  const checked = Buffer.concat([derivedKey.subarray(16, 32), ciphertext]);
  const params =
    kdf === 'scrypt'
      ? { dklen: 32, n: cost, r: 8, p: 1, salt: hex(salt) }
      : { dklen: 32, c: cost, prf: 'hmac-sha256', salt: hex(salt) };
  const keystore =
    type === 'bls12-381'
      ? {
          crypto: {
            kdf: { function: kdf, params, message: '' },
            checksum: { function: 'sha256', params: {}, message: createHash('sha256').update(checked).digest('hex') },
            cipher: { function: 'aes-128-ctr', params: { iv: hex(iv) }, message: hex(ciphertext) },
          },
          pubkey: publicKeyOf(type, secret),
          path: '',
          uuid: '1d85ae20-35c5-4611-98e8-aa14a633906f',
          version: 4,
        }
      : {
          address: hex(keccak256(secp256k1.getPublicKey(secret, false).subarray(1)).subarray(12)),
          crypto: {
            cipher: 'aes-128-ctr',
            ciphertext: hex(ciphertext),
            cipherparams: { iv: hex(iv) },
            kdf,
            kdfparams: params,
            mac: hex(keccak256(checked)),
          },
          id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
          version: 3,
        };
  return {
    json: JSON.stringify(keystore),
    traces: keystoreTraces(type, { kdf, cost, salt }, wrongPassword, secret, ciphertext),
  };
};

/** What must not be found once the vault has written a keystore. */
export const exportTraces = (
  type: KeystoreType,
  path: string,
  password: string,
  secret: Uint8Array,
): readonly Secret[] => {
  const { crypto } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly crypto: {
      readonly kdf: { readonly params: { readonly n: number; readonly salt: string } };
      readonly kdfparams: { readonly n: number; readonly salt: string };
      readonly cipher: { readonly message: string };
      readonly ciphertext: string;
    };
  };
  const isBls = type === 'bls12-381';
  const { n, salt } = isBls ? crypto.kdf.params : crypto.kdfparams;
  const ciphertext = fromHex(isBls ? crypto.cipher.message : crypto.ciphertext);
  const kdf = { kdf: 'scrypt', cost: n, salt: fromHex(salt) } as const;
  return asSecrets(path, keystoreTraces(type, kdf, password, secret, ciphertext));
};

const fromKeystore = (
  type: KeyType,
  kdf: 'scrypt' | 'pbkdf2',
  medium: Medium,
  folder: string,
  isWrong: boolean,
): TestKey[] => {
  if (type !== 'bls12-381' && type !== 'secp256k1') return [];
  const source = `keystore ${kdf}` as const;
  const id = idOf(type, source);
  const bytes = makeSecret(type);
  const wrongPassword = makePassword();
  const password = isWrong ? makePassword() : wrongPassword;
  const { json, traces } = makeKeystore(type, kdf, bytes, password, { wrongPassword });
  const keystore = join(folder, `${id.replaceAll('/', '-')}.json`);
  writeFileSync(keystore, json);
  const { secret, ...delivered } = deliver(wrongPassword, medium, folder);
  const from = { keystore, password: secret };
  return [{ id, type, source, from, ...delivered, secret: { label: id, type, bytes }, traces: asSecrets(id, traces) }];
};

const SEALED_COST = { passes: 1, memoryKiB: 64 };
const KEY_BYTES = 32;
const NONCE_PREFIX_AT = 80;
const HEADER_BYTES = 128;

/** noble's is a second opinion, but slow: what takes long is left to libsodium. */
const NOBLE_KIB = 1024;
const kdfs = await createKdfs(loadSodium());
const argon2 = (password: string, salt: Uint8Array, passes: number, memoryKiB: number): Uint8Array => {
  const processed = ascii(password.normalize('NFKD'));
  if (memoryKiB <= NOBLE_KIB) return argon2id(processed, salt, { t: passes, m: memoryKiB, p: 1, dkLen: 64 });
  const out = new Uint8Array(64);
  kdfs.deriveFromPassword({ kdf: 'argon2id', passes, memoryKiB, salt }, processed, out);
  return out;
};

/** The header's own words, as docs/sealed-file.md has them. */
const headerOf = (file: Uint8Array) => {
  const view = new DataView(file.buffer, file.byteOffset, HEADER_BYTES);
  return {
    salt: file.slice(32, 48),
    noncePrefix: file.slice(NONCE_PREFIX_AT, NONCE_PREFIX_AT + 20),
    passes: view.getUint32(16, true),
    memoryKiB: view.getUint32(20, true),
  };
};

/** What a password makes of a sealed file, right or wrong: what must not be found. */
export const sealedTraces = (path: string, password: string): readonly Trace[] => {
  const { salt, noncePrefix, passes, memoryKiB } = headerOf(Uint8Array.from(readFileSync(path)));
  const processed = ascii(password.normalize('NFKD'));
  const derived = argon2(password, salt, passes, memoryKiB);
  return [
    { name: 'password', type: 'text', bytes: ascii(password) },
    ...argon2Traces(processed, salt, { passes, memoryKiB, outBytes: 64 }),
    ...xchachaTraces(derived.slice(0, KEY_BYTES), noncePrefix),
  ];
};

/** Every key in a sealed file of one chunk. */
const readSealedFile = (path: string, password: string): ReadonlyMap<string, Uint8Array> => {
  const file = Uint8Array.from(readFileSync(path));
  const { salt, noncePrefix, passes, memoryKiB } = headerOf(file);
  const key = argon2(password, salt, passes, memoryKiB).slice(0, KEY_BYTES);
  const nonce = Uint8Array.from([...noncePrefix, 0, 0, 0, 0]);
  const associated = Uint8Array.from([...file.subarray(0, HEADER_BYTES), 0, 0, 0, 0, 1]);
  const chunk = Buffer.from(xchacha20poly1305(key, nonce, associated).decrypt(file.subarray(HEADER_BYTES)));
  const secrets = new Map<string, Uint8Array>();
  for (let at = 0; at < chunk.length; ) {
    const id = chunk.subarray(at + 1, at + 1 + chunk.readUInt8(at)).toString();
    at += 1 + chunk.readUInt8(at);
    at += 1 + chunk.readUInt8(at);
    at += 2 + chunk.readUInt16LE(at) + 8;
    const length = chunk.readUInt8(at);
    secrets.set(id, Uint8Array.from(chunk.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return secrets;
};

/** @param cost - Argon2id's; a file that is slow to open has more passes. */
export const makeSealedFile = (
  path: string,
  password: string,
  keys: readonly (readonly [id: string, type: KeyType, secret: Uint8Array])[],
  { salt = Uint8Array.from(randomBytes(16)), passes = SEALED_COST.passes, memoryKiB = SEALED_COST.memoryKiB } = {},
): void => {
  const derivedKey = argon2(password, salt, passes, memoryKiB);
  const chunk = keys.flatMap(([id, type, secret]) => recordOf(id, type, '{}', Date.now(), secret));
  const kdf = { kdf: 'argon2id', passes, memoryKiB, salt } as const;
  const prefix = Uint8Array.from(randomBytes(20));
  writeFileSync(path, build({ kdf, derivedKey }, { records: keys.length, chunks: [chunk] }, prefix), { mode: 0o600 });
};

const fromSealed = (
  type: KeyType,
  source: 'sealed' | 'sealed create',
  medium: Medium,
  folder: string,
  isWrong: boolean,
): TestKey => {
  const id = idOf(type, source);
  const given = makePassword();
  const password = isWrong ? makePassword() : given;
  const path = join(folder, `${id.replaceAll('/', '-')}.sealed`);
  const bytes = makeSecret(type);
  const isCreated = source === 'sealed create';
  // What is generated comes beside a key that is there.
  makeSealedFile(path, password, [[isCreated ? 'other' : id, type, bytes]]);
  const { secret, ...delivered } = deliver(given, medium, folder);
  const traces = asSecrets(id, sealedTraces(path, given));
  const from = { sealed: path, password: secret, ...(isCreated && { create: true }) };
  const key = { id, type, source, from, ...delivered };
  if (!isCreated) return { ...key, secret: { label: id, type, bytes }, traces };
  return {
    ...key,
    secret: undefined,
    traces: [...traces, { label: `${id}: the other key`, type: 'number', bytes }],
    settle() {
      const made = readSealedFile(path, password).get(id);
      if (made === undefined) return [];
      this.secret ??= { label: id, type, bytes: made };
      // The new file has another nonce.
      return asSecrets(
        id,
        sealedTraces(path, given).filter(({ name }) => name.startsWith('subkey')),
      );
    },
  };
};

/**
 * A key of a type from a source, behind the seed that it needs; none where the source does not hold the type.
 *
 * @param isWrong - with a wrong password, or a mnemonic with a wrong checksum: of the sources that have them.
 * @param medium - of passwords, in place of each source's own.
 */
export const makeKeys = (
  type: KeyType,
  source: Source | LockedSource,
  folder: string,
  isWrong = false,
  medium?: Medium,
): TestKey[] => {
  switch (source) {
    case 'mnemonic file':
    case 'mnemonic env':
    case 'mnemonic bytes':
      return type === 'seed' ? [fromMnemonic(source, source.slice('mnemonic '.length) as Medium, folder, isWrong)] : [];
    case 'path':
      return isWrong ? [] : fromPath(type, folder);
    case 'keystore scrypt':
      return fromKeystore(type, 'scrypt', medium ?? 'file', folder, isWrong);
    case 'keystore pbkdf2':
      return fromKeystore(type, 'pbkdf2', medium ?? 'env', folder, isWrong);
    case 'sealed':
      return [fromSealed(type, source, medium ?? 'bytes', folder, isWrong)];
    case 'sealed create':
      return [fromSealed(type, source, 'file', folder, isWrong)];
    default: {
      const key = isWrong ? undefined : makeKey(type, source, folder);
      if (key === undefined) return [];
      const traces = type === 'seed' && key.secret ? asSecrets(key.id, seedTraces(key.secret.bytes)) : [];
      return [{ ...key, traces }];
    }
  }
};
