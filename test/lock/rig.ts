// Vaults with keys of encrypted files, and the answers that a key gives as long as it is the right one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeySpec, type KeyType, openVault, type Settings, type Vault } from 'strongroom';
import { makeSealedFile } from '../residue/locked-keys.js';
import { assert } from '../support/assert.js';
import { eip2335Keystore, web3Keystore } from '../support/keystore.js';
import { type SeededRandom, seededRandom } from '../support/random.js';
import { tempFolder } from '../support/temp.js';

export const random: SeededRandom = seededRandom('lock');
export const PASSWORD = 'correct horse battery';
export const OTHER_PASSWORD = 'another password';
export const MESSAGE: Uint8Array = new Uint8Array(32).fill(7);
export const WRONG = 'a guess';

/** A password as bytes that the vault takes over. */
export const password = (text = PASSWORD): Uint8Array => new TextEncoder().encode(text);

export const secretOf = (length = 32): Uint8Array<ArrayBuffer> => {
  const secret = random.bytes(length);
  secret[0] = (secret[0]! & 0x3f) | 1;
  return secret;
};

/** Types of the keys of the sealed file, by id. */
export const SEALED_TYPES = {
  'sealed/ed': 'ed25519',
  'sealed/ec': 'secp256k1',
  'sealed/bls': 'bls12-381',
  'sealed/box': 'x25519',
  'sealed/aead': 'aead',
  'sealed/hmac': 'hmac',
  'sealed/seed': 'seed',
} as const satisfies Record<string, KeyType>;

export interface Files {
  readonly folder: string;
  readonly sealed: string;
  readonly v3: string;
  readonly v4: string;
}

export type SealedEntry = readonly [id: string, type: KeyType, secret: Uint8Array];

export const writeSealed = (
  path: string,
  keys: readonly SealedEntry[],
  text = PASSWORD,
  cost: { readonly passes?: number; readonly memoryKiB?: number } = {},
): void => makeSealedFile(path, text, keys, cost);

export const sealedEntries = (): SealedEntry[] =>
  Object.entries(SEALED_TYPES).map(([id, type]) => [id, type, secretOf(type === 'seed' || type === 'hmac' ? 64 : 32)]);

/** A sealed file with a key of each type, and a keystore of each kind; all of one password. */
export const makeFiles = (text = PASSWORD): Files => {
  const folder = tempFolder();
  const files = {
    folder,
    sealed: join(folder, 'keys.sealed'),
    v3: join(folder, 'v3.json'),
    v4: join(folder, 'v4.json'),
  };
  writeSealed(files.sealed, sealedEntries(), text);
  writeFileSync(files.v3, web3Keystore(secretOf(), text));
  writeFileSync(files.v4, eip2335Keystore(secretOf(), text));
  return files;
};

/** Every key of the files, and what derives from the seed. */
export const keysOf = ({ sealed, v3, v4 }: Files, text = PASSWORD): Record<string, KeySpec> => ({
  ...Object.fromEntries(
    Object.entries(SEALED_TYPES).map(([id, type]): [string, KeySpec] => [
      id,
      { type, from: { sealed, password: { bytes: password(text) } } },
    ]),
  ),
  v3: { type: 'secp256k1', from: { keystore: v3, password: { bytes: password(text) } } },
  v4: { type: 'bls12-381', from: { keystore: v4, password: { bytes: password(text) } } },
  'derived/ec': { type: 'secp256k1', from: { seed: 'sealed/seed', path: "m/44'/60'/0'/0/0" } },
  'derived/ed': { type: 'ed25519', from: { seed: 'sealed/seed', path: "m/44'/501'/0'" } },
});

export const settings = (keys: NonNullable<Settings['keys']>, more: Omit<Settings, 'keys'> = {}): Settings => ({
  keys,
  threads: 1,
  memory: { lock: 'off', maxKeys: 64 },
  ...more,
});

/** Open a vault for the length of a test. */
export const withVault = async (
  keys: NonNullable<Settings['keys']>,
  body: (vault: Vault) => Promise<void>,
  more: Omit<Settings, 'keys'> = {},
): Promise<void> => {
  const vault = await openVault(settings(keys, more));
  try {
    await body(vault);
  } finally {
    await vault.close();
  }
};

const ASK: Readonly<Record<KeyType, (vault: Vault, id: string) => Promise<unknown>>> = {
  ed25519: (vault, id) => vault.sign(id, MESSAGE),
  secp256k1: (vault, id) => vault.sign(id, MESSAGE),
  'bls12-381': (vault, id) => vault.sign(id, MESSAGE),
  x25519: (vault, id) => vault.execute(id, 'agree', { peer: BASE_POINT, info: MESSAGE }),
  seed: (vault, id) => vault.execute(id, 'extendedPublicKey', { path: 'm/1' }),
  aead: async (vault, id) =>
    vault.execute(id, 'decrypt', { sealed: await vault.execute(id, 'encrypt', { message: MESSAGE }) }),
  hmac: (vault, id) => vault.execute(id, 'mac', { message: MESSAGE }),
};
const BASE_POINT = new Uint8Array(32).fill(9, 0, 1);

/** What a key says to a message, whatever it is asked; the same as long as it is the same key. */
export const answerOf = (vault: Vault, id: string): Promise<unknown> => {
  const info = vault.keys().find((each) => each.id === id);
  assert.ok(info !== undefined, id);
  return ASK[(info as { type: KeyType }).type](vault, id);
};

export const answersOf = async (vault: Vault): Promise<Map<string, unknown>> => {
  const answers = new Map<string, unknown>();
  for (const { id } of vault.keys()) answers.set(id, await answerOf(vault, id));
  return answers;
};

export const stateOf = (vault: Vault): Record<string, string> =>
  Object.fromEntries(vault.keys().map(({ id, state }) => [id, state]));

/** The same state for all keys. */
export const allAre = (vault: Vault, state: string): boolean => vault.keys().every((key) => key.state === state);

export const ids = (vault: Vault): string[] =>
  vault
    .keys()
    .map(({ id }) => id)
    .sort();

export const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
