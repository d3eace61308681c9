// From the bytes of a source to the secret of a key, inside the arena: no string, no BigInt, no copy on the heap.
// Range and zero checks are the provider side's; here it is encodings and lengths.
import { type Encoding, KEY_TYPE_FACTS, type KeyType } from '../../src/wire/types.js';
import { decodeBase64, measureBase64 } from './base64.js';
import { checkLabel, locateSecret } from './container.js';
import { emptyFault, encodingFault, lengthFault, oddHexFault } from './faults.js';
import { decodeHex, isHex, withoutHexPrefix } from './hex.js';
import { looksLikePem, readPem } from './pem.js';
import { isPlainText, trim } from './text.js';

/** What one decoding works on; a plain bundle, so that each step reads the same. */
interface Task {
  readonly source: Uint8Array;
  readonly type: KeyType;
  /** Bytes of the secret that is expected, least and most. */
  readonly least: number;
  readonly most: number;
  readonly out: Uint8Array;
  readonly place: string;
}

/**
 * Decode a key from the bytes of a file, variable or hand-off.
 *
 * @param source - what was read: an arena view that is left as it is. The caller wipes it.
 * @param encoding - 'raw', 'hex', 'base64', 'pem', or 'auto' to detect it (see `decodeDetected`).
 * @param type - its secret length is the length that must come out.
 * @param out - another arena view, at least as long as the secret; for PEM, as long as the container inside.
 *   The secret is written to its start, and what decoding needed beyond that is zeroed. Zeroed whole on failure.
 * @param place - names the source in messages, as in `file keys/a.hex`.
 * @returns the length of the secret in bytes.
 * @throws {VaultError} ERR_SOURCE_EMPTY - no bytes, or white space alone.
 * @throws {VaultError} ERR_KEY_ENCODING - not of the encoding, malformed, encrypted, or a type that PEM does not hold.
 * @throws {VaultError} ERR_KEY_LENGTH - it decoded, to another length.
 * @throws {VaultError} ERR_KEY_CURVE - a PEM key of another algorithm or curve.
 * @throws {RangeError} `out` is shorter than the secret.
 */
export const decodeKey = (
  source: Uint8Array,
  encoding: Encoding,
  type: KeyType,
  out: Uint8Array,
  place: string,
): number => {
  const { minSecretBytes: least, secretBytes: most } = KEY_TYPE_FACTS[type];
  if (out.length < most) throw new RangeError(`"out" expected at least ${most} bytes, got ${out.length}`);
  let done = false;
  try {
    const length = decodeAs(encoding, { source, type, least, most, out, place });
    done = true;
    return length;
  } finally {
    if (!done) out.fill(0);
  }
};

const decodeAs = (encoding: Encoding, task: Task): number => {
  const { source, place } = task;
  if (source.length === 0) throw emptyFault(place, 'nothing');
  if (encoding === 'raw') return decodeRaw(task);
  const text = trim(source);
  if (text.length === 0) throw emptyFault(place, 'white space alone');
  if (encoding === 'hex') return decodeHexText(text, task);
  if (encoding === 'base64') return decodeBase64Text(text, task);
  if (encoding === 'pem') return decodePem(text, task);
  return decodeDetected(text, task);
};

/**
 * Detection. The rules can't contradict each other: for a secret of n bytes hex has 2n digits, base64 about 4n/3 and
 * raw exactly n bytes. So n bytes are the key itself, printable or not: 32 hex digits are a raw 32-byte key (as
 * hex they would be 16 bytes), and 2n hex digits are hex although they are base64 too.
 * n bytes of white space were refused as empty before: as a random key they would be a one in 2^170 chance.
 */
const decodeDetected = (text: Uint8Array, task: Task): number => {
  const { source, out } = task;
  if (looksLikePem(text)) return decodePem(text, task);
  const digits = withoutHexPrefix(text);
  if (fits(digits.length / 2, task) && isHex(digits)) return decodeHex(digits, out);
  if (fits(measureBase64(text, 'text'), task)) return decodeBase64(text, out);
  if (fits(source.length, task) && !isText(task)) return decodeRaw(task);
  throw whyNothingFits(text, digits, task);
};

const fits = (length: number, { least, most }: Task): boolean =>
  length >= least && length <= most && Number.isInteger(length);

/** Types that have an object identifier in RFC 8410 or RFC 5480. */
const hasPem = (type: KeyType): boolean => ['ed25519', 'x25519', 'secp256k1'].includes(type);

/** Some types have no one length: text that is no key in writing would pass for raw bytes, a mnemonic for a seed. */
const isText = ({ source, least, most }: Task): boolean => least !== most && isPlainText(source);

/** The most helpful error: how a person would have read it. */
const whyNothingFits = (text: Uint8Array, digits: Uint8Array, task: Task): Error => {
  const { source, type, least, most, place } = task;
  if (isHex(digits)) return hexLengthFault(digits, task, ' (read as hex)');
  if (!isPlainText(source)) return lengthFault(place, type, source.length, ' (read as raw bytes)');
  if (least !== most) {
    const hint = type === 'seed' ? 'a mnemonic goes into "mnemonic"' : 'encoding "raw" takes text as it is';
    return encodingFault(
      place,
      `expected hex, base64 or ${least} to ${most} raw bytes for ${type}, got ${source.length} bytes of text that is none of these; ${hint}`,
    );
  }
  if (digits.length === 2 * most) {
    return encodingFault(place, `got ${digits.length} characters that are not all hex digits`);
  }
  const asBase64 = measureBase64(text, 'text');
  if (asBase64 !== -1) return lengthFault(place, type, asBase64, ' (read as base64)');
  const forms = hasPem(type) ? 'PEM, hex, base64' : 'hex, base64';
  return encodingFault(
    place,
    `expected ${forms} or ${most} raw bytes for ${type}, got ${source.length} bytes of text that is none of these`,
  );
};

const decodeRaw = (task: Task): number => {
  const { source, type, out, place } = task;
  if (!fits(source.length, task)) throw lengthFault(place, type, source.length);
  out.set(source);
  return source.length;
};

const hexLengthFault = (digits: Uint8Array, { type, place }: Task, readAs = ''): Error =>
  digits.length % 2 === 1
    ? oddHexFault(place, type, digits.length)
    : lengthFault(place, type, digits.length / 2, readAs);

const decodeHexText = (text: Uint8Array, task: Task): number => {
  const digits = withoutHexPrefix(text);
  if (!isHex(digits))
    throw encodingFault(task.place, `expected hex digits, got ${digits.length} bytes that are not all of them`);
  if (!fits(digits.length / 2, task)) throw hexLengthFault(digits, task);
  return decodeHex(digits, task.out);
};

const decodeBase64Text = (text: Uint8Array, task: Task): number => {
  const { type, out, place } = task;
  const length = measureBase64(text, 'text');
  if (length === -1) throw encodingFault(place, `expected canonical base64, got ${text.length} bytes that are not`);
  if (!fits(length, task)) throw lengthFault(place, type, length);
  return decodeBase64(text, out);
};

const decodePem = (text: Uint8Array, { type, most, out, place }: Task): number => {
  if (!hasPem(type)) throw encodingFault(place, `PEM does not hold ${type} keys; expected hex, base64 or raw bytes`);
  const { label, body } = readPem(text, place);
  checkLabel(label, type, place);
  const length = measureBase64(body, 'pem');
  if (length === -1) throw encodingFault(place, 'the base64 inside the PEM block is malformed or truncated');
  if (length > out.length)
    throw encodingFault(place, `expected a PEM container of at most ${out.length} bytes, got ${length}`);
  decodeBase64(body, out);
  const { start, end } = locateSecret(label, out.subarray(0, length), type, place);
  if (end - start !== most) throw lengthFault(place, type, end - start);
  out.copyWithin(0, start, end);
  out.fill(0, most, length);
  return most;
};
