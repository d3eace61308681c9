// What is as good as a key, or leads to it, besides the key itself: passwords and mnemonics, what a key derivation keeps
// on its way, ciphers' keys. Computed here with node:crypto; secrecy does not matter in the process that scans.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { unsafe } from '@noble/ciphers/aes.js';
import { hchacha } from '@noble/ciphers/chacha.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';

export interface Trace {
  readonly name: string;
  /** `plain`: in every form. `number`: in every order of its bytes. `text`: as UTF-8 and UTF-16. `layout`: as it is. */
  readonly type: 'plain' | 'number' | 'text' | 'layout';
  readonly bytes: Uint8Array;
  /** Of a `layout` that is mostly zeros. */
  readonly minPartBytes?: number;
}

const BLOCK_BYTES = { sha256: 64, sha512: 128 } as const;
const HASHES = { sha256, sha512 } as const;

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const xor = (bytes: Uint8Array, pad: number): Uint8Array => bytes.map((byte) => byte ^ pad);
export const xored = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ (b[i] as number));

/** The words of a hash's state as C keeps them: noble gives a SHA-512 word as its two halves, the high one first. */
const stateBytes = (words: readonly number[], hash: 'sha256' | 'sha512'): Uint8Array => {
  const out = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, i) => void out.setInt32(4 * (hash === 'sha256' ? i : i ^ 1), word, true));
  return new Uint8Array(out.buffer);
};

/** HMAC's key in its two padded forms, and the two states that begin every HMAC with it: as good as the key. */
export const hmacTraces = (name: string, key: Uint8Array, hash: 'sha256' | 'sha512'): Trace[] => {
  const short = key.length > BLOCK_BYTES[hash] ? Uint8Array.from(createHash(hash).update(key).digest()) : key;
  // Not in noble's types, but it has them: the hashes after the first block.
  const { iHash, oHash } = hmac.create(HASHES[hash], key) as unknown as Record<'iHash' | 'oHash', { get(): number[] }>;
  return [
    ...(short === key ? [] : [{ name: `${name}, hashed as HMAC key`, type: 'number', bytes: short } as const]),
    { name: `${name}, inner HMAC key`, type: 'layout', bytes: xor(short, 0x36) },
    { name: `${name}, outer HMAC key`, type: 'layout', bytes: xor(short, 0x5c) },
    { name: `${name}, inner HMAC state`, type: 'layout', bytes: stateBytes(iHash.get(), hash) },
    { name: `${name}, outer HMAC state`, type: 'layout', bytes: stateBytes(oHash.get(), hash) },
  ];
};

/** Keys of BIP-39: the texts, the entropy, the words' numbers, and what PBKDF2 makes of the text. */
export const mnemonicTraces = (
  mnemonic: string,
  passphrase: string,
  entropy: Uint8Array,
  indices: readonly number[],
): Trace[] => [
  { name: 'mnemonic', type: 'text', bytes: ascii(mnemonic) },
  { name: 'passphrase', type: 'text', bytes: ascii(passphrase) },
  { name: 'entropy', type: 'number', bytes: entropy },
  { name: 'numbers of words, 16 bits', type: 'layout', bytes: new Uint8Array(Uint16Array.from(indices).buffer) },
  {
    name: 'numbers of words, 32 bits',
    type: 'layout',
    bytes: new Uint8Array(Uint32Array.from(indices).buffer),
    minPartBytes: 32,
  },
  ...hmacTraces('mnemonic', ascii(mnemonic), 'sha512'),
];

/** A password that PBKDF2 is keyed with, by itself or in scrypt. */
export const passwordTraces = (given: string, processed: string): Trace[] => [
  { name: 'password', type: 'text', bytes: ascii(given) },
  ...hmacTraces('password', ascii(processed), 'sha256'),
];

/** The first block of PBKDF2-HMAC-SHA256: with it a password is guessed at no cost. */
export const firstBlock = (password: string, salt: Uint8Array): Trace => ({
  name: 'first block of PBKDF2',
  type: 'number',
  bytes: Uint8Array.from(pbkdf2Sync(ascii(password), salt, 1, 32, 'sha256')),
});

/** The key of AES-128 and of the checksum; the key schedule, any part of which gives the key; and the key stream. */
export const aesTraces = (derivedKey: Uint8Array, keyStream: Uint8Array): Trace[] => {
  const schedule = unsafe.expandKeyLE(Uint8Array.from(derivedKey.subarray(0, 16)));
  return [
    { name: 'derived key', type: 'plain', bytes: derivedKey.slice(0, 32) },
    { name: 'AES key schedule', type: 'number', bytes: new Uint8Array(Uint32Array.from(schedule).buffer) },
    { name: 'AES key stream', type: 'number', bytes: keyStream },
  ];
};

const le32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const blake2b = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(createHash('blake2b512').update(Buffer.concat(parts)).digest());

/** Argon2id's first values (RFC 9106 §3.2 and §3.3): with either a password is guessed at no cost. */
export const argon2Traces = (
  password: Uint8Array,
  salt: Uint8Array,
  cost: { readonly passes: number; readonly memoryKiB: number; readonly outBytes: number },
): Trace[] => {
  const h0 = blake2b(
    ...[1, cost.outBytes, cost.memoryKiB, cost.passes, 0x13, 2, password.length].map(le32),
    password,
    le32(salt.length),
    salt,
    le32(0),
    le32(0),
  );
  return [
    { name: 'H0 of Argon2', type: 'number', bytes: h0 },
    { name: 'first block of Argon2', type: 'layout', bytes: blake2b(le32(1024), h0, le32(0), le32(0)).slice(0, 32) },
  ];
};

const SIGMA = new Uint32Array(Uint8Array.from(ascii('expand 32-byte k')).buffer);

/** The key of XChaCha20 and the one that it makes of the nonce's first 16 bytes, which opens the same file. */
export const xchachaTraces = (key: Uint8Array, noncePrefix: Uint8Array): Trace[] => {
  const subkey = new Uint32Array(8);
  const words = (bytes: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer);
  hchacha(SIGMA, words(key), words(noncePrefix.subarray(0, 16)), subkey);
  return [
    { name: 'key of the file', type: 'plain', bytes: Uint8Array.from(key) },
    { name: 'subkey of XChaCha20', type: 'number', bytes: new Uint8Array(subkey.buffer) },
  ];
};

export const hmacOf = (hash: 'sha256' | 'sha512', key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(createHmac(hash, key).update(Buffer.concat(parts)).digest());
