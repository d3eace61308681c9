// Finds a secret in bytes: whole or any 16 bytes of it, as they are, reversed, and as text. For replies that must hold
// nothing of a key. It never prints what it found.
import { createHash } from 'node:crypto';
import { toHex } from '../../support/hex.js';

const WINDOW_BYTES = 16;
/** Candidates are looked up by their first two bytes. */
const PREFIXES = 65_536;

/** Every form of a secret that a reply could betray it by; what ed25519 makes of a seed is as good as the seed. */
const formsOf = (secret: Uint8Array): Uint8Array[] => {
  const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
  const expanded = new Uint8Array(createHash('sha512').update(secret).digest());
  return [secret, secret.slice().reverse(), expanded].flatMap((bytes) => [
    bytes,
    ascii(toHex(bytes)),
    ascii(toHex(bytes).toUpperCase()),
    ascii(Buffer.from(bytes).toString('base64')),
    ascii(Buffer.from(bytes).toString('base64url')),
    ascii(BigInt(`0x${toHex(bytes)}`).toString()),
    ascii([...bytes].join()),
    new Uint8Array(Buffer.from(toHex(bytes), 'utf16le')),
  ]);
};

/** @returns whether bytes hold a part of a secret. */
export const createLeakFinder = (secrets: readonly Uint8Array[]): ((bytes: Uint8Array) => boolean) => {
  const windows: Uint8Array[][] = Array.from({ length: PREFIXES }, () => []);
  const wanted = new Uint8Array(PREFIXES);
  for (const form of secrets.flatMap(formsOf)) {
    for (let at = 0; at + WINDOW_BYTES <= form.length; at++) {
      const prefix = (form[at]! << 8) | form[at + 1]!;
      wanted[prefix] = 1;
      windows[prefix]!.push(form.subarray(at, at + WINDOW_BYTES));
    }
  }
  return (bytes) => {
    for (let at = 0; at + WINDOW_BYTES <= bytes.length; at++) {
      const prefix = (bytes[at]! << 8) | bytes[at + 1]!;
      if (wanted[prefix] === 0) continue;
      if (windows[prefix]!.some((window) => window.every((byte, i) => bytes[at + i] === byte))) return true;
    }
    return false;
  };
};
