// Reads a keystore file. Nothing secret is in it without the password, so strings and ordinary memory will do; but whoever
// wrote it may be hostile.
import { type SettingsProblem, VaultError } from '../../src/errors.js';
import { addMismatch, type Fields, readFields, summarize } from '../../src/wire/check.js';
import { parseJson } from '../../src/wire/json.js';
import {
  emptyText,
  foldNames,
  hexOf,
  type KdfName,
  kdfName,
  named,
  optionalHex,
  optionalText,
  readBelow,
  readKdf,
} from './fields.js';
import { ADDRESS_BYTES, IV_BYTES, type Keystore, PUBLIC_KEY_BYTES, SECRET_BYTES } from './keystore.js';

const CHECKSUM_BYTES = 32;
const KDF_PARAMS: Readonly<Record<KdfName, readonly string[]>> = {
  scrypt: ['dklen', 'n', 'r', 'p', 'salt'],
  pbkdf2: ['dklen', 'c', 'prf', 'salt'],
};
const KIND = 'a keystore of version 4 (EIP-2335) or 3 (Web3 Secret Storage)';

interface Module {
  readonly module: Fields | undefined;
  readonly params: Fields | undefined;
}

/** One of the three modules of `crypto`: function, params and message, and nothing else. */
const readModule = (crypto: Fields, name: string, problems: SettingsProblem[]): Module => {
  const path = `crypto.${name}`;
  const module = readBelow(crypto, name, path, problems);
  module?.only(['function', 'params', 'message']);
  const params = module && readBelow(module, 'params', `${path}.params`, problems);
  return { module, params };
};

/**
 * EIP-2335. Unknown fields beside `crypto` are other tools' notes, and let be; inside of it they could change what is meant,
 * and are refused, as Lighthouse does. `pubkey` may be absent or empty: the standard's text asks for it with private keys, its
 * schema does not, and such files are about. To refuse them would not help against one who alters files, and who can write
 * another public key there as well as none.
 */
const parseVersion4 = (top: Fields, problems: SettingsProblem[]): Keystore | undefined => {
  const crypto = readBelow(top, 'crypto', 'crypto', problems);
  const publicKey = optionalHex(top, 'pubkey', PUBLIC_KEY_BYTES, problems);
  const path = optionalText(top, 'path', problems);
  const uuid = optionalText(top, 'uuid', problems);
  const description = optionalText(top, 'description', problems);
  if (crypto === undefined) return undefined;
  crypto.only(['kdf', 'checksum', 'cipher']);

  const derivation = readModule(crypto, 'kdf', problems);
  const kdfFunction = derivation.module?.required('function', kdfName);
  const kdf = readKdf(kdfFunction, derivation.params, 'crypto.kdf.params', problems);
  derivation.module?.optional('message', '', emptyText);
  if (kdfFunction !== undefined) derivation.params?.only(KDF_PARAMS[kdfFunction]);

  const check = readModule(crypto, 'checksum', problems);
  check.module?.required('function', named('sha256'));
  check.params?.only([]);
  const checksum = check.module?.required('message', hexOf(CHECKSUM_BYTES, CHECKSUM_BYTES));

  const cipher = readModule(crypto, 'cipher', problems);
  cipher.module?.required('function', named('aes-128-ctr'));
  cipher.params?.only(['iv']);
  const iv = cipher.params?.required('iv', hexOf(IV_BYTES, IV_BYTES));
  const ciphertext = cipher.module?.required('message', hexOf(SECRET_BYTES, SECRET_BYTES));

  if (kdf === undefined || checksum === undefined || iv === undefined || ciphertext === undefined) return undefined;
  const common = { kdf, iv, ciphertext, checksum, path, uuid, description };
  return { kind: 'eip2335', type: 'bls12-381', publicKey, address: undefined, ...common };
};

/**
 * Web3 Secret Storage. Names in any case and unknown fields, as go-ethereum reads it; `address` may be absent: the definition
 * has none. Clients have written keys without their leading zeros, so the ciphertext may be short.
 */
const parseVersion3 = (top: Fields, problems: SettingsProblem[]): Keystore | undefined => {
  const crypto = readBelow(top, 'crypto', 'crypto', problems);
  const address = optionalHex(top, 'address', ADDRESS_BYTES, problems);
  const uuid = optionalText(top, 'id', problems);
  if (crypto === undefined) return undefined;

  const kdfParams = readBelow(crypto, 'kdfparams', 'crypto.kdfparams', problems);
  const kdf = readKdf(crypto.required('kdf', kdfName), kdfParams, 'crypto.kdfparams', problems);
  const checksum = crypto.required('mac', hexOf(CHECKSUM_BYTES, CHECKSUM_BYTES));
  crypto.required('cipher', named('aes-128-ctr'));
  const cipherParams = readBelow(crypto, 'cipherparams', 'crypto.cipherparams', problems);
  const iv = cipherParams?.required('iv', hexOf(IV_BYTES, IV_BYTES));
  const ciphertext = crypto.required('ciphertext', hexOf(1, SECRET_BYTES));

  if (kdf === undefined || checksum === undefined || iv === undefined || ciphertext === undefined) return undefined;
  const common = { kdf, iv, ciphertext, checksum, path: undefined, uuid, description: undefined };
  return { kind: 'web3-v3', type: 'secp256k1', publicKey: undefined, address, ...common };
};

/** By the version that the file states. */
const parseValue = (value: unknown, problems: SettingsProblem[]): Keystore | undefined => {
  const exact = readFields(value, '', KIND, problems);
  if (exact === undefined) return undefined;
  if (exact.entries.get('version') === 4) return parseVersion4(exact, problems);
  const folded = readFields(foldNames(value, '', problems), '', KIND, problems);
  const version = folded?.entries.get('version');
  if (folded !== undefined && version === 3) return parseVersion3(folded, problems);
  const got = typeof version === 'number' ? 'another number' : undefined;
  return addMismatch(problems, 'version', '4 (EIP-2335) or 3 (Web3 Secret Storage)', version, got);
};

/** UTF-8, strictly, with or without a byte order mark. */
const decodeText = (json: Uint8Array, place: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(json.slice());
  } catch {
    throw new VaultError('ERR_KEYSTORE', `${place}: expected JSON in UTF-8, got bytes that are not`);
  }
};

/**
 * Read a keystore: EIP-2335 version 4 or Web3 Secret Storage version 3, told apart by what it says.
 *
 * @param json - the file. It is public.
 * @param place - names the file in messages.
 * @returns what it says. The cost of its key derivation has not been judged: see `checkCost`.
 * @throws {VaultError} ERR_KEYSTORE - not JSON, not of these versions, or malformed; the message names the fields.
 * @see EIP-2335, Web3 Secret Storage Definition
 */
export const parseKeystore = (json: Uint8Array | string, place: string): Keystore => {
  const text = typeof json === 'string' ? json.replace(/^\ufeff/, '') : decodeText(json, place);
  const problems: SettingsProblem[] = [];
  const parsed = parseJson(text, '', problems);
  const keystore = parsed === undefined ? undefined : parseValue(parsed.value, problems);
  if (keystore === undefined || problems.length > 0) {
    throw new VaultError('ERR_KEYSTORE', `${place}: ${summarize(problems)}`);
  }
  return keystore;
};
