// The self-test of the operators must notice a library that lies: each function of each tool is corrupted in turn.
import { OPERATOR_TEST_SCRATCH, testOperators } from '../../dist/workers/operators/self-test.js';
import { loadOperatorTools, type OperatorTools } from '../../dist/workers/operators/tools.js';
import type { Agreement } from '../../dist/workers/providers/agree.js';
import { loadNativeModules } from '../../dist/workers/providers/native/load.js';
import { isWiped, scratch } from '../providers/rig.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { noble, testBoth, testNative } from './rig.js';

const test = suite('self-test of operators');

const expectFailure = (tools: OperatorTools, ...words: readonly string[]): void => {
  try {
    testOperators(tools, scratch);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    assert.is(code, 'ERR_SELF_TEST', message);
    for (const word of words) assert.ok(message.includes(word), `${message}: ${word}`);
    assert.not.match(`${(error as Error).stack}${(error as Error).cause}`, /0123/);
    assert.ok(isWiped(scratch), 'the scratch is wiped');
    return;
  }
  throw new Error(`a fault was not noticed: ${words.join(' ')}`);
};

const throwing = (): never => {
  throw new Error('a text of a library 0123');
};

testBoth(test, 'sound tools pass, and nothing is left behind', (tools) => {
  testOperators(tools, scratch);
  testOperators(tools, scratch.subarray(0, OPERATOR_TEST_SCRATCH));
  assert.ok(isWiped(scratch));
  assert.throws(() => testOperators(tools, scratch.subarray(1, OPERATOR_TEST_SCRATCH)), /expected at least \d+ bytes/);
});

/** Nothing done without a word; a bit off; all peers taken; none; what is left in the scratch; a throw. */
const agreementFaults = (sound: Agreement): ReadonlyArray<Agreement['agree']> => [
  () => true,
  (secret, peer, shared, room) => {
    const answer = sound.agree(secret, peer, shared, room);
    shared[31]! ^= 1;
    return answer;
  },
  (...of) => sound.agree(...of) || true,
  () => false,
  throwing,
];

testBoth(test, 'a faulty agreement is named', (tools) => {
  for (const type of ['x25519', 'secp256k1'] as const) {
    for (const agree of agreementFaults(tools[type])) {
      const faulty = { ...tools, [type]: { ...tools[type], agree } };
      expectFailure(faulty, tools[type].name, type, 'agree');
    }
  }
});

testBoth(test, 'a faulty box is named', (tools) => {
  const { box } = tools;
  const opens: ReadonlyArray<typeof box.open> = [
    () => true,
    () => false,
    () => undefined as unknown as boolean, // as libsodium's binding answers over shared memory
    (...of) => box.open(...of) || true,
    (secret, publicKey, sealed, message) => {
      const opened = box.open(secret, publicKey, sealed, message);
      if (message.length > 0) message[0]! ^= 1;
      return opened;
    },
    throwing,
  ];
  for (const open of opens) expectFailure({ ...tools, box: { ...box, open } }, box.name, 'open');
  let first: Uint8Array | undefined;
  const seals: ReadonlyArray<typeof box.seal> = [
    () => undefined,
    (message, publicKey, sealed, room) => {
      box.seal(message, publicKey, sealed, room);
      first ??= Uint8Array.from(sealed);
      sealed.set(first); // the same key again and again
    },
    throwing,
  ];
  for (const seal of seals) expectFailure({ ...tools, box: { ...box, seal } }, box.name, 'seal and open');
});

testBoth(test, 'faulty hashes and encryption are named', (tools) => {
  const { hashes, aead } = tools;
  const flip = (bytes: Uint8Array): void => {
    bytes[bytes.length - 1]! ^= 1;
  };
  const faults: ReadonlyArray<readonly [Partial<typeof hashes>, string]> = [
    [{ hmacSha256: () => undefined }, 'HKDF'],
    [{ expandSha256: () => undefined }, 'HKDF'],
    [{ expandSha256: throwing }, 'HKDF'],
    [
      {
        expandSha256(prk, info, okm, room) {
          hashes.expandSha256(prk, info, okm, room);
          flip(okm);
        },
      },
      'HKDF',
    ],
    [{ hmacSha512: () => undefined }, 'mac'],
    [
      {
        hmacSha512(key, parts, mac, room) {
          hashes.hmacSha512(key, parts, mac, room);
          flip(mac);
        },
      },
      'mac',
    ],
  ];
  for (const [fault, word] of faults) {
    expectFailure({ ...tools, hashes: { ...hashes, ...fault } }, hashes.name, word);
  }
  expectFailure({ ...tools, aead: { ...aead, seal: () => undefined } }, aead.name, 'encrypt and decrypt');
  expectFailure({ ...tools, aead: { ...aead, open: () => true } }, aead.name, 'decrypt');
  expectFailure({ ...tools, aead: { ...aead, open: (...of) => aead.open(...of) || true } }, aead.name, 'decrypt');
});

testNative(test, 'native tools are taken one by one where their packages load', async () => {
  const all = loadNativeModules();
  const names = ({ hashes, aead, x25519, secp256k1, box }: OperatorTools): string =>
    [hashes, aead, x25519, secp256k1, box].map(({ name }) => name).join();
  const native = 'native,native,native,native,native';
  const portable = names(noble);
  assert.is(portable, 'noble,noble,noble,noble,noble');
  for (const wanted of ['auto', 'native'] as const) assert.is(names(await loadOperatorTools(wanted, all)), native);
  assert.is(names(await loadOperatorTools('noble', all)), portable);
  const mixed = await loadOperatorTools('auto', { ...all, secp256k1: undefined });
  assert.is(names(mixed), 'native,native,native,noble,native');
  testOperators(mixed, scratch);
  assert.is(names(await loadOperatorTools('auto', { ...all, sodium: undefined })), portable);
});

test.run();
