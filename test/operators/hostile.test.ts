// Inputs that main never packs: whatever comes in a frame, an operator answers or refuses by a code of its own, stays
// within its memory and leaves nothing. runPacked looks at all of that.
import { answerBytes, OPERATOR_TYPES, operatorCode, packInput } from '../../dist/src/wire/operators.js';
import { FRAME_OPERATORS, type FrameOperator, KEY_TYPES, type KeyType } from '../../dist/src/wire/types.js';
import { runOperator } from '../../dist/workers/operators/operators.js';
import type { OperatorTools } from '../../dist/workers/operators/tools.js';
import { scratch, slotView } from '../providers/rig.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { refuses, runPacked, type TestKey, testBoth } from './rig.js';

const test = suite('hostile inputs of operators');
const random = seededRandom('operators/hostile');

const keyOf = (type: KeyType): TestKey => {
  const secret = random.bytes(type === 'hmac' ? 16 + random.int(49) : 32);
  secret[0] = (secret[0]! & 0x3f) | 1;
  return { type, secret };
};

/** An input of one operator that is well-formed. */
const plausible = (name: FrameOperator, type: KeyType): Uint8Array => {
  const peer = random.bytes(type === 'x25519' ? 32 : random.pick([33, 65]));
  if (type === 'secp256k1') peer[0] = random.pick([2, 3, 4, 6, 0]);
  if (random.int(8) === 0) peer.fill(random.pick([0, 1, 255]), 1);
  const fields: Readonly<Record<FrameOperator, object>> = {
    agree: {
      peer,
      info: random.bytes(1 + random.int(50)),
      salt: random.bytes(random.int(90)),
      length: 16 + random.int(49),
    },
    'agree-raw': { peer },
    seal: { message: random.bytes(random.int(100)) },
    open: { sealed: random.bytes(48 + random.int(100)) },
    encrypt: { message: random.bytes(random.int(100)), associated: random.bytes(random.int(50)) },
    decrypt: { sealed: random.bytes(40 + random.int(100)), associated: random.bytes(random.int(50)) },
    mac: { message: random.bytes(random.int(300)), hash: random.pick(['sha256', 'sha512']) },
  };
  return packInput(name, type, fields[name]);
};

const OWN_CODES = ['ERR_PEER_KEY', 'ERR_DECRYPTION'];

testBoth(test, 'inputs changed at random are answered, refused, or malformed, and nothing else', (tools) => {
  const seen = new Map<string, number>();
  const rounds = tools.x25519.name === 'native' ? 1500 : 150;
  for (let i = 0; i < rounds; i++) {
    const name = random.pick(FRAME_OPERATORS);
    const type = random.pick(OPERATOR_TYPES[name]);
    let packed = plausible(name, random.int(10) === 0 ? random.pick(OPERATOR_TYPES[name]) : type);
    for (let changes = random.int(4); changes > 0 && packed.length > 0; changes--) {
      const at = random.int(2) === 0 ? random.int(Math.min(packed.length, 5)) : random.int(packed.length);
      packed[at] = random.int(256);
    }
    if (random.int(6) === 0) packed = packed.slice(0, random.int(packed.length + 1));
    if (answerBytes(operatorCode(name), packed, 0, packed.length) === undefined) {
      seen.set('malformed', (seen.get('malformed') ?? 0) + 1);
      continue;
    }
    let outcome = 'answered';
    try {
      runPacked(tools, keyOf(type), name, packed);
    } catch (error) {
      outcome = String((error as { code?: unknown }).code);
      assert.ok(OWN_CODES.includes(outcome), `${name} of ${type}: ${(error as Error).stack}`);
    }
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  }
  for (const outcome of ['malformed', 'answered', ...OWN_CODES]) {
    assert.ok((seen.get(outcome) ?? 0) > 5, `positive control: ${outcome} was seen ${seen.get(outcome) ?? 0} times`);
  }
});

testBoth(test, 'a key of a type that does not have the operator is refused before it is looked at', (tools) => {
  for (const name of FRAME_OPERATORS) {
    for (const type of KEY_TYPES) {
      if (OPERATOR_TYPES[name].includes(type)) continue;
      refuses('ERR_OPERATION_UNSUPPORTED', () =>
        runOperator(name, type, slotView(0), new Uint8Array(64), new Uint8Array(64), scratch, tools),
      );
    }
  }
});

testBoth(test, 'a fault of a library is not the peer that is wrong', (tools: OperatorTools) => {
  const key = keyOf('aead');
  const faulty: OperatorTools = {
    ...tools,
    aead: {
      ...tools.aead,
      seal() {
        throw new RangeError('of the library');
      },
    },
  };
  const packed = packInput('encrypt', 'aead', { message: random.bytes(10) });
  assert.throws(() => runPacked(faulty, key, 'encrypt', packed), /of the library/);
});

test.run();
