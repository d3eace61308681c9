// Every form that the bytes of a secret may take in memory.
import { derivedValues, reversed, toBigInt } from './derived.js';

export interface Form {
  /** Where two forms of a secret happen to be the same bytes, the first name is used. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** How long a part of `bytes` must be to count: at least 16 bytes of the secret are in it. */
  readonly minPartBytes: number;
}

/** Half of a key: less than this is not counted as a part of a secret. */
const WINDOW_BYTES = 16;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const utf16 = (text: Uint8Array): Uint8Array => {
  const wide = new Uint8Array(2 * text.length);
  text.forEach((byte, i) => {
    wide[2 * i] = byte;
  });
  return wide;
};

const eachWord = (bytes: Uint8Array, size: number, take: (word: Uint8Array) => Uint8Array): Uint8Array[] => {
  const words: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) words.push(take(bytes.subarray(at, at + size)));
  return words;
};
const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** The characters that the secret alone decides, when it lies `offset` bytes (mod 3) into what is encoded. */
const base64At = (bytes: Uint8Array, offset: number, encoding: 'base64' | 'base64url'): Uint8Array => {
  const padded = concat([new Uint8Array(offset), bytes]);
  const text = Buffer.from(padded).toString(encoding).replaceAll('=', '');
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor((padded.length * 8) / 6);
  return ascii(text.slice(first, last));
};

/** Names and texts of one value: hex, base64, decimal. `minPart` is the length of a text that holds 16 bytes. */
const textForms = (bytes: Uint8Array): { name: string; text: Uint8Array; minPart: number }[] => {
  const hex = Buffer.from(bytes).toString('hex');
  const whole = { hex: 2 * WINDOW_BYTES, base64: Math.ceil((WINDOW_BYTES * 8) / 6) };
  const base64 = (['base64', 'base64url'] as const).flatMap((encoding) =>
    [0, 1, 2].map((offset) => ({
      name: `${encoding}, offset ${offset}`,
      text: base64At(bytes, offset, encoding),
      minPart: whole.base64,
    })),
  );
  const share = WINDOW_BYTES / bytes.length;
  const decimal = ascii(toBigInt(bytes).toString());
  const list = ascii([...bytes].join(','));
  return [
    { name: 'hex', text: ascii(hex), minPart: whole.hex },
    { name: 'HEX', text: ascii(hex.toUpperCase()), minPart: whole.hex },
    ...base64,
    // Half of a decimal number does not give half of its bytes away.
    { name: 'decimal', text: decimal, minPart: decimal.length },
    { name: 'list of bytes', text: list, minPart: Math.min(list.length, Math.ceil(list.length * share) + 4) },
  ].map((form) => ({ ...form, minPart: Math.min(form.minPart, form.text.length) }));
};

/** The orders in which the bytes of one value may stand. */
const orders = (bytes: Uint8Array): { name: string; bytes: Uint8Array }[] => [
  { name: 'bytes', bytes },
  { name: 'reversed', bytes: reversed(bytes) },
  ...[4, 8].flatMap((size) => [
    { name: `${8 * size}-bit words swapped`, bytes: concat(eachWord(bytes, size, reversed)) },
    { name: `${8 * size}-bit words reordered`, bytes: concat(eachWord(bytes, size, (word) => word).reverse()) },
  ]),
];

const binaryForms = (prefix: string, value: Uint8Array): Form[] =>
  orders(value).map(({ name, bytes }) => ({ name: prefix + name, bytes, minPartBytes: WINDOW_BYTES }));

const formsOf = (prefix: string, value: Uint8Array): Form[] => {
  const texts = [
    ...textForms(value),
    ...textForms(reversed(value)).map((form) => ({ ...form, name: `${form.name} of reversed` })),
  ];
  return [
    ...binaryForms(prefix, value),
    ...texts.flatMap(({ name, text, minPart }) => [
      { name: `${prefix}${name}`, bytes: text, minPartBytes: minPart },
      { name: `${prefix}${name}, UTF-16`, bytes: utf16(text), minPartBytes: 2 * minPart },
    ]),
  ];
};

const asIsForm = (name: string, bytes: Uint8Array): Form => ({ name, bytes, minPartBytes: bytes.length / 2 });

/** A secret of the vault, and what to look for besides: the text of the source that it came from. */
export interface Secret {
  readonly label: string;
  /**
   * A key type, for what is derived from keys of it; `number`, for what is never text; `text` for what is nothing else;
   * `layout` for what is as it is in memory; `plain` for any other value.
   */
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly sourceText?: Uint8Array | undefined;
  /** Of a `layout`: how long a part must be to count; 16 bytes by default. */
  readonly minPartBytes?: number | undefined;
}

/** Every form of a secret and of what is derived from it. Each bytes sequence once, however many names it has. */
export const formsOfSecret = ({ type, bytes, sourceText, minPartBytes = WINDOW_BYTES }: Secret): Form[] => {
  if (type === 'number') return binaryForms('', bytes);
  if (type === 'layout') return [{ name: 'bytes', bytes, minPartBytes: Math.min(minPartBytes, bytes.length) }];
  if (type === 'text') {
    return [
      { name: 'bytes', bytes, minPartBytes: WINDOW_BYTES },
      { name: 'UTF-16', bytes: utf16(bytes), minPartBytes: 2 * WINDOW_BYTES },
      { name: 'hex', bytes: ascii(Buffer.from(bytes).toString('hex')), minPartBytes: 2 * WINDOW_BYTES },
    ];
  }
  const all = [
    ...formsOf('', bytes),
    ...derivedValues(type, bytes).flatMap(({ name, bytes: value, asIs }) =>
      asIs === true ? [asIsForm(name, value)] : formsOf(`${name}: `, value),
    ),
  ];
  // The text around a key in a container says nothing: only the whole of it counts, its parts are the forms above.
  if (sourceText !== undefined) {
    all.push({ name: 'source text', bytes: sourceText, minPartBytes: sourceText.length });
    all.push({ name: 'source text, UTF-16', bytes: utf16(sourceText), minPartBytes: 2 * sourceText.length });
  }
  const unique = new Map<string, Form>();
  for (const form of all) {
    const key = Buffer.from(form.bytes).toString('latin1');
    const known = unique.get(key);
    if (known === undefined) unique.set(key, form);
  }
  return [...unique.values()];
};
