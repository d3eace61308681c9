// Verifies the signatures of an audit log, and hashes its lines. Public data only: records, signatures, public keys.
// Neither a key nor a vault may come here.
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import type { AuditKey } from '../../wire/audit.js';
import { type Scheme, SIGNATURE_BYTES } from '../../wire/types.js';

export const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes);

/** What precedes a raw public key in a SubjectPublicKeyInfo: RFC 8410 §4; RFC 5480 §2 with a compressed point. */
const SPKI_PREFIX = {
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  secp256k1: Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'),
} as const;

const bls = bls12_381.longSignatures; // signatures in G2, public keys in G1
const CIPHERSUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';

/** BIP-62: of s and n - s, which both verify, vaults give the lower; the other is somebody's change. */
const isLow = (signature: Uint8Array): boolean => !secp256k1.Signature.fromBytes(signature).hasHighS();

type Verifier = (text: Uint8Array, signature: Uint8Array) => boolean;

const keyObject = (type: keyof typeof SPKI_PREFIX, publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_PREFIX[type], publicKey]), format: 'der', type: 'spki' });

const VERIFIERS: Readonly<Record<Scheme, (publicKey: Uint8Array) => Verifier>> = {
  ed25519(publicKey) {
    const key = keyObject('ed25519', publicKey);
    return (text, signature) => verify(null, text, key, signature);
  },
  ecdsa(publicKey) {
    const key = keyObject('secp256k1', publicKey);
    return (text, signature) =>
      isLow(signature) && verify('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, signature);
  },
  // r and s, and a byte that must give the public key back: it is known here, and a byte that is not looked at can be changed.
  'ecdsa-recoverable': (publicKey) => {
    const verifyEcdsa = VERIFIERS.ecdsa(publicKey);
    return (text, signature) => {
      const compact = signature.subarray(0, SIGNATURE_BYTES.ecdsa);
      if (!verifyEcdsa(text, compact)) return false;
      const turned = Uint8Array.of(signature[SIGNATURE_BYTES.ecdsa] ?? 0, ...compact);
      return secp256k1.recoverPublicKey(turned, text).every((byte, i) => byte === publicKey[i]);
    };
  },
  schnorr: (publicKey) => (text, signature) =>
    schnorr.verify(signature, hash('sha256', text, 'buffer'), publicKey.subarray(1)),
  'bls12-381': (publicKey) => (text, signature) => bls.verify(signature, bls.hash(text, CIPHERSUITE), publicKey),
};

/** A verifier of one key's signatures: whatever is malformed does not verify. */
export const verifierOf = ({ scheme, publicKey }: AuditKey): Verifier => {
  let found: Verifier | undefined;
  return (text, signature) => {
    if (signature.length !== SIGNATURE_BYTES[scheme]) return false;
    try {
      found ??= VERIFIERS[scheme](Uint8Array.from(Buffer.from(publicKey, 'hex')));
      return found(text, signature);
    } catch {
      return false; // a signature or key that is not a point of its group
    }
  };
};
