// The self-test must notice a provider that lies: each function of each provider is corrupted in turn.

import { HASHES, KEY_TYPE_FACTS, KEY_TYPES, type KeyType, type Scheme } from '../../dist/src/wire/types.js';
import { hashMessage } from '../../dist/workers/providers/hashes.js';
import type { KeyProvider, Providers } from '../../dist/workers/providers/provider.js';
import { selfTest } from '../../dist/workers/providers/self-test.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { isWiped, scratch, slotView, testBoth } from './rig.js';

const test = suite('self-test');
const view = slotView(6);

const expectWiped = (): void => {
  assert.ok(isWiped(scratch), 'the scratch is wiped');
  assert.ok(isWiped(view.expanded), 'the secret is wiped');
  assert.ok(isWiped(view.publicKey), 'the public key is wiped');
};

/** The self-test fails, with a message that names all these words, and wipes. */
const expectFailure = (run: () => void, ...words: readonly string[]): void => {
  try {
    run();
  } catch (error) {
    assert.is((error as { code?: string }).code, 'ERR_SELF_TEST', String(error));
    for (const word of words)
      assert.ok((error as Error).message.includes(word), `${(error as Error).message}: ${word}`);
    expectWiped();
    return;
  }
  assert.unreachable(`a fault was not noticed: ${words.join(' ')}`);
};

const withFault = (providers: Providers, type: KeyType, fault: Partial<KeyProvider>): Providers => ({
  ...providers,
  [type]: { ...providers[type], ...fault },
});

testBoth(test, 'sound providers pass, and nothing is left behind', (providers) => {
  selfTest(providers, view, scratch);
  expectWiped();
  assert.is(providers['bls12-381'].forget(view.slot), false, 'nothing is kept for the slot');
});

/** Faults of `load`: nothing done, one bit off in the public key, one in the secret, a throw. */
const loadFaults = (sound: KeyProvider): ReadonlyArray<KeyProvider['load']> => [
  () => {},
  (secret, slot, room) => {
    sound.load(secret, slot, room);
    // Of a seed, its length.
    slot.publicKey[Math.max(0, KEY_TYPE_FACTS[sound.keyType].publicKeyBytes - 1)]! ^= 1;
  },
  (secret, slot, room) => {
    sound.load(secret, slot, room);
    slot.secret[31]! ^= 1;
  },
  () => {
    throw new Error('a text of a library');
  },
];

const signFaults = (sound: KeyProvider, faulty: Scheme): ReadonlyArray<KeyProvider['sign']> => [
  (slot, generation, scheme, message, signature, room, auxRand) => {
    if (scheme !== faulty) sound.sign(slot, generation, scheme, message, signature, room, auxRand);
  },
  (slot, generation, scheme, message, signature, room, auxRand) => {
    sound.sign(slot, generation, scheme, message, signature, room, auxRand);
    if (scheme === faulty) signature[signature.length - 1]! ^= 1;
  },
  (slot, generation, scheme, message, signature, room, auxRand) => {
    sound.sign(slot, generation, scheme, message, signature, room, auxRand);
    if (scheme === faulty) room[100] = 1; // a piece of a secret that was not wiped
  },
];

const verifyFaults = (sound: KeyProvider, faulty: Scheme): ReadonlyArray<KeyProvider['verify']> => {
  const instead =
    (answer: (...of: Parameters<KeyProvider['verify']>) => unknown): KeyProvider['verify'] =>
    (...of) =>
      (of[1] === faulty ? answer(...of) : sound.verify(...of)) as boolean;
  let known: Uint8Array | undefined;
  return [
    instead(() => true),
    instead(() => false),
    instead(() => undefined),
    instead((...of) => !sound.verify(...of)),
    // Looks at the signature only: any message passes.
    instead((publicKey, scheme, message, signature) => {
      known ??= Uint8Array.from(message);
      return sound.verify(publicKey, scheme, known, signature);
    }),
  ];
};

for (const type of KEY_TYPES) {
  testBoth(test, `a faulty ${type} provider is named`, (providers) => {
    const sound = providers[type];
    const check = (fault: Partial<KeyProvider>, ...words: readonly string[]): void =>
      expectFailure(() => selfTest(withFault(providers, type, fault), view, scratch), sound.name, type, ...words);
    for (const load of loadFaults(sound)) check({ load }, 'load');
    for (const scheme of KEY_TYPE_FACTS[type].schemes) {
      const signs = signFaults(sound, scheme);
      for (const [i, sign] of signs.entries()) check({ sign }, i === 2 ? 'wipe of scratch' : 'sign', scheme);
      for (const verify of verifyFaults(sound, scheme)) check({ verify }, 'verify', scheme);
    }
    if (sound.aggregate === undefined) return;
    check({ aggregate: (signatures) => Uint8Array.from(signatures[0] ?? []) }, 'aggregate');
    const aggregate = sound.aggregate.bind(sound);
    const flipped = (signatures: readonly Uint8Array[]): Uint8Array =>
      aggregate(signatures).map((byte, i) => (i === 95 ? byte ^ 1 : byte));
    check({ aggregate: flipped }, 'aggregate');
  });
}

testBoth(test, 'a faulty hash is named', (providers) => {
  for (const name of HASHES) {
    const faulty: typeof hashMessage = (hash, message) => {
      const digest = hashMessage(hash, message);
      if (hash === name) digest[0]! ^= 1;
      return digest;
    };
    expectFailure(() => selfTest(providers, view, scratch, faulty), 'hash', name);
  }
});

testBoth(test, "the text of a library's error does not come out", (providers) => {
  const load = (): void => {
    throw new Error('secret 0123');
  };
  try {
    selfTest(withFault(providers, 'ed25519', { load }), view, scratch);
    assert.unreachable();
  } catch (error) {
    assert.not.match(`${(error as Error).stack}${(error as Error).cause}`, /0123/);
  }
});

test.run();
