// Values of every kind that the structured clone algorithm carries, and some that it does not.
import { createSecretKey } from 'node:crypto';
import { MessageChannel, type Transferable } from 'node:worker_threads';
import type { SeededRandom } from '../../support/random.js';

/** What a message transfers, gathered while it is made. */
export type Bag = Transferable[];

/** Names that lead somewhere in JavaScript. */
export const TRICKS: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'then',
  'toString',
  'valueOf',
  'toJSON',
  'hasOwnProperty',
  '__defineGetter__',
  'Symbol(Symbol.iterator)',
  'Symbol(comlink.proxy)',
  '@@iterator',
  'bind',
  'call',
  'apply',
  'length',
  '',
  '\0',
  '0',
  'sign\0',
  'SIGN',
  'ſign',
];

const NUMBERS = [0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, -(2 ** 31), 2 ** 53, 1e308, 5e-324];
const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

class Instance {
  readonly field = 1;
  get id(): string {
    return 'an accessor of a class is not cloned';
  }
}

/** Buffers that grow are newer than the language that the project is compiled for. */
const Growing = { array: ArrayBuffer, shared: SharedArrayBuffer } as unknown as {
  readonly array: new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  readonly shared: new (length: number, options: { maxByteLength: number }) => SharedArrayBuffer;
};

const nested = (depth: number, makeOuter: (inner: unknown) => unknown): unknown => {
  let value: unknown = null;
  for (let i = 0; i < depth; i++) value = makeOuter(value);
  return value;
};

/** Holes only. Made once: the engine makes room for all of them. */
export const MANY_HOLES: readonly unknown[] = new Array(2 ** 17);

type Make = (random: SeededRandom, bag: Bag, depth: number) => unknown;

const MAKERS: readonly Make[] = [
  (random) => random.pick([undefined, null, true, false]),
  (random) => random.pick(NUMBERS),
  (random) => random.pick([0n, -1n, 2n ** 64n, -(2n ** 300n)]),
  (random) => random.pick(TRICKS),
  (random) => random.pick(['kept/ed', 'fuzz/1', '/', '../../etc/passwd', 'a'.repeat(129), '😀', '\ud800']),
  (random) => 'x'.repeat(random.int(random.int(50) === 0 ? 100_000 : 200)),
  (random) => random.pick([new Date(0), new Date(NaN), /(a+)+$/gu, new RegExp('x'.repeat(50))]),
  (random) => random.pick([Object(true), Object(7), Object('id'), Object(7n)]) as unknown,
  (random, bag, depth) => new Map([[anyValue(random, bag, depth), anyValue(random, bag, depth)]]),
  (random, bag, depth) => new Set([anyValue(random, bag, depth), 'id']),
  (random, bag, depth) =>
    random.pick([
      new Error('x', { cause: anyValue(random, bag, depth) }),
      new TypeError('y'),
      new AggregateError([1]),
      Object.assign(new RangeError('z'), { code: 'ERR_X', name: 'Odd' }),
    ]),
  (random) => new (random.pick(VIEWS))(random.int(40)),
  (random) => random.bytes(random.int(100)),
  (random) => random.bytes(16).subarray(random.int(8), 8 + random.int(8)),
  (random) => new DataView(random.bytes(8).buffer, random.int(8)),
  (random) => random.bytes(random.int(64)).buffer,
  (random, bag) => {
    const { buffer } = random.bytes(1 + random.int(64));
    bag.push(buffer);
    return random.int(2) === 0 ? buffer : new Uint8Array(buffer);
  },
  (random) => {
    const buffer = new Growing.array(random.int(64), { maxByteLength: 4096 });
    return random.int(2) === 0 ? buffer : new Uint8Array(buffer);
  },
  (random) => {
    const shared =
      random.int(2) === 0
        ? new SharedArrayBuffer(random.int(64))
        : new Growing.shared(random.int(64), { maxByteLength: 4096 });
    return random.pick([shared, new Uint8Array(shared)]);
  },
  (_random, bag) => {
    const { port1, port2 } = new MessageChannel();
    port1.unref();
    bag.push(port2);
    return port2;
  },
  (random) => random.pick([new Array(1), new Array(5), new Array(1000), MANY_HOLES]),
  (random) => Object.assign([], { length: random.int(3), id: 'of an array', type: 'APPLY' }),
  () => {
    const cyclic: Record<string, unknown> = { id: 'x' };
    cyclic.self = cyclic;
    cyclic.list = [cyclic, cyclic];
    return cyclic;
  },
  (random) => nested(random.int(random.int(30) === 0 ? 3000 : 60), (inner) => [inner]),
  (random) => nested(random.int(60), (inner) => ({ type: 'RAW', value: inner })),
  (random) => new Array(random.int(random.int(50) === 0 ? 100_000 : 20)).fill('kept/ed'),
  () => Object.assign(Object.create(null) as object, { type: 'RAW', value: 1 }),
  () => new Instance(),
  () => Object.defineProperty({}, 'type', { enumerable: true, get: () => 'RAW' }),
  () => JSON.parse('{"__proto__": {"type": "RAW"}, "constructor": {"prototype": {"ok": true}}}'),
  (random) => ({ type: 'HANDLER', name: random.pick(['proxy', 'throw', ...TRICKS]), value: {} }),
  () => createSecretKey(new Uint8Array(16)),
  () => new Blob(['x']),
  () => () => undefined,
  () => Symbol('s'),
  (random, bag, depth) => ({
    [random.pick(TRICKS)]: anyValue(random, bag, depth),
    [random.pick(['id', 'type', 'kind', 'bytes', 'source', 'length'])]: anyValue(random, bag, depth),
  }),
  (random, bag, depth) => Array.from({ length: random.int(4) }, () => anyValue(random, bag, depth)),
];

/** Any value; what it transfers is added to the bag. */
export const anyValue = (random: SeededRandom, bag: Bag, depth = 3): unknown =>
  depth === 0 ? random.int(10) : random.pick(MAKERS)(random, bag, depth - 1);
