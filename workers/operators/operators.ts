// The built-in operators at work on a key in its slot: what a frame asks of a key besides signatures. Secrets are read in
// place, and all that lies between them and the answer is in `scratch`.
import { randomFillSync } from 'node:crypto';
import { VaultError } from '../../src/errors.js';
import { OPERATOR_TYPES, type UnpackedInput, unpackInput } from '../../src/wire/operators.js';
import type { FrameOperator, KeyType } from '../../src/wire/types.js';
import type { SlotView } from '../arena/slots.js';
import { AEAD_NONCE_BYTES } from '../providers/aead.js';
import { publicKeyOf } from '../providers/public-key.js';
import { HMAC_SHA512_SCRATCH, SHA256_DIGEST } from '../providers/secret-hashes.js';
import { secretIn } from '../providers/secret-in.js';
import { loadOperatorTools, type OperatorTools } from './tools.js';

export { loadOperatorTools, type OperatorTools };

/** What was agreed on | HKDF's key | room for a library, of which HMAC-SHA-512 takes most. */
const SHARED_ROOM = 64;
const ROOM_AT: number = SHARED_ROOM + SHA256_DIGEST;
/** Bytes of scratch that an operator takes. */
export const OPERATOR_SCRATCH: number = ROOM_AT + HMAC_SHA512_SCRATCH; // 496

/** What one operator works on. */
interface Work {
  readonly type: KeyType;
  readonly view: SlotView;
  readonly input: UnpackedInput;
  readonly answer: Uint8Array;
  readonly scratch: Uint8Array;
  readonly tools: OperatorTools;
}

/** What the key and the peer agree on: a view over the scratch. */
const agreeOn = ({ type, view, input, scratch, tools }: Work): Uint8Array => {
  const agreement = type === 'x25519' ? tools.x25519 : tools.secp256k1;
  const shared = scratch.subarray(0, agreement.sharedBytes);
  if (agreement.agree(secretIn(view, type), input.peer, shared, scratch.subarray(ROOM_AT))) return shared;
  const found = `${input.peer.length} bytes that are none`;
  throw new VaultError('ERR_PEER_KEY', `"peer" expected a public key of type ${type}, got ${found}`);
};

const decryptionFailed = (): VaultError => new VaultError('ERR_DECRYPTION');

const OPERATE: Readonly<Record<FrameOperator, (work: Work) => void>> = {
  /** HKDF-SHA-256 of the agreed secret. */
  agree(work) {
    const { input, answer, scratch, tools } = work;
    const room = scratch.subarray(ROOM_AT);
    const prk = scratch.subarray(SHARED_ROOM, ROOM_AT);
    tools.hashes.hmacSha256(input.salt, [agreeOn(work)], prk, room);
    tools.hashes.expandSha256(prk, input.info, answer, room);
  },

  'agree-raw'(work) {
    work.answer.set(agreeOn(work));
  },

  seal({ view, type, input, answer, scratch, tools }) {
    tools.box.seal(input.body, Uint8Array.from(publicKeyOf(view, type)), answer, scratch);
  },

  open({ view, type, input, answer, tools }) {
    const publicKey = Uint8Array.from(publicKeyOf(view, type));
    if (!tools.box.open(secretIn(view, type), publicKey, input.body, answer)) throw decryptionFailed();
  },

  encrypt({ view, type, input, answer, tools }) {
    const nonce = randomFillSync(answer.subarray(0, AEAD_NONCE_BYTES));
    tools.aead.seal(secretIn(view, type), nonce, input.associated, input.body, answer.subarray(AEAD_NONCE_BYTES));
  },

  decrypt({ view, type, input, answer, tools }) {
    const nonce = input.body.subarray(0, AEAD_NONCE_BYTES);
    const sealed = input.body.subarray(AEAD_NONCE_BYTES);
    if (!tools.aead.open(secretIn(view, type), nonce, input.associated, sealed, answer)) throw decryptionFailed();
  },

  mac({ view, type, input, answer, scratch, tools }) {
    const hmac = input.hash === 'sha256' ? tools.hashes.hmacSha256 : tools.hashes.hmacSha512;
    hmac(secretIn(view, type), [input.body], answer, scratch);
  },
};

/**
 * Let an operator work with the key in a slot.
 *
 * @param input - packed, and found well-formed by `answerBytes`; in ordinary memory.
 * @param answer - as long as `answerBytes` said; in ordinary memory. Zeroed when this throws.
 * @param scratch - at least OPERATOR_SCRATCH bytes of arena memory of this thread; wiped. What native calls leave on the
 *   stack is the caller's to wipe (wipe-stack.ts).
 * @throws {VaultError} ERR_PEER_KEY - agree, agree-raw: the peer is malformed, not on the curve, or of low order.
 * @throws {VaultError} ERR_DECRYPTION - open, decrypt: altered, or of another key or other associated data.
 * @throws {VaultError} ERR_OPERATION_UNSUPPORTED - the key's type does not have the operator.
 * @see RFC 7748 §6.1, RFC 5869, draft-irtf-cfrg-xchacha-03, RFC 2104
 */
export const runOperator = (
  name: FrameOperator,
  type: KeyType,
  view: SlotView,
  input: Uint8Array,
  answer: Uint8Array,
  scratch: Uint8Array,
  tools: OperatorTools,
): void => {
  if (!OPERATOR_TYPES[name].includes(type)) {
    throw new VaultError('ERR_OPERATION_UNSUPPORTED', `a key of type ${type} does not have the operator ${name}`);
  }
  let done = false;
  try {
    OPERATE[name]({ type, view, input: unpackInput(name, input), answer, scratch, tools });
    done = true;
  } finally {
    scratch.subarray(0, OPERATOR_SCRATCH).fill(0);
    if (!done) answer.fill(0);
  }
};
