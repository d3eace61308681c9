// Messages and signatures from files, standard input and the command line. Both are public; keys are never read here.
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { KeyInfo } from '../wire/info.js';
import { DIGEST_BYTES, MAX_MESSAGE_BYTES, SIGNATURE_BYTES } from '../wire/types.js';
import { CliError } from './exit-codes.js';
import { type SchemeOptions, schemeFor } from './options.js';
import { plural } from './output.js';

const STDIN = '-';
/** Of a signature as text: five times the longest one in hex. */
const MAX_SIGNATURE_CHARACTERS = 1024;
const OF_SIGNATURE = 'expected hex, base64 or @FILE';

const readStream = async (stream: Readable, name: string, maxBytes: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) throw new CliError('ERR_INPUT', `${name} is longer than ${plural(maxBytes, 'byte')}`);
  }
  return Buffer.concat(chunks, length);
};

const readInput = async (path: string, name: string, maxBytes: number): Promise<Uint8Array> => {
  try {
    return await readStream(path === STDIN ? process.stdin : createReadStream(path), name, maxBytes);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const what = path === STDIN ? 'standard input' : `"${path}"`;
    const reason =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a directory' : `could not be read (${code})`;
    throw new CliError('ERR_INPUT', `${name}: ${what} ${reason}`);
  }
};

/** The message in a file, or on standard input for `-`: its bytes as they are. @throws {CliError} ERR_INPUT */
export const readMessage = (path: string): Promise<Uint8Array> => readInput(path, '--in', MAX_MESSAGE_BYTES);

/**
 * What the vault would call a caller's mistake, said in the program's terms.
 *
 * @param key - undefined for an id that is not registered: the vault has the answer to that.
 * @throws {CliError} ERR_USAGE
 */
export const checkRequest = (key: KeyInfo | undefined, options: SchemeOptions, message: Uint8Array): void => {
  if (key === undefined) return;
  if (options.hash !== undefined) {
    if (key.type === 'secp256k1') return;
    throw new CliError('ERR_USAGE', `--hash goes with secp256k1 keys; "${key.id}" is of type ${key.type}`);
  }
  const scheme = schemeFor(key.type, options);
  if (key.type !== 'secp256k1' || (scheme !== 'ecdsa' && scheme !== 'ecdsa-recoverable')) return;
  if (message.length === DIGEST_BYTES) return;
  throw new CliError(
    'ERR_USAGE',
    `${scheme} signs a digest: --in expected ${DIGEST_BYTES} bytes (binary, not hex), got ${message.length}; ` +
      'give --hash to have the vault hash a message of any length',
  );
};

/** Hex (with or without 0x) or base64, with white space around; undefined if it is neither. */
const decodeText = (given: string): Uint8Array | undefined => {
  const text = given.trim();
  const hex = text.replace(/^0x/i, '');
  if (/^(?:[0-9a-f]{2})+$/i.test(hex)) return Buffer.from(hex, 'hex');
  // Signatures are 64, 65 or 96 bytes, and none of them is all hex digits in base64 but by a miracle.
  return /^[A-Za-z0-9+/]{2,}={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
};

/**
 * A signature from the command line, or from a file that holds its raw bytes, or hex, or base64.
 *
 * @throws {CliError} ERR_USAGE - it is none of these. ERR_INPUT - the file cannot be read.
 */
export const readSignature = async (given: string): Promise<Uint8Array> => {
  if (!given.startsWith('@')) {
    const decoded = given.length > MAX_SIGNATURE_CHARACTERS ? undefined : decodeText(given);
    if (decoded !== undefined) return decoded;
    throw new CliError(
      'ERR_USAGE',
      `--signature ${OF_SIGNATURE}, got ${plural(given.length, 'character')} of another kind`,
    );
  }
  const bytes = await readInput(given.slice(1), '--signature', MAX_SIGNATURE_CHARACTERS);
  const decoded = decodeText(Buffer.from(bytes).toString('latin1'));
  if (decoded !== undefined) return decoded;
  if (Object.values(SIGNATURE_BYTES).includes(bytes.length)) return bytes;
  throw new CliError(
    'ERR_USAGE',
    `--signature ${OF_SIGNATURE}; the file holds neither text of that kind nor the bytes of a signature, but ${plural(bytes.length, 'byte')}`,
  );
};
