// Looking at ASCII text as bytes: white space, fixed words. Views and positions only; nothing here copies or decodes.

/** The bytes of a fixed word of ours. Not for content. */
export const ascii = (word: string): Uint8Array => Uint8Array.from(word, (character) => character.charCodeAt(0));

/** Space, tab, line feed, vertical tab, form feed, carriage return. */
export const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** The view without the white space around it. */
export const trim = (bytes: Uint8Array): Uint8Array => {
  let start = 0;
  let end = bytes.length;
  while (start < end && isSpace(bytes[start] as number)) start++;
  while (end > start && isSpace(bytes[end - 1] as number)) end--;
  return bytes.subarray(start, end);
};

export const hasWordAt = (bytes: Uint8Array, at: number, word: Uint8Array): boolean => {
  if (at + word.length > bytes.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
};

/** Where the word first occurs at or after `from`; -1 if it does not. */
export const findWord = (bytes: Uint8Array, word: Uint8Array, from: number): number => {
  for (let at = from; at + word.length <= bytes.length; at++) if (hasWordAt(bytes, at, word)) return at;
  return -1;
};

/** Whether all bytes are printable ASCII or white space: a person wrote it, or a tool that writes text. */
export const isPlainText = (bytes: Uint8Array): boolean => {
  for (const byte of bytes) if (!isSpace(byte) && (byte < 0x20 || byte > 0x7e)) return false;
  return true;
};
