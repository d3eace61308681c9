// Inputs of operators: what main packs, the vault takes apart again; and what is no input is refused on both sides.
import {
  AEAD_EXTRA_BYTES,
  answerBytes,
  BOX_EXTRA_BYTES,
  OPERATOR_TYPES,
  operatorCode,
  operatorOf,
  packInput,
  unpackInput,
} from '../../dist/src/wire/operators.js';
import { FRAME_OPERATORS, type FrameOperator, type KeyType, SCHEMES } from '../../dist/src/wire/types.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('inputs of operators');
const random = seededRandom('operators/packing');
const MIB = 1024 * 1024;

const pack = (name: FrameOperator, input: unknown, type: KeyType = OPERATOR_TYPES[name][0] as KeyType): Uint8Array =>
  packInput(name, type, input);

const answerOf = (name: FrameOperator, packed: Uint8Array): number | undefined =>
  answerBytes(operatorCode(name), packed, 0, packed.length);

/** What is thrown, and how it begins. */
const throws = (run: () => unknown, kind: typeof TypeError | typeof RangeError, message: string): void =>
  assert.throws(run, (error: Error) => {
    if (error instanceof kind && error.message.startsWith(message)) return true;
    throw new Error(`expected ${kind.name}: ${message}, got ${error.name}: ${error.message}`);
  });

test('codes are apart from those of schemes, and each names its operator', () => {
  for (const [i, name] of FRAME_OPERATORS.entries()) {
    assert.is(operatorCode(name), 64 + i);
    assert.is(operatorOf(64 + i), name);
  }
  const others = [...Array(64).keys(), 64 + FRAME_OPERATORS.length, 255, -1, 64.5, Number.NaN];
  for (const code of others) {
    assert.is(operatorOf(code), undefined);
    assert.is(answerBytes(code, new Uint8Array(64), 0, 64), undefined);
  }
  assert.ok(SCHEMES.length < 64);
});

test('agree: peer, salt, info and length come back, and the answer is as long', () => {
  const lengths: ReadonlyArray<readonly [KeyType, number]> = [
    ['x25519', 32],
    ['secp256k1', 33],
    ['secp256k1', 65],
  ];
  for (const [type, peerBytes] of lengths) {
    for (const infoBytes of [1, 2, 255, 1024]) {
      for (const saltBytes of [undefined, 0, 1, 255]) {
        for (const length of [undefined, 16, 33, 64]) {
          const [peer, info] = [random.bytes(peerBytes), random.bytes(infoBytes)];
          const salt = saltBytes === undefined ? undefined : random.bytes(saltBytes);
          const packed = pack('agree', { peer, info, salt, length }, type);
          assert.is(answerOf('agree', packed), length ?? 32);
          const unpacked = unpackInput('agree', packed);
          equalBytes(unpacked.peer, peer);
          equalBytes(unpacked.info, info);
          equalBytes(unpacked.salt, salt ?? new Uint8Array());
        }
      }
    }
  }
});

test('agree-raw: 32 bytes for x25519, 33 for secp256k1', () => {
  for (const [type, peerBytes, answer] of [
    ['x25519', 32, 32],
    ['secp256k1', 33, 33],
    ['secp256k1', 65, 33],
  ] as const) {
    const peer = random.bytes(peerBytes);
    const packed = pack('agree-raw', { peer }, type);
    assert.is(answerOf('agree-raw', packed), answer);
    equalBytes(unpackInput('agree-raw', packed).peer, peer);
  }
});

test('messages, sealed bytes and associated data come back, and the answer is longer or shorter', () => {
  for (const length of [0, 1, 63, 1000, 70_000]) {
    const message = random.bytes(length);
    const box = random.bytes(length + BOX_EXTRA_BYTES);
    const sealed = random.bytes(length + AEAD_EXTRA_BYTES);
    assert.is(answerOf('seal', pack('seal', { message })), length + 48);
    equalBytes(unpackInput('seal', pack('seal', { message })).body, message);
    assert.is(answerOf('open', pack('open', { sealed: box })), length);
    equalBytes(unpackInput('open', pack('open', { sealed: box })).body, box);
    for (const associated of [undefined, new Uint8Array(), random.bytes(3), random.bytes(70_000)]) {
      const encrypting = pack('encrypt', { message, associated });
      assert.is(answerOf('encrypt', encrypting), length + 40);
      equalBytes(unpackInput('encrypt', encrypting).body, message);
      equalBytes(unpackInput('encrypt', encrypting).associated, associated ?? new Uint8Array());
      const decrypting = pack('decrypt', { sealed, associated });
      assert.is(answerOf('decrypt', decrypting), length);
      equalBytes(unpackInput('decrypt', decrypting).body, sealed);
      equalBytes(unpackInput('decrypt', decrypting).associated, associated ?? new Uint8Array());
    }
    for (const [hash, bytes] of [
      [undefined, 32],
      ['sha256', 32],
      ['sha512', 64],
    ] as const) {
      const packed = pack('mac', { message, hash });
      assert.is(answerOf('mac', packed), bytes);
      const unpacked = unpackInput('mac', packed);
      assert.is(unpacked.hash, hash ?? 'sha256');
      equalBytes(unpacked.body, message);
    }
  }
});

test('what is packed is a copy, also of shared memory and of a part of a buffer', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(100), 10, 50).fill(7);
  const packed = pack('seal', { message: shared });
  shared.fill(0);
  equalBytes(packed, new Uint8Array(50).fill(7));
  assert.is(packed.buffer.byteLength, 50);
});

test('a length is the true one, whatever a subclass says, and each field is read once', () => {
  class Liar extends Uint8Array<ArrayBuffer> {
    override get length(): number {
      return 3;
    }
  }
  assert.is(pack('seal', { message: new Liar(new ArrayBuffer(20)) }).length, 20);
  let reads = 0;
  const input = {
    get message(): Uint8Array {
      reads++;
      return new Uint8Array(reads);
    },
  };
  assert.is(pack('seal', input).length, 1);
  assert.is(reads, 1);
});

test('inputs that are none are type errors, which say what was expected', () => {
  for (const name of FRAME_OPERATORS) {
    for (const input of [undefined, null, 1, 'text', [], new Uint8Array(8), new Map(), () => 1]) {
      throws(() => pack(name, input), TypeError, 'input: expected an object with "');
    }
    throws(() => pack(name, {}), TypeError, '"');
  }
  const hostile = {
    get message(): Uint8Array {
      throw new Error('value 0123');
    },
  };
  throws(() => pack('seal', hostile), TypeError, '"message" expected a Uint8Array, got');
  throws(
    () =>
      pack(
        'seal',
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('trap');
            },
          },
        ),
      ),
    TypeError,
    'input: expected',
  );
  throws(
    () => pack('encrypt', { message: new Uint8Array(1), asociated: new Uint8Array(1) }),
    TypeError,
    'input.asociated: unknown field; did you mean "associated"?',
  );
  for (const message of ['text', 5, [1, 2], new ArrayBuffer(3), new Uint16Array(3), null]) {
    throws(() => pack('mac', { message }), TypeError, '"message" expected a Uint8Array, got ');
  }
  throws(
    () => pack('mac', { message: new Uint8Array(1), hash: 'md5' }),
    TypeError,
    '"hash" expected one of sha256, sha512, got a string of 3 characters',
  );
  const key = { peer: new Uint8Array(32), info: new Uint8Array(1) };
  throws(() => pack('agree', { ...key, length: '32' }), TypeError, '"length" expected a number');
  throws(() => pack('agree', { ...key, salt: 'salt' }), TypeError, '"salt" expected a Uint8Array');
  throws(() => pack('agree', { peer: key.peer }), TypeError, '"info" expected a Uint8Array, got nothing');
});

test('a detached buffer is a type error', () => {
  const message = new Uint8Array(8);
  structuredClone(message.buffer, { transfer: [message.buffer] });
  throws(() => pack('seal', { message }), TypeError, '"message" expected bytes, got a detached buffer');
  throws(
    () => pack('encrypt', { message: new Uint8Array(), associated: message }),
    TypeError,
    '"associated" expected bytes, got a detached buffer',
  );
});

test('lengths out of range are range errors, with what was found', () => {
  const info = new Uint8Array(1);
  const of = (length: number): Uint8Array => new Uint8Array(length);
  for (const length of [0, 31, 33, 64, 65]) {
    const message = `"peer" expected 32 bytes for x25519, got ${length}`;
    throws(() => pack('agree', { peer: of(length), info }), RangeError, message);
    throws(() => pack('agree-raw', { peer: of(length) }), RangeError, message);
  }
  for (const length of [0, 32, 34, 64, 66]) {
    const message = `"peer" expected 33 or 65 bytes for secp256k1, got ${length}`;
    throws(() => pack('agree', { peer: of(length), info }, 'secp256k1'), RangeError, message);
  }
  const peer = of(32);
  throws(() => pack('agree', { peer, info: of(0) }), RangeError, '"info" expected 1 to 1024 bytes, got 0');
  throws(() => pack('agree', { peer, info: of(1025) }), RangeError, '"info" expected 1 to 1024 bytes, got 1025');
  throws(() => pack('agree', { peer, info, salt: of(256) }), RangeError, '"salt" expected 0 to 255 bytes, got 256');
  for (const length of [0, 15, 65, 32.5, Number.NaN, -1, Infinity]) {
    throws(() => pack('agree', { peer, info, length }), RangeError, '"length" expected a whole number from 16 to 64');
  }
  throws(() => pack('open', { sealed: of(47) }), RangeError, '"sealed" expected 48 to ');
  throws(() => pack('decrypt', { sealed: of(39) }), RangeError, '"sealed" expected 40 to ');
});

test('neither an input nor its answer passes the limit of messages', () => {
  // Never written to: the pages of these do not exist.
  const large = new Uint8Array(256 * MIB + 1);
  const most = (length: number): Uint8Array => large.subarray(0, length);
  throws(() => pack('seal', { message: most(256 * MIB - 47) }), RangeError, '"message" expected 0 to 268435408 bytes');
  throws(() => pack('open', { sealed: large }), RangeError, '"sealed" expected 48 to 268435456 bytes');
  throws(() => pack('mac', { message: most(256 * MIB) }), RangeError, '"message" expected 0 to 268435455 bytes');
  throws(
    () => pack('encrypt', { message: most(256 * MIB - 43) }),
    RangeError,
    '"message" expected 0 to 268435412 bytes',
  );
  throws(
    () => pack('encrypt', { message: most(200 * MIB), associated: most(56 * MIB) }),
    RangeError,
    '"message" and "associated" expected at most 268435412 bytes together, got 268435456',
  );
  assert.is(answerBytes(operatorCode('seal'), large, 0, large.length), undefined);
  assert.is(answerBytes(operatorCode('seal'), large, 0, large.length - 1), 256 * MIB + 48, 'positive control');
});

test('malformed packed inputs have no answer', () => {
  const none = (name: FrameOperator, ...bytes: readonly number[]): void =>
    assert.is(answerOf(name, Uint8Array.from(bytes)), undefined, `${name} ${bytes.length}`);
  const agree = (length: number, peer: number, salt: number, rest: number): number[] => [
    length,
    peer,
    salt,
    ...Array<number>(rest).fill(1),
  ];
  assert.is(answerOf('agree', Uint8Array.from(agree(32, 32, 0, 33))), 32, 'positive control');
  for (const short of [[], [32], [32, 32]]) none('agree', ...short);
  none('agree', ...agree(32, 32, 0, 32)); // no info
  none('agree', ...agree(32, 32, 1, 33)); // none behind the salt
  none('agree', ...agree(32, 32, 255, 33));
  none('agree', ...agree(32, 32, 0, 32 + 1025));
  for (const length of [0, 15, 65, 255]) none('agree', ...agree(length, 32, 0, 33));
  for (const peer of [0, 31, 34, 64, 66, 255]) none('agree', ...agree(32, peer, 0, 300));
  for (const length of [0, 31, 34, 64, 66]) none('agree-raw', ...Array<number>(length).fill(1));
  none('open', ...Array<number>(47).fill(1));
  none('mac');
  none('mac', 2, 1);
  none('mac', 255);
  for (const name of ['encrypt', 'decrypt'] as const) {
    for (const short of [[], [0], [0, 0, 0]]) none(name, ...short);
    none(name, 1, 0, 0, 0); // one byte of associated data, which is not there
    none(name, 255, 255, 255, 255, ...Array<number>(100).fill(0));
    none(name, 0, 0, 0, 128, ...Array<number>(100).fill(0));
  }
  none('decrypt', 0, 0, 0, 0, ...Array<number>(39).fill(0));
  assert.is(answerOf('encrypt', new Uint8Array(4)), 40);
  assert.is(answerOf('decrypt', new Uint8Array(44)), 0);
});

test('an input that does not lie within its bytes has no answer', () => {
  const bytes = new Uint8Array(100);
  for (const name of FRAME_OPERATORS) {
    const code = operatorCode(name);
    for (const [at, length] of [
      [0, 101],
      [1, 100],
      [100, 1],
      [-1, 50],
      [0, -1],
      [200, 0],
      [Number.NaN, 4],
      [0, Number.NaN],
    ] as const) {
      assert.is(answerBytes(code, bytes, at, length), undefined, `${name} ${at} ${length}`);
    }
  }
});

test('whatever bytes come, an answer is a length, and its input comes apart within its bounds', () => {
  let answered = 0;
  for (let i = 0; i < 40_000; i++) {
    const name = random.pick(FRAME_OPERATORS);
    const length = random.int(4) === 0 ? random.int(200) : random.int(90);
    const bytes = random.bytes(length + 20);
    // Plausible first bytes, so that more than the first check is reached.
    bytes.set([random.pick([0, 1, 2, 16, 32, 64]), random.pick([0, 1, 32, 33, 65]), random.pick([0, 0, 1, 40])], 10);
    if (random.int(2) === 0) bytes.fill(0, 11, 14);
    const answer = answerBytes(operatorCode(name), bytes, 10, length);
    if (answer === undefined) continue;
    answered++;
    assert.ok(Number.isInteger(answer) && answer >= 0 && answer <= length + 64, `${name}: ${answer}`);
    const input = bytes.subarray(10, 10 + length);
    const { peer, salt, info, associated, body } = unpackInput(name, input);
    const parts = [peer, salt, info, associated, body];
    const header = { agree: 3, 'agree-raw': 0, seal: 0, open: 0, encrypt: 4, decrypt: 4, mac: 1 }[name];
    assert.is(
      parts.reduce((sum, part) => sum + part.length, header),
      length,
      name,
    );
  }
  assert.ok(answered > 5_000, `positive control: ${answered} had an answer`);
});

test.run();
