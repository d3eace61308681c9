// Passwords of keystores as bytes: what the two formats make of one, and what a password file holds.
import { normalizeNfkd } from '../codec/nfkd.js';
import type { KeystoreKind } from './keystore.js';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const DELETE = 0x7f;
/** In UTF-8, C1 controls are U+0080 to U+009F: this byte and one below 0xa0. */
const C1_LEAD = 0xc2;

/** Without the line endings at its end, as go-ethereum and Lighthouse read password files; other white space is part of it. */
export const trimPasswordFile = (bytes: Uint8Array): Uint8Array => {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === LINE_FEED || bytes[end - 1] === CARRIAGE_RETURN)) end--;
  return bytes.subarray(0, end);
};

/** Close the gaps that C0, C1 and DEL leave, and zero the rest. */
const stripControls = (text: Uint8Array): number => {
  let kept = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number;
    if (byte < 0x20 || byte === DELETE) continue;
    if (byte === C1_LEAD && (text[at + 1] as number) < 0xa0) {
      at++;
      continue;
    }
    text[kept++] = byte;
  }
  text.fill(0, kept);
  return kept;
};

/**
 * What is given to the key derivation for a password.
 *
 * @param password - UTF-8, an arena view; it is left as it is.
 * @param out - another arena view. For EIP-2335, `NFKD_GROWTH` times as long is enough; for version 3, as long. Zeroed whole
 *   on failure.
 * @param place - names the password in messages.
 * @returns bytes written: for EIP-2335 the text in NFKD without C0, C1 and DEL; for version 3 the bytes as they are.
 * @throws {VaultError} ERR_KEY_ENCODING - EIP-2335: not UTF-8, or too long for `out`.
 * @throws {RangeError} version 3: `out` is too short.
 * @see EIP-2335, "Password requirements"
 */
export const processPassword = (
  kind: KeystoreKind,
  password: Uint8Array,
  out: Uint8Array,
  place = 'the password',
): number => {
  if (kind === 'eip2335') return stripControls(out.subarray(0, normalizeNfkd(password, out, place)));
  out.set(password);
  return password.length;
};
