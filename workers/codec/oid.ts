// The algorithms and curves that a container can name, by object identifier. Names from this table may be shown in
// errors; the bytes of an unknown identifier may not.
import type { Der } from './der.js';

/** id-ecPublicKey: the curve is named by the parameters (RFC 5480 §2.1.1). */
export const EC_PUBLIC_KEY = 'an elliptic-curve key';

const IDENTIFIERS: readonly (readonly [name: string, content: readonly number[]])[] = [
  ['ed25519', [0x2b, 0x65, 0x70]], // 1.3.101.112, RFC 8410 §3
  ['x25519', [0x2b, 0x65, 0x6e]], // 1.3.101.110
  ['Ed448', [0x2b, 0x65, 0x71]], // 1.3.101.113
  ['X448', [0x2b, 0x65, 0x6f]], // 1.3.101.111
  [EC_PUBLIC_KEY, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]], // 1.2.840.10045.2.1
  ['secp256k1', [0x2b, 0x81, 0x04, 0x00, 0x0a]], // 1.3.132.0.10, SEC 2
  ['P-256', [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]], // 1.2.840.10045.3.1.7
  ['P-384', [0x2b, 0x81, 0x04, 0x00, 0x22]], // 1.3.132.0.34
  ['P-521', [0x2b, 0x81, 0x04, 0x00, 0x23]], // 1.3.132.0.35
  ['RSA', [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]], // 1.2.840.113549.1.1.1
  ['RSA-PSS', [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a]], // 1.2.840.113549.1.1.10
  ['DSA', [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01]], // 1.2.840.10040.4.1
];

/** The name of an identifier's content; a fixed phrase for one that is not in the table. */
export const nameOf = (content: Der): string => {
  const { bytes, at, end } = content;
  const known = IDENTIFIERS.find(([, expected]) => {
    if (expected.length !== end - at) return false;
    return expected.every((byte, i) => bytes[at + i] === byte);
  });
  return known?.[0] ?? 'another algorithm';
};
