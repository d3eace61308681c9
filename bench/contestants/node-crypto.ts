// node:crypto and WebCrypto: OpenSSL, as node brings it. Its ECDSA takes the message, hashes it itself and draws its
// nonces, so that the work is not quite that of the others.
import { createECDH, createPrivateKey, type KeyObject, sign as opensslSign, webcrypto } from 'node:crypto';
import { type BareSign, runBareLoop } from './bare.js';
import { concurrentEntry, nothingToClose, type Peer, type Terms } from './peer.js';

/** What precedes an ed25519 seed in a PKCS #8 file: RFC 8410 §7. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

type Keyed = Pick<Terms, 'scheme' | 'secret'>;

const pkcs8 = (secret: Uint8Array): Buffer => Buffer.concat([PKCS8_PREFIX, secret]);

const privateKeyOf = ({ scheme, secret }: Keyed): KeyObject => {
  if (scheme === 'ed25519') return createPrivateKey({ key: pkcs8(secret), format: 'der', type: 'pkcs8' });
  const ecdh = createECDH('secp256k1');
  ecdh.setPrivateKey(secret);
  const point = ecdh.getPublicKey(); // 04 ‖ x ‖ y
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const [d, x, y] = [text(secret), text(point.subarray(1, 33)), text(point.subarray(33))];
  return createPrivateKey({ key: { kty: 'EC', crv: 'secp256k1', d, x, y }, format: 'jwk' });
};

const SCHEMES = ['ed25519', 'ecdsa'] as const;

/** What sign() takes: the algorithm and the key. */
const argumentsOf = (terms: Keyed) => {
  const key = privateKeyOf(terms);
  return terms.scheme === 'ed25519'
    ? ([null, key] as const)
    : (['sha256', { key, dsaEncoding: 'ieee-p1363' }] as const);
};

export const nodeCrypto: Peer = {
  name: 'node:crypto',
  schemes: SCHEMES,
  open(terms) {
    const [algorithm, key] = argumentsOf(terms);
    const sign: BareSign = (message) => opensslSign(algorithm, message, key);
    const label = terms.scheme === 'ecdsa' ? 'node:crypto (hash, random k)' : 'node:crypto';
    return {
      entries: [{ label, run: (seconds, keep) => runBareLoop(seconds, keep, sign, terms.messages.plain) }],
      close: nothingToClose,
    };
  },
};

export const nodeCryptoCallbacks: Peer = {
  name: 'node:crypto callbacks',
  schemes: SCHEMES,
  full: true,
  open(terms) {
    const [algorithm, key] = argumentsOf(terms);
    const sign = (message: Uint8Array): Promise<Uint8Array> =>
      new Promise((resolve, reject) => {
        opensslSign(algorithm, message, key, (error, signature) =>
          error === null ? resolve(signature) : reject(error),
        );
      });
    const label = (inFlight: string): string => `node:crypto callbacks, ${inFlight}`;
    return {
      entries: [concurrentEntry(label, terms.inFlight, terms.messages.plain, sign)],
      close: nothingToClose,
    };
  },
};

/** Some versions of node warn, once, that this algorithm is experimental. It says nothing about figures. */
const withoutWarning = async <T>(use: () => Promise<T>): Promise<T> => {
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return await use();
  } finally {
    process.emitWarning = emitWarning;
  }
};

export const webCrypto: Peer = {
  name: 'WebCrypto',
  schemes: ['ed25519'],
  async open({ secret, messages, inFlight }) {
    const { subtle } = webcrypto;
    const sign = async (key: webcrypto.CryptoKey, message: Uint8Array): Promise<Uint8Array> =>
      new Uint8Array(await subtle.sign('Ed25519', key, message));
    const key = await withoutWarning(async () => {
      const imported = await subtle.importKey('pkcs8', pkcs8(secret), 'Ed25519', false, ['sign']);
      await sign(imported, messages.plain[0]!);
      return imported;
    });
    const label = (calls: string): string => `WebCrypto, ${calls} in flight`;
    return {
      entries: [concurrentEntry(label, inFlight, messages.plain, (message) => sign(key, message))],
      close: nothingToClose,
    };
  },
};
