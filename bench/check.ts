// Keeps signatures while they are made and verifies them afterwards, by other implementations than those that made
// them: OpenSSL for ed25519 and secp256k1, noble for BLS. The schemes are deterministic here, so a signature that
// equals one that was verified, over the same message by the same key, needs no second verification.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import type { SignedType } from './keys.js';
import type { Messages } from './messages.js';

/** Takes the signatures of one contestant. */
export interface Keep {
  /** Signatures to keep: each whose number is a multiple of this. */
  readonly every: number;
  add(i: number, signature: Uint8Array): void;
}

export interface PublicKey {
  readonly id: string;
  readonly type: SignedType;
  readonly publicKey: Uint8Array;
}

export interface Checker {
  /** Kept in the rounds to come: every signature, or a sample. */
  setEvery(every: number): void;
  /** What keeps the signatures that these keys, used in turn, make over the messages, in turn. */
  keeperFor(contestant: string, keys: readonly PublicKey[]): Keep;
  /** Verify what was kept, and forget it. @throws {Error} a signature that is not valid. */
  checkAll(): Promise<void>;
  /** Signatures verified so far. */
  readonly checked: number;
}

/** What precedes a raw public key in a SubjectPublicKeyInfo: RFC 8410 §4; RFC 5480 §2 with a compressed point. */
const SPKI_PREFIX = {
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  secp256k1: Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'),
} as const;
const BLS_CIPHERSUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
/** So that a progress bar moves while noble computes. */
const VERIFICATIONS_PER_TURN = 16;

interface Kept {
  readonly contestant: string;
  readonly key: PublicKey;
  readonly message: number;
  readonly signature: Uint8Array;
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

export const createChecker = (messages: Messages): Checker => {
  const objects = new Map<string, KeyObject>();
  const verified = new Map<string, Uint8Array>();
  let kept: Kept[] = [];
  let every = 1;
  let checked = 0;

  const opensslKey = ({ id, publicKey }: PublicKey, type: 'ed25519' | 'secp256k1'): KeyObject => {
    const known = objects.get(id);
    if (known !== undefined) return known;
    const key = Buffer.concat([SPKI_PREFIX[type], publicKey]);
    const made = createPublicKey({ key, format: 'der', type: 'spki' });
    objects.set(id, made);
    return made;
  };

  const isValid = ({ key, message, signature }: Kept): boolean => {
    const bytes = messages.plain[message]!;
    switch (key.type) {
      case 'ed25519':
        return verify(null, bytes, opensslKey(key, key.type), signature);
      case 'secp256k1':
        return verify('sha256', bytes, { key: opensslKey(key, key.type), dsaEncoding: 'ieee-p1363' }, signature);
      case 'bls12-381': {
        const bls = bls12_381.longSignatures;
        try {
          return bls.verify(signature, bls.hash(bytes, BLS_CIPHERSUITE), key.publicKey);
        } catch {
          return false; // not a point of the group
        }
      }
    }
  };

  return {
    setEvery(count) {
      every = count;
    },
    keeperFor: (contestant, keys) => ({
      get every() {
        return every;
      },
      add(i, signature) {
        const message = i % messages.plain.length;
        kept.push({ contestant, key: keys[i % keys.length]!, message, signature });
      },
    }),
    async checkAll() {
      const batch = kept;
      kept = [];
      let verifications = 0;
      for (const each of batch) {
        const name = `${each.key.id} ${each.message}`;
        const known = verified.get(name);
        if (known === undefined || !isEqual(known, each.signature)) {
          if (!isValid(each)) {
            throw new Error(`"${each.contestant}" gave a signature that is not valid (key "${each.key.id}")`);
          }
          verified.set(name, each.signature);
          if (++verifications % VERIFICATIONS_PER_TURN === 0) await nextTurn();
        }
        checked++;
      }
    },
    get checked() {
      return checked;
    },
  };
};
