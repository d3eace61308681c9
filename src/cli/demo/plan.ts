// What the demo does: which keys, from where, and what they sign. Nothing is opened or signed here.
import { join } from 'node:path';
import type { KeySpec, Settings } from '../../vault.js';

/** Holds an ed25519 key when the demo runs: a 32-byte seed, as hex. */
export const DEMO_VARIABLE = 'STRONGROOM_DEMO_KEY';

export const SIGNED_TYPES = ['ed25519', 'secp256k1', 'bls12-381'] as const;
export type SignedType = (typeof SIGNED_TYPES)[number];

/** secp256k1 keys hash what they sign; the others take messages as they are. */
export const SIGN_OPTIONS = { ed25519: {}, secp256k1: { hash: 'sha256' }, 'bls12-381': {} } as const;

export const FILE_KEYS = { 'wallet/hot': 'secp256k1', 'validator/0': 'bls12-381' } as const;
export const ENV_KEY = 'node/identity';

const SESSIONS = 3;
const WALLETS = 3;
const VALIDATORS = 32;

const numbered = (count: number, prefix: string, from: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}/${i + from}`);

export const KEY_IDS: Readonly<Record<SignedType, readonly string[]>> = {
  ed25519: [ENV_KEY, ...numbered(SESSIONS, 'session', 1)],
  secp256k1: ['wallet/hot', ...numbered(WALLETS, 'wallet', 1)],
  'bls12-381': numbered(VALIDATORS, 'validator', 0),
};

export const keyFile = (folder: string, id: keyof typeof FILE_KEYS): string =>
  join(folder, `${id.replace('/', '-')}.hex`);

export const demoSettings = (folder: string): Settings => {
  const sourceOf = (id: string): KeySpec['from'] => {
    if (id === ENV_KEY) return { env: DEMO_VARIABLE };
    return id === 'wallet/hot' || id === 'validator/0' ? { file: keyFile(folder, id) } : 'generate';
  };
  const specs = SIGNED_TYPES.flatMap((type) => KEY_IDS[type].map((id) => [id, { type, from: sourceOf(id) }] as const));
  return { keys: Object.fromEntries(specs), memory: { maxKeys: 64 } };
};

/** One signature to make. */
export interface Job {
  readonly keyId: string;
  readonly message: Uint8Array;
}

export type Jobs = Readonly<Record<SignedType, readonly Job[]>>;

const encoder = new TextEncoder();

/** `keysPerMessage` keys sign each message before the next message is taken. */
const jobsOf = (type: SignedType, count: number, keysPerMessage: number): Job[] => {
  const ids = KEY_IDS[type];
  return Array.from({ length: count }, (_, i) => ({
    keyId: ids[i % ids.length]!,
    message: encoder.encode(`strongroom demo, ${type}, message ${Math.floor(i / keysPerMessage)}`),
  }));
};

/**
 * About `count` signatures, shared out so that no type takes much longer than another to verify, which is the slow part.
 * As on a chain, all validators sign each block: that is also what makes it possible to verify so many BLS signatures.
 */
export const planJobs = (count: number): Jobs => {
  const blocks = Math.max(1, Math.round(count / 125 / VALIDATORS));
  const secp256k1 = Math.round(count / 5);
  return {
    ed25519: jobsOf('ed25519', Math.max(1, count - secp256k1 - blocks * VALIDATORS), 1),
    secp256k1: jobsOf('secp256k1', secp256k1, 1),
    'bls12-381': jobsOf('bls12-381', blocks * VALIDATORS, VALIDATORS),
  };
};

export const countJobs = (jobs: Jobs): number => SIGNED_TYPES.reduce((sum, type) => sum + jobs[type].length, 0);
