// Keeps signatures while they are made and verifies them afterwards, by other implementations than those that made
// them: OpenSSL for ed25519 and ECDSA, noble for recoverable ECDSA, schnorr and BLS. A signature that equals one that was
// verified, over the same message by the same key, needs no second verification: only a peer that draws its nonces, and
// schnorr, sign otherwise each time.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import type { Scheme } from 'strongroom';
import { DEFAULT_SCHEME, type SignedType } from './keys.js';
import type { Messages } from './messages.js';

/** Takes the signatures of one contestant. */
export interface Keep {
  /** Signatures to keep: each whose number is a multiple of this. */
  readonly every: number;
  add(i: number, signature: Uint8Array): void;
}

/** P-256 keys sign by ecdsa; only a peer has one. */
export interface CheckedKey {
  readonly id: string;
  readonly type: SignedType | 'p256';
  readonly publicKey: Uint8Array;
}

export interface PublicKey extends CheckedKey {
  readonly type: SignedType;
}

export interface Checker {
  /** Kept in the rounds to come: every signature, or a sample. */
  setEvery(every: number): void;
  /**
   * What keeps the signatures that these keys, used in turn, make over the messages, in turn: by this scheme, or each
   * key by its default.
   */
  keeperFor(contestant: string, keys: readonly CheckedKey[], scheme?: Scheme): Keep;
  /** Verify what was kept, and forget it. @throws {Error} a signature that is not valid. */
  checkAll(): Promise<void>;
  /** Signatures verified so far. */
  readonly checked: number;
}

/** What precedes a raw public key in a SubjectPublicKeyInfo: RFC 8410 §4; RFC 5480 §2 with a compressed point. */
const SPKI_PREFIX: Readonly<Partial<Record<CheckedKey['type'], Buffer>>> = {
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  secp256k1: Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'),
  p256: Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
};
const BLS_CIPHERSUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
/** So that a progress bar moves while noble computes. */
const VERIFICATIONS_PER_TURN = 16;
/** A part of schnorr's signatures: each is another, and noble verifies a thousand in a second. In turn with messages. */
const SCHNORR_EVERY = 31;
const COMPACT_BYTES = 64;

interface Kept {
  readonly contestant: string;
  readonly key: CheckedKey;
  readonly scheme: Scheme;
  readonly message: number;
  readonly signature: Uint8Array;
}

const WRONG_SIGNATURE = 'WRONG_SIGNATURE';

/** Its maker is named. */
export const wrongSignature = (contestant: string, keyId: string): Error =>
  Object.assign(new Error(`"${contestant}" gave a signature that is not valid (key "${keyId}")`), {
    code: WRONG_SIGNATURE,
  });

export const isWrongSignature = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | undefined)?.code === WRONG_SIGNATURE;

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** r ‖ s ‖ recovery id, of which noble recovers the public key; only a valid signature leads to the key. */
const leadsTo = (publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean => {
  if (signature.length !== COMPACT_BYTES + 1) return false;
  const turned = Uint8Array.of(signature[COMPACT_BYTES]!, ...signature.subarray(0, COMPACT_BYTES));
  return isEqual(secp256k1.recoverPublicKey(turned, digest, { prehash: false }), publicKey);
};

const sha256 = (message: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(message).digest());

export const createChecker = (messages: Messages): Checker => {
  const objects = new Map<string, KeyObject>();
  const verified = new Map<string, Uint8Array>();
  let kept: Kept[] = [];
  let every = 1;
  let checked = 0;

  const opensslKey = ({ id, type, publicKey }: CheckedKey): KeyObject => {
    const known = objects.get(id);
    if (known !== undefined) return known;
    const key = Buffer.concat([SPKI_PREFIX[type]!, publicKey]);
    const made = createPublicKey({ key, format: 'der', type: 'spki' });
    objects.set(id, made);
    return made;
  };

  const isValid = ({ key, scheme, message, signature }: Kept): boolean => {
    const bytes = messages.plain[message]!;
    const { publicKey } = key;
    try {
      switch (scheme) {
        case 'ed25519':
          return verify(null, bytes, opensslKey(key), signature);
        case 'ecdsa':
          return verify('sha256', bytes, { key: opensslKey(key), dsaEncoding: 'ieee-p1363' }, signature);
        case 'ecdsa-recoverable':
          return leadsTo(publicKey, sha256(bytes), signature);
        case 'schnorr':
          // As ECDSA's, over the message's digest. BIP-340 takes the x coordinate of the compressed key.
          return schnorr.verify(signature, sha256(bytes), publicKey.subarray(1));
        case 'bls12-381': {
          const bls = bls12_381.longSignatures;
          return bls.verify(signature, bls.hash(bytes, BLS_CIPHERSUITE), publicKey);
        }
      }
    } catch {
      return false; // wrong lengths, and what is no point of the group
    }
  };

  return {
    setEvery(count) {
      every = count;
    },
    keeperFor: (contestant, keys, scheme) => ({
      get every() {
        return scheme === 'schnorr' ? every * SCHNORR_EVERY : every;
      },
      add(i, signature) {
        const message = i % messages.plain.length;
        const key = keys[i % keys.length]!;
        const by = scheme ?? (key.type === 'p256' ? 'ecdsa' : DEFAULT_SCHEME[key.type]);
        kept.push({ contestant, key, scheme: by, message, signature });
      },
    }),
    async checkAll() {
      const batch = kept;
      kept = [];
      let verifications = 0;
      for (const each of batch) {
        const name = `${each.scheme} ${each.key.id} ${each.message}`;
        const known = verified.get(name);
        if (known === undefined || !isEqual(known, each.signature)) {
          if (!isValid(each)) throw wrongSignature(each.contestant, each.key.id);
          // The first stays: one of a drawn nonce does not come again.
          if (known === undefined) verified.set(name, each.signature);
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
