// The armour of PEM (RFC 7468): one block, its label, and the base64 text inside as a view. What the text decodes to is
// for container.ts. Labels that we do not know are never shown: they are content.
import { encodingFault } from './faults.js';
import { ascii, findWord, hasWordAt, isSpace, trim } from './text.js';

const BEGIN = ascii('-----BEGIN ');
const END = ascii('-----END ');
const DASHES = ascii('-----');
const LEGACY_HEADER = ascii('Proc-Type:');

const LABELS = [
  'PRIVATE KEY',
  'EC PRIVATE KEY',
  'EC PARAMETERS',
  'ENCRYPTED PRIVATE KEY',
  'OPENSSH PRIVATE KEY',
  'RSA PRIVATE KEY',
  'DSA PRIVATE KEY',
  'PUBLIC KEY',
  'CERTIFICATE',
] as const;
export type PemLabel = (typeof LABELS)[number];

const LABEL_WORDS = LABELS.map((label) => ({ label, word: ascii(label) }));

export interface PemBlock {
  readonly label: PemLabel;
  /** Base64 text with line breaks: a view into the source. */
  readonly body: Uint8Array;
}

/** Whether a trimmed text means to be PEM. */
export const looksLikePem = (text: Uint8Array): boolean => hasWordAt(text, 0, BEGIN.subarray(0, -1));

/**
 * The one block of a trimmed text. Text around it and a second block are refused: which key is meant must not be a
 * guess. One `EC PARAMETERS` block may come first, as `openssl ecparam -genkey` writes it; the key names its curve again.
 *
 * @throws {VaultError} ERR_KEY_ENCODING
 */
export const readPem = (text: Uint8Array, place: string): PemBlock => {
  let block = readBlock(text, place);
  if (block.label === 'EC PARAMETERS' && block.rest.length > 0) {
    block = readBlock(block.rest, place);
    if (block.label !== 'EC PRIVATE KEY') throw encodingFault(place, 'expected EC PRIVATE KEY after EC PARAMETERS');
  }
  if (block.rest.length > 0) throw encodingFault(place, 'expected one PEM block, got more text after it');
  if (block.label === 'ENCRYPTED PRIVATE KEY' || hasWordAt(trim(block.body), 0, LEGACY_HEADER)) {
    throw encodingFault(place, 'the PEM key is encrypted; expected one that is not');
  }
  return block;
};

const readBlock = (text: Uint8Array, place: string): PemBlock & { readonly rest: Uint8Array } => {
  if (!hasWordAt(text, 0, BEGIN)) throw encodingFault(place, 'expected a PEM block, which starts with -----BEGIN');
  const known = LABEL_WORDS.find(
    ({ word }) => hasWordAt(text, BEGIN.length, word) && hasWordAt(text, BEGIN.length + word.length, DASHES),
  );
  if (known === undefined)
    throw encodingFault(place, 'the BEGIN line of the PEM block is incomplete, or of no known kind');
  const bodyStart = BEGIN.length + known.word.length + DASHES.length;
  const bodyEnd = findWord(text, END, bodyStart);
  if (bodyEnd === -1) throw encodingFault(place, 'the PEM block has no END line; is it truncated?');
  const labelAt = bodyEnd + END.length;
  const dashesAt = labelAt + known.word.length;
  if (!hasWordAt(text, labelAt, known.word) || !hasWordAt(text, dashesAt, DASHES)) {
    throw encodingFault(place, 'the END line of the PEM block is incomplete, or does not match its BEGIN line');
  }
  const body = text.subarray(bodyStart, bodyEnd);
  if (body.length === 0 || !isSpace(body[0] as number) || !isSpace(body[body.length - 1] as number)) {
    throw encodingFault(place, 'expected the BEGIN and END of the PEM block on lines of their own');
  }
  return { label: known.label, body, rest: trim(text.subarray(dashesAt + DASHES.length)) };
};
