// Known-answer tests of every provider function that the vault calls, run at start on a real slot of the arena: native
// libraries have been seen to write nothing into shared memory, or answer undefined, without a word. Only published keys
// are used; the answers are in known-answers.ts.
import { VaultError } from '../../src/errors.js';
import { HASHES } from '../../src/wire/types.js';
import type { SlotView } from '../arena/slots.js';
import { hashMessage } from './hashes.js';
import {
  KNOWN_AGGREGATE,
  KNOWN_DIGESTS,
  KNOWN_KEYS,
  KNOWN_LONG_DIGEST,
  type KnownKey,
  type KnownSignature,
} from './known-answers.js';
import type { KeyProvider, Providers } from './provider.js';
import { secretIn } from './secret-in.js';

type Hash = typeof hashMessage;

/** No slot ever has it: generations are unsigned. */
const TEST_GENERATION = -1;

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A copy with one bit flipped, in the last byte. */
const flipped = (bytes: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 1]! ^= 1;
  return copy;
};

/** A check must answer true; whatever else it does, throw included, is a failure. Texts of libraries stay here. */
const expectTrue = (provider: string, subject: string, what: string, check: () => boolean): void => {
  let passed = false;
  try {
    passed = check() === true;
  } catch {
    passed = false;
  }
  if (!passed) throw new VaultError('ERR_SELF_TEST', `the known-answer test of ${provider} ${subject} ${what} failed`);
};

const testSignature = (
  provider: KeyProvider,
  known: KnownKey,
  { scheme, message, auxRand, signature }: KnownSignature,
  view: SlotView,
  scratch: Uint8Array,
): void => {
  const expect = (what: string, check: () => boolean): void =>
    expectTrue(provider.name, known.type, `${what} (${scheme})`, check);
  // The key as the vault gives it: in the slot.
  const publicKey = view.publicKey.subarray(0, known.publicKey.length);
  expect('sign', () => {
    const made = new Uint8Array(signature.length);
    provider.sign(view, TEST_GENERATION, scheme, message, made, scratch, auxRand);
    return isEqual(made, signature);
  });
  expect('wipe of scratch', () => scratch.every((byte) => byte === 0));
  expect('verify', () => provider.verify(publicKey, scheme, message, signature));
  expect('verify of a changed signature', () => !provider.verify(publicKey, scheme, message, flipped(signature)));
  expect('verify of a changed message', () => !provider.verify(publicKey, scheme, flipped(message), signature));
};

const testKey = (provider: KeyProvider, known: KnownKey, view: SlotView, scratch: Uint8Array): void => {
  // The secret lies in the arena, apart from what the provider works with: as it does when a key is registered.
  const secret = scratch.subarray(scratch.length - known.secret.length);
  const room = scratch.subarray(0, scratch.length - known.secret.length);
  wipe(view);
  secret.set(known.secret);
  expectTrue(provider.name, known.type, 'load', () => {
    provider.load(secret, view, room);
    return isEqual(view.publicKey.subarray(0, known.publicKey.length), known.publicKey);
  });
  expectTrue(provider.name, known.type, 'load of the secret', () => isEqual(secretIn(view, known.type), known.secret));
  secret.fill(0);
  for (const signature of known.signatures) testSignature(provider, known, signature, view, room);
};

const testAggregate = (provider: KeyProvider): void => {
  const { signatures, aggregate } = KNOWN_AGGREGATE;
  expectTrue(provider.name, provider.keyType, 'aggregate', () => {
    const made = provider.aggregate?.(signatures);
    return made !== undefined && isEqual(made, aggregate);
  });
};

const testHashes = (hash: Hash): void => {
  for (const name of HASHES) {
    expectTrue('hash', name, 'digest', () => isEqual(hash(name, KNOWN_DIGESTS.message), KNOWN_DIGESTS.digests[name]));
  }
  const { message, sha256 } = KNOWN_LONG_DIGEST;
  expectTrue('hash', 'sha256', 'digest of a long message', () => isEqual(hash('sha256', message), sha256));
};

const wipe = (view: SlotView): void => {
  view.expanded.fill(0);
  view.publicKey.fill(0);
};

/**
 * Test every provider and hash by known answers.
 *
 * @param view - a slot that no key is in; wiped when the call returns.
 * @param scratch - arena memory of this thread; wiped when the call returns.
 * @param hash - the hash of messages; for tests of this test.
 * @throws {VaultError} ERR_SELF_TEST - names the provider, the key type and the function. Nothing may be signed then.
 */
export const selfTest = (providers: Providers, view: SlotView, scratch: Uint8Array, hash: Hash = hashMessage): void => {
  try {
    testHashes(hash);
    for (const known of KNOWN_KEYS) {
      testKey(providers[known.type], known, view, scratch);
      providers[known.type].forget(view.slot);
    }
    testAggregate(providers['bls12-381']);
  } finally {
    for (const provider of Object.values(providers)) provider.forget(view.slot);
    wipe(view);
    scratch.fill(0);
  }
};
