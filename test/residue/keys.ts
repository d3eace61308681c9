// The keys under test: made here, in the scanning process, and written to the sources that the program under test reads.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { KeyType } from 'strongroom';
import { type ProgramSource, SEED_PROOF_PATH } from './program.js';
import type { Secret } from './scanner/forms.js';
import { readArenas } from './scanner/scan.js';
import { deriveAlong, stepsOf } from './scanner/trees.js';

export const TYPES: readonly KeyType[] = ['ed25519', 'secp256k1', 'bls12-381', 'x25519'];
export const SOURCES = ['file raw', 'file hex', 'file PEM', 'env', 'bytes', 'generate'] as const;
export type Source = (typeof SOURCES)[number];
/** Of seeds too. */
export const ALL_TYPES: readonly KeyType[] = [...TYPES, 'seed'];
/** Sources that are locked with a secret of their own, or derived. */
export const LOCKED_SOURCES = [
  'mnemonic file',
  'mnemonic env',
  'mnemonic bytes',
  'path',
  'keystore scrypt',
  'keystore pbkdf2',
  'sealed',
  'sealed create',
] as const;
export type LockedSource = (typeof LOCKED_SOURCES)[number];

export interface TestKey {
  readonly id: string;
  readonly type: KeyType;
  readonly source: Source | LockedSource;
  readonly from: ProgramSource;
  /** Names and values of variables that the program is started with. */
  readonly variables?: readonly (readonly [string, string])[];
  /** What the program reads from its standard input for it, besides a key of 32 bytes. */
  readonly input?: readonly Uint8Array[];
  /** What must never be found: the secrets of the source, and what lies between it and the key. */
  readonly traces?: readonly Secret[];
  /** Unknown for a generated key until it is found in the arena. */
  secret: Secret | undefined;
  /** Learn the key, and more traces, from what the vault has written. */
  readonly settle?: () => readonly Secret[];
}

const blsPublicKey = (secret: Uint8Array): Uint8Array =>
  bls12_381.longSignatures.getPublicKey(secret).toBytes(true) as Uint8Array;

/** The program tells nothing of keys of these types: none of them is looked for here. */
const untold = (): never => {
  throw new Error('no test of residue has keys of this type');
};

const PUBLIC_KEY: Readonly<Record<KeyType, (secret: Uint8Array) => Uint8Array>> = {
  ed25519: (secret) => ed25519.getPublicKey(secret),
  secp256k1: (secret) => secp256k1.getPublicKey(secret, true),
  'bls12-381': blsPublicKey,
  x25519: (secret) => x25519.getPublicKey(secret),
  // A seed has none. The program tells the chain code of a path that nothing else uses.
  seed: (secret) => deriveAlong('secp256k1', secret, stepsOf(SEED_PROOF_PATH)).chainCode,
  aead: untold,
  hmac: untold,
};

/** The public key as hex; undefined for what is no secret of the type. */
export const publicKeyOf = (type: KeyType, secret: Uint8Array): string | undefined => {
  try {
    return Buffer.from(PUBLIC_KEY[type](secret)).toString('hex');
  } catch {
    return undefined;
  }
};

/** What stands before the secret in PKCS#8 (RFC 5958; RFC 8410, RFC 5915). */
const PKCS8_HEAD: Readonly<Partial<Record<KeyType, string>>> = {
  ed25519: '302e020100300506032b657004220420',
  x25519: '302e020100300506032b656e04220420',
  secp256k1: '303e020100301006072a8648ce3d020106052b8104000a042730250201010420',
};

/** A key as PEM. Not for bls12-381. */
export const pem = (type: KeyType, secret: Uint8Array): Uint8Array => {
  const der = Buffer.concat([Buffer.from(PKCS8_HEAD[type] as string, 'hex'), secret]);
  const lines = der.toString('base64').match(/.{1,64}/g) as string[];
  return new TextEncoder().encode(`-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`);
};

const secretBytes = (type?: KeyType): number => (type === 'seed' ? 64 : 32);

const hexText = (secret: Uint8Array): Uint8Array => new TextEncoder().encode(Buffer.from(secret).toString('hex'));

export const makeSecret = (type?: KeyType): Uint8Array => {
  const secret = Uint8Array.from(randomBytes(secretBytes(type)));
  secret[0] = ((secret[0] as number) & 0x3f) | 1; // below every group's order, and of full length in hex and decimal
  return secret;
};

/** A key of a type for a source; its file is written into `folder`. Undefined where the source does not hold the type. */
export const makeKey = (
  type: KeyType,
  source: Source,
  folder: string,
  name: string = source.replace(' ', '-'),
): TestKey | undefined => {
  if (source === 'file PEM' && PKCS8_HEAD[type] === undefined) return undefined;
  const id = `${type}/${name}`;
  const bytes = makeSecret(type);
  const made = (from: ProgramSource, sourceText?: Uint8Array): TestKey => ({
    id,
    type,
    source,
    from,
    secret: { label: id, type, bytes, sourceText },
  });
  const inFile = (content: Uint8Array): TestKey => {
    const file = join(folder, id.replaceAll('/', '-'));
    writeFileSync(file, content, { mode: 0o600 });
    return made({ file }, content.length === bytes.length ? undefined : content);
  };
  switch (source) {
    case 'file raw':
      return inFile(bytes);
    case 'file hex':
      return inFile(hexText(bytes));
    case 'file PEM':
      return inFile(pem(type, bytes));
    case 'env': {
      const name = `RESIDUE_${id.replaceAll(/\W/g, '_').toUpperCase()}`;
      return { ...made({ env: name }), variables: [[name, Buffer.from(bytes).toString('hex')]] };
    }
    case 'bytes':
      return type === 'seed' ? { ...made({ stdin: bytes.length }), input: [bytes] } : made('bytes');
    case 'generate':
      return { ...made('generate'), secret: undefined };
  }
};

const CANDIDATE_ALIGNMENT = 32;

/**
 * Find the secret of a generated key: the 32 bytes in an arena whose public key is the one that the vault tells.
 * Knows nothing of how the arena is laid out but that secrets are aligned.
 */
export const findGenerated = (pid: number, keys: readonly TestKey[], publicKeys: ReadonlyMap<string, string>): void => {
  const wanted = keys.filter(({ source }) => source === 'generate');
  for (const arena of wanted.length === 0 ? [] : readArenas(pid)) {
    for (let at = 0; at + 64 <= arena.length; at += CANDIDATE_ALIGNMENT) {
      if (arena.subarray(at, at + 32).every((byte) => byte === 0)) continue;
      for (const key of wanted) {
        const bytes = arena.slice(at, at + secretBytes(key.type));
        if (key.secret !== undefined || publicKeyOf(key.type, bytes) !== publicKeys.get(key.id)) continue;
        key.secret = { label: key.id, type: key.type, bytes };
      }
    }
  }
  const missing = wanted.filter(({ secret }) => secret === undefined).map(({ id }) => id);
  if (missing.length > 0) throw new Error(`the arena holds no secret of ${missing.join(', ')}`);
};
