// The paths of a signature that are ours: what our own code does with a message or a secret before and after a library.
// In BIP-340 libraries are timed too, for the composition is what must not leak and is nothing without them.
import { randomFillSync } from 'node:crypto';
import { createFrameWriter, FRAME_HEADER_BYTES, schemeCode } from '../../dist/src/wire/frame.js';
import { KEY_TYPES, type Slot } from '../../dist/src/wire/types.js';
import { createArena } from '../../dist/workers/arena/arena.js';
import { openSlots } from '../../dist/workers/arena/slots.js';
import { loadOperatorTools } from '../../dist/workers/operators/operators.js';
import { createBip340 } from '../../dist/workers/providers/native/bip340.js';
import { createExchangedKey } from '../../dist/workers/providers/native/blst-key.js';
import { loadBlst, loadSecp256k1, loadSodium } from '../../dist/workers/providers/native/load.js';
import { nobleEd25519 } from '../../dist/workers/providers/noble/ed25519.js';
import type { KeyProvider, Providers } from '../../dist/workers/providers/provider.js';
import { signOperations } from '../../dist/workers/signer/sign-operations.js';
import {
  type AbsentPath,
  fixed,
  heavySecret,
  lightSecret,
  randomScalar,
  randomSecret,
  SECRET_BYTES,
  type TimedPath,
  usualExperiments,
} from './path.js';

const SLOT = 0 as Slot;
const HANDLE = { slot: SLOT, generation: 0 };
const ED25519 = schemeCode('ed25519');
const SCHNORR = schemeCode('schnorr');

/** Writing operations into a frame. Nothing there is secret; a message may be one to the caller, though. */
export const framePath = (): TimedPath => {
  const batch = 64;
  const message = new Uint8Array(SECRET_BYTES);
  return {
    name: 'frame',
    title: 'packing a message into a frame',
    role: 'ours',
    experiments: usualExperiments(randomSecret),
    batch,
    prepare: (secret) => message.set(secret),
    run() {
      const writer = createFrameWriter(8192);
      for (let i = 0; i < batch; i++) writer.add(HANDLE, SCHNORR, 0, message, message);
      writer.finish();
    },
  };
};

/** The loop over a frame, with slots and generations, around a provider that does no more than copy the key. */
export const slotPath = async (): Promise<TimedPath> => {
  const batch = 16;
  const { buffer, layout } = createArena(1, 1, 0, 'off');
  const slots = openSlots(buffer, layout);
  const view = slots.view(SLOT);
  const copying: KeyProvider = {
    ...nobleEd25519,
    sign: ({ expanded }, _generation, _scheme, _message, signature) => signature.set(expanded),
  };
  const providers = Object.fromEntries(KEY_TYPES.map((type) => [type, copying])) as unknown as Providers;
  const scratch = new Uint8Array(buffer, layout.seatsOffset, 64);
  const operators = await loadOperatorTools('noble');
  const context = { slots, providers, operators, scratch, verifyAfterSign: false, pause: () => undefined };
  const writer = createFrameWriter(4096);
  for (let i = 0; i < batch; i++) writer.add(HANDLE, ED25519, 0, randomSecret(), undefined);
  const operations = writer.finish().slice(FRAME_HEADER_BYTES);
  return {
    name: 'slots',
    title: 'taking a key from its slot, in the loop over a frame',
    role: 'ours',
    experiments: usualExperiments(randomSecret),
    batch,
    prepare(secret) {
      view.expanded.set(secret);
      view.expanded.set(secret, SECRET_BYTES);
    },
    run: () => void signOperations(operations, batch, context),
  };
};

/**
 * BIP-340 as composed here. Whether the public key's y is odd decides a branch, and is public: all keys have an even
 * one, or the bench would find that. The nonce's parity decides another, and is no secret of the key, so each call has a
 * message and auxiliary randomness of its own: a fixed nonce would make it a property of the class.
 */
export const bip340Path = (): TimedPath | AbsentPath => {
  const name = 'bip340';
  const [secp256k1, sodium] = [loadSecp256k1(), loadSodium()];
  if (secp256k1 === undefined || sodium === undefined) {
    return { name, reason: `the package ${secp256k1 === undefined ? 'secp256k1' : 'sodium-native'} is not available` };
  }
  secp256k1.contextRandomize(randomSecret());
  const bip340 = createBip340(secp256k1, sodium);
  const { buffer, layout } = createArena(1, 1, 0, 'off');
  const view = openSlots(buffer, layout).view(SLOT);
  const scratch = new Uint8Array(buffer, layout.stagingOffset, 1024);
  const signature = new Uint8Array(64);
  const message = new Uint8Array(32);
  const auxRand = new Uint8Array(32);
  /** secret ‖ compressed public key. */
  const withKey =
    (make: () => Uint8Array): (() => Uint8Array) =>
    () => {
      const both = new Uint8Array(SECRET_BYTES + 33);
      do {
        both.set(make());
        secp256k1.publicKeyCreate(both.subarray(0, SECRET_BYTES), true, both.subarray(SECRET_BYTES));
      } while (both[SECRET_BYTES] !== 2);
      return both;
    };
  const random = withKey(randomScalar);
  return {
    name,
    title: 'BIP-340 signature, libraries included',
    role: 'ours',
    experiments: [
      { name: 'fixed, random', classes: [fixed(random), random] },
      { name: 'few bits, many bits', classes: [withKey(lightSecret), withKey(heavySecret)] },
    ],
    batch: 1,
    prepare(both) {
      view.secret.set(both.subarray(0, SECRET_BYTES));
      view.publicKey.set(both.subarray(SECRET_BYTES));
      randomFillSync(message);
      randomFillSync(auxRand);
    },
    run: () => bip340.sign(view, message, signature, scratch, auxRand),
  };
};

/** Exchanging the key of blst's object in place: the bytes are turned, and written through the system. */
export const exchangePath = (): TimedPath | AbsentPath => {
  const name = 'bls-exchange';
  const blst = loadBlst();
  if (blst === undefined) return { name, reason: 'the package @chainsafe/blst is not available' };
  const exchanged = createExchangedKey(blst);
  if (exchanged === undefined) return { name, reason: 'keys cannot be exchanged in place on this system' };
  const { buffer, layout } = createArena(1, 1, 0, 'off');
  const { secret } = openSlots(buffer, layout).view(SLOT);
  const scratch = new Uint8Array(buffer, layout.stagingOffset, 1024);
  const names = ['0/1', '0/2'] as const; // another name each time, or nothing would be exchanged
  const nothing = (): void => undefined;
  return {
    name,
    title: 'exchanging a BLS key in place, and zeroing it',
    role: 'ours',
    experiments: usualExperiments(randomScalar),
    batch: 2,
    prepare: (bytes) => secret.set(bytes),
    run() {
      for (const each of names) exchanged.use(each, secret, scratch, nothing);
      exchanged.rest();
    },
    close: () => exchanged.rest(),
  };
};
