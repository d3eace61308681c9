// The two containers of private keys: PKCS#8 (RFC 5208, RFC 5958, RFC 8410) and SEC 1 (RFC 5915). They are parsed in
// place, and the answer is where the secret lies. A public key inside is not used: the vault derives its own, so a
// container that pairs a secret with a foreign public key cannot make it sign under the wrong one.
import type { KeyType } from '../../src/wire/types.js';
import {
  checkBitString,
  type Der,
  enter,
  finish,
  malformed,
  nextTag,
  openDer,
  readSmallInteger,
  skipAll,
  TAG,
} from './der.js';
import { curveFault, encodingFault } from './faults.js';
import { EC_PUBLIC_KEY, nameOf } from './oid.js';
import type { PemLabel } from './pem.js';

/** The secret is `bytes[start]` to `bytes[end - 1]`. Its length is for the caller to check. */
export interface SecretRange {
  readonly start: number;
  readonly end: number;
}

/**
 * @param label - what the PEM block calls itself.
 * @param bytes - the decoded block: arena memory.
 * @throws {VaultError} ERR_KEY_ENCODING - not a private key, not DER, or not of these containers.
 * @throws {VaultError} ERR_KEY_CURVE - a key of another type.
 */
export const locateSecret = (label: PemLabel, bytes: Uint8Array, type: KeyType, place: string): SecretRange => {
  const der = openDer(bytes, place);
  const secret = label === 'EC PRIVATE KEY' ? readSec1(der, type, false) : readPkcs8(der, type);
  return { start: secret.at, end: secret.end };
};

/** Refuse, before it is decoded, a block that never holds a key that we take. */
export const checkLabel = (label: PemLabel, type: KeyType, place: string): void => {
  if (label === 'PRIVATE KEY' || label === 'EC PRIVATE KEY') return;
  if (label === 'RSA PRIVATE KEY') throw curveFault(place, type, 'one for RSA');
  if (label === 'DSA PRIVATE KEY') throw curveFault(place, type, 'one for DSA');
  throw encodingFault(place, `expected a PEM block PRIVATE KEY or EC PRIVATE KEY, got ${label}`);
};

const checkName = (found: string, type: KeyType, place: string): void => {
  if (found !== type) throw curveFault(place, type, `one for ${found}`);
};

/** OneAsymmetricKey (RFC 5958 §2): version, algorithm, private key, [0] attributes, [1] public key in version 2. */
const readPkcs8 = (der: Der, type: KeyType): Der => {
  const { place } = der;
  const key = enter(der, TAG.sequence);
  finish(der);
  const version = readSmallInteger(key); // v1(0), v2(1)
  if (version > 1) throw encodingFault(place, `expected PKCS#8 version 0 or 1, got ${version}`);
  const algorithm = enter(key, TAG.sequence);
  const name = nameOf(enter(algorithm, TAG.objectIdentifier));
  if (name === EC_PUBLIC_KEY) checkNamedCurve(algorithm, type);
  else checkName(name, type, place);
  finish(algorithm); // RFC 8410 §3: no parameters, not even NULL
  const privateKey = enter(key, TAG.octetString);
  if (nextTag(key) === TAG.context0) skipAll(enter(key, TAG.context0));
  if (version === 1 && nextTag(key) === TAG.implicit1) checkBitString(enter(key, TAG.implicit1));
  finish(key);
  if (name === EC_PUBLIC_KEY) return readSec1(privateKey, type, true);
  const secret = enter(privateKey, TAG.octetString); // CurvePrivateKey, RFC 8410 §7
  finish(privateKey);
  return secret;
};

/** ECPrivateKey (RFC 5915 §3): version 1, private key, [0] parameters, [1] public key. */
const readSec1 = (der: Der, type: KeyType, curveIsKnown: boolean): Der => {
  const key = enter(der, TAG.sequence);
  finish(der);
  if (readSmallInteger(key) !== 1) throw malformed(der);
  const secret = enter(key, TAG.octetString);
  if (nextTag(key) === TAG.context0) {
    const parameters = enter(key, TAG.context0);
    checkNamedCurve(parameters, type);
    finish(parameters);
  } else if (!curveIsKnown) {
    throw curveFault(der.place, type, 'one that does not name its curve');
  }
  if (nextTag(key) === TAG.context1) {
    const publicKey = enter(key, TAG.context1);
    checkBitString(enter(publicKey, TAG.bitString));
    finish(publicKey);
  }
  finish(key);
  return secret;
};

/** ECParameters (RFC 5480 §2.1.1): a named curve. Explicit parameters may describe any curve at all (CVE-2020-0601). */
const checkNamedCurve = (parameters: Der, type: KeyType): void => {
  if (nextTag(parameters) === TAG.sequence)
    throw curveFault(parameters.place, type, 'one with explicit curve parameters');
  checkName(nameOf(enter(parameters, TAG.objectIdentifier)), type, parameters.place);
};
