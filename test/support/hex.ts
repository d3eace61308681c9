// Hex to bytes and back, for public values in tests. Keys that a test means to keep secret don't belong in strings.

/** Bytes of a hex text, with or without `0x`. Throws on anything else, so that a broken vector is noticed. */
export const fromHex = (text: string): Uint8Array<ArrayBuffer> => {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new TypeError(`expected an even number of hex digits, got ${text.length} characters`);
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
};

export const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
