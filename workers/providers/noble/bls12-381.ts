// BLS12-381 (public keys in G1, signatures in G2) over noble. noble takes secret keys that are not below the group
// order, so range.ts must have checked them; and it computes with BigInts that cannot be wiped: this provider cannot
// promise that nothing of a used key stays in the process.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { KEY_TYPE_FACTS, SIGNATURE_BYTES } from '../../../src/wire/types.js';
import type { KeyProvider } from '../provider.js';
import { checkRoom, notASignature, unsupportedScheme } from '../refuse.js';

/** noble's default is the basic scheme; Ethereum's, and ours, is proof of possession. */
const DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const bls = bls12_381.longSignatures;
const { publicKeyBytes } = KEY_TYPE_FACTS['bls12-381'];
const signatureBytes = SIGNATURE_BYTES['bls12-381'];

export const nobleBls12381: KeyProvider = {
  name: 'noble',
  keyType: 'bls12-381',
  residue: 'unwiped',

  load(secret, view) {
    view.secret.set(secret);
    view.publicKey.set(bls.getPublicKey(view.secret).toBytes(true));
  },

  sign(view, _generation, scheme, message, signature) {
    if (scheme !== 'bls12-381') throw unsupportedScheme('bls12-381', scheme);
    checkRoom(scheme, signature);
    signature.set(bls.Signature.toBytes(bls.sign(bls.hash(message, DST), view.secret)));
  },

  verify(publicKey, scheme, message, signature) {
    // noble would take uncompressed points too.
    if (scheme !== 'bls12-381' || publicKey.length !== publicKeyBytes || signature.length !== signatureBytes) {
      return false;
    }
    try {
      const key = bls12_381.G1.Point.fromBytes(publicKey); // on the curve and in the subgroup, or it throws
      const point = bls.Signature.fromBytes(signature);
      if (key.is0() || point.is0()) return false;
      return bls.verify(point, bls.hash(message, DST), key);
    } catch {
      return false;
    }
  },

  forget: () => false,

  aggregate(signatures) {
    try {
      if (signatures.some((signature) => signature.length !== signatureBytes)) throw notASignature(signatures.length);
      return bls.Signature.toBytes(bls.aggregateSignatures([...signatures]));
    } catch {
      throw notASignature(signatures.length);
    }
  },
};
