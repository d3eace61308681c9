// noble, called directly: what a program without native code does.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import type { Scheme } from 'strongroom';
import { TYPE_OF } from '../keys.js';
import { type BareSign, runBareLoop } from './bare.js';
import { ALL_SCHEMES, nothingToClose, type Peer } from './peer.js';

const BLS_CIPHERSUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';

export const createNobleSign = (scheme: Scheme, secret: Uint8Array): BareSign => {
  switch (scheme) {
    case 'ed25519':
      return (message) => ed25519.sign(message, secret);
    case 'ecdsa':
      return (digest) => secp256k1.sign(digest, secret, { prehash: false });
    case 'ecdsa-recoverable':
      return (digest) => {
        // noble puts the recovery id first, everybody else last.
        const turned = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' });
        const id = turned[0]!;
        turned.copyWithin(0, 1);
        turned[turned.length - 1] = id;
        return turned;
      };
    case 'schnorr':
      return (message) => schnorr.sign(message, secret);
    case 'bls12-381': {
      const bls = bls12_381.longSignatures;
      return (message) => bls.sign(bls.hash(message, BLS_CIPHERSUITE), secret).toBytes();
    }
  }
};

export const noble: Peer = {
  name: 'noble',
  schemes: ALL_SCHEMES,
  open({ scheme, secret, messages }) {
    const sign = createNobleSign(scheme, secret);
    const signed = messages.for(TYPE_OF[scheme]);
    return {
      entries: [{ label: 'noble', run: (seconds, keep) => runBareLoop(seconds, keep, sign, signed) }],
      close: nothingToClose,
    };
  },
};
