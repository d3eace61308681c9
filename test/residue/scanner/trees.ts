// Keys of a path as their standards derive them, and every private value between the seed and the key. Written from the
// standards, with node:crypto and BigInt: a second opinion on the vault's own derivation.
import { createHash, hkdfSync } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { KeyType } from 'strongroom';
import { fromBigInt, toBigInt } from './derived.js';
import { ascii, hmacOf, hmacTraces, type Trace } from './traces.js';

export interface Derived {
  readonly secret: Uint8Array;
  /** Of BIP-32 and SLIP-0010. */
  readonly chainCode: Uint8Array;
  /** What was private on the way, without the key itself. */
  readonly traces: readonly Trace[];
}

const SECP256K1_N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const BLS_R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const HARDENED = 0x8000_0000;
const ZERO = Uint8Array.of(0);

const be32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);

const CURVES: Readonly<Record<string, string>> = {
  secp256k1: 'Bitcoin seed',
  ed25519: 'ed25519 seed',
  x25519: 'curve25519 seed',
};

/** BIP-32 and SLIP-0010. */
const deriveChain = (type: KeyType, seed: Uint8Array, path: readonly number[]): Derived => {
  const traces: Trace[] = [];
  let node = hmacOf('sha512', ascii(CURVES[type] as string), seed);
  path.forEach((index, at) => {
    const secret = node.slice(0, 32);
    const chainCode = node.slice(32);
    traces.push(
      { name: `secret before step ${at + 1}`, type: 'number', bytes: secret },
      { name: `chain code before step ${at + 1}`, type: 'number', bytes: chainCode },
      ...hmacTraces(`chain code before step ${at + 1}`, chainCode, 'sha512'),
    );
    const parent = index >= HARDENED ? [ZERO, secret] : [secp256k1.getPublicKey(secret, true)];
    node = hmacOf('sha512', chainCode, ...parent, be32(index));
    if (type !== 'secp256k1') return;
    // BIP-32's tweak is as good as the child's secret to whoever has the parent's.
    traces.push({ name: `tweak of step ${at + 1}`, type: 'number', bytes: node.slice(0, 32) });
    node.set(fromBigInt((toBigInt(node.subarray(0, 32)) + toBigInt(secret)) % SECP256K1_N, 32));
  });
  const chainCode = node.slice(32);
  if (path.length > 0) traces.push({ name: 'chain code of the key', type: 'number', bytes: chainCode });
  return { secret: node.slice(0, 32), chainCode, traces };
};

const sha256 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(bytes).digest());
const expand = (prk: Uint8Array, info: Uint8Array, length: number): Uint8Array => {
  let block: Uint8Array = new Uint8Array();
  const blocks: Uint8Array[] = [];
  for (let i = 1; 32 * blocks.length < length; i++) {
    block = hmacOf('sha256', prk, block, info, Uint8Array.of(i));
    blocks.push(block);
  }
  return Uint8Array.from(Buffer.concat(blocks)).slice(0, length);
};

/** hkdf_mod_r. */
const hkdfModR = (name: string, material: Uint8Array, traces: Trace[]): Uint8Array => {
  const salt = sha256(ascii('BLS-SIG-KEYGEN-SALT-'));
  const prk = hmacOf('sha256', salt, material, ZERO);
  const okm = expand(prk, Uint8Array.of(0, 48), 48);
  traces.push({ name: `PRK of ${name}`, type: 'number', bytes: prk }, ...hmacTraces(`PRK of ${name}`, prk, 'sha256'), {
    name: `OKM of ${name}`,
    type: 'number',
    bytes: okm,
  });
  return fromBigInt(toBigInt(okm) % BLS_R, 32);
};

const LAMPORT_SECRETS = 255;

/** One half of a Lamport key: the hashes of its secrets. */
const lamportHalf = (name: string, material: Uint8Array, index: number, traces: Trace[]): Uint8Array => {
  const salt = be32(index);
  const prk = hmacOf('sha256', salt, material);
  const secrets = new Uint8Array(hkdfSync('sha256', material, salt, new Uint8Array(), 32 * LAMPORT_SECRETS));
  traces.push({ name: `PRK of ${name}`, type: 'number', bytes: prk }, { name, type: 'layout', bytes: secrets });
  const hashes = Array.from({ length: LAMPORT_SECRETS }, (_, i) => sha256(secrets.subarray(32 * i, 32 * i + 32)));
  return Uint8Array.from(Buffer.concat(hashes));
};

/** EIP-2333. */
const deriveBls = (seed: Uint8Array, path: readonly number[]): Derived => {
  const traces: Trace[] = [];
  let secret = hkdfModR('the master key', seed, traces);
  path.forEach((index, at) => {
    const complement = secret.map((byte) => 255 - byte);
    traces.push(
      { name: `secret before step ${at + 1}`, type: 'number', bytes: secret },
      { name: `complement before step ${at + 1}`, type: 'number', bytes: complement },
    );
    const halves = [secret, complement].map((half, i) =>
      lamportHalf(`Lamport half ${i + 1} of step ${at + 1}`, half, index, traces),
    );
    const compressed = sha256(Uint8Array.from(Buffer.concat(halves)));
    traces.push({ name: `Lamport key of step ${at + 1}`, type: 'number', bytes: compressed });
    secret = hkdfModR(`step ${at + 1}`, compressed, traces);
  });
  return { secret, chainCode: new Uint8Array(), traces };
};

/** @param path - the numbers of the steps, hardened ones with 2^31 added; for bls12-381 as they are. */
export const deriveAlong = (type: KeyType, seed: Uint8Array, path: readonly number[]): Derived =>
  type === 'bls12-381' ? deriveBls(seed, path) : deriveChain(type, seed, path);

/** The numbers of a path such as m/44'/0. */
export const stepsOf = (path: string): number[] =>
  path
    .split('/')
    .slice(1)
    .map((step) => Number.parseInt(step, 10) + (step.endsWith("'") ? HARDENED : 0));
