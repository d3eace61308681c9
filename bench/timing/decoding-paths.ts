// The paths of a secret on its way into a slot that are ours: decoding and the check of its range.
import { createArena } from '../../dist/workers/arena/arena.js';
import { decodeKey } from '../../dist/workers/codec/decode.js';
import { encodeHex } from '../../dist/workers/codec/hex.js';
import { isInRange, SECP256K1_ORDER } from '../../dist/workers/providers/range.js';
import {
  type Experiment,
  randomScalar,
  randomSecret,
  SECRET_BYTES,
  sink,
  type TimedPath,
  usualExperiments,
} from './path.js';

const BATCH = 8;

/** Every half of a byte from one range of ten, or of six: as hex, 0 to 9 alone, or a to f alone. */
const nibbles = (from: number, count: number) => (): Uint8Array =>
  randomSecret().map((byte) => ((from + ((byte >> 4) % count)) << 4) | (from + ((byte & 15) % count)));

const withFirst = (digit: number) => (): Uint8Array => {
  const secret = randomSecret();
  secret[0] = (digit << 4) | (secret[0]! & 15);
  return secret;
};

const HEX_KINDS: readonly Experiment[] = [
  { name: 'digits 0–9, digits a–f', classes: [nibbles(0, 10), nibbles(10, 6)] },
  // A prefix 0x is looked for: the bench once found that a key's own first 0 took that way for a moment.
  { name: 'first digit 0, first digit 1', classes: [withFirst(0), withFirst(1)] },
];

/** Base64 of bytes, in place of a string. Public code of the bench: it may look at a table. */
const encodeBase64 = (bytes: Uint8Array, out: Uint8Array): number => {
  const text = Buffer.from(bytes).toString('base64');
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return text.length;
};

const decodingPath = (
  encoding: 'hex' | 'base64',
  encode: (bytes: Uint8Array, out: Uint8Array) => number,
  length: number,
  further: readonly Experiment[],
): TimedPath => {
  const { staging, decoded } = createArena(1, 1, 0, 'off');
  const source = staging.subarray(0, length);
  return {
    name: encoding,
    title: `decoding a key from ${encoding}, detected`,
    role: 'ours',
    experiments: [...usualExperiments(randomSecret), ...further],
    batch: BATCH,
    prepare(secret) {
      encode(secret, source);
      decoded.fill(0, 0, SECRET_BYTES);
    },
    run() {
      for (let i = 0; i < BATCH; i++) decodeKey(source, 'auto', 'secp256k1', decoded, 'bench');
    },
  };
};

const rangePath = (): TimedPath => {
  const { decoded } = createArena(1, 1, 0, 'off');
  const secret = decoded.subarray(0, SECRET_BYTES);
  const largest = Uint8Array.from(SECP256K1_ORDER);
  largest[SECRET_BYTES - 1]!--;
  return {
    name: 'range',
    title: 'checking that a secp256k1 key is below the order',
    role: 'ours',
    experiments: [
      ...usualExperiments(randomScalar),
      { name: 'order less one, random', classes: [() => Uint8Array.from(largest), randomScalar] },
    ],
    batch: BATCH,
    prepare: (bytes) => secret.set(bytes),
    run() {
      for (let i = 0; i < BATCH; i++) if (isInRange('secp256k1', secret)) sink.count++;
    },
  };
};

export const decodingPaths = (): TimedPath[] => [
  decodingPath('hex', encodeHex, 2 * SECRET_BYTES, HEX_KINDS),
  decodingPath('base64', encodeBase64, 44, []),
  rangePath(),
];
