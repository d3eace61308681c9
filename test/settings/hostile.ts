// Objects made to break a checker: their getters and traps throw, lie or never end, and all of them hold the marker.

const everyTrap = (marker: string): ProxyHandler<object> => {
  const trap = (): never => {
    throw new Error(marker);
  };
  return { get: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap, apply: trap };
};

const cyclic = (marker: string): unknown => {
  const object: Record<string, unknown> = { note: marker };
  object.keys = object;
  object.memory = object;
  object.from = [object];
  return object;
};

const revoked = (target: object): unknown => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};

const throwingFields = (marker: string): unknown =>
  Object.defineProperties(
    {},
    Object.fromEntries(
      ['keys', 'threads', 'memory', 'type', 'from', 'id', 'source', 'kind', 'env', 'file', 'bytes'].map((name) => [
        name,
        {
          enumerable: true,
          get: () => {
            throw marker;
          },
        },
      ]),
    ),
  );

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = { keys: value };
  return value;
};

/** Hostile values with a name each. */
export const hostileValues = (marker: string): [label: string, value: unknown][] => [
  ['a proxy whose traps all throw', new Proxy({}, everyTrap(marker))],
  ['an array proxy whose traps all throw', new Proxy([], everyTrap(marker))],
  ['a function proxy whose traps all throw', new Proxy(() => marker, everyTrap(marker))],
  ['a revoked proxy', revoked({})],
  ['a revoked array proxy', revoked([])],
  ['a proxy that breaks the invariants', new Proxy(Object.freeze({ a: marker }), { ownKeys: () => [] })],
  ['a proxy that lists a name twice', new Proxy({}, { ownKeys: () => ['a', 'a'] })],
  ['getters that throw a string', throwingFields(marker)],
  ['a cyclic object', cyclic(marker)],
  ['a deep object', nested(50_000)],
  ['a null-prototype object', Object.assign(Object.create(null), { note: marker })],
  ['an own __proto__', JSON.parse(`{"__proto__":{"threads":"${marker}"}}`)],
  ['an array with holes', Object.assign(new Array(1e6), { 999999: marker })],
  ['an array', [marker]],
  ['a huge string', marker.repeat(1e6)],
  ['a string object', new String(marker)],
  ['a symbol', Symbol(marker)],
  ['a function', Object.assign(() => marker, { threads: marker })],
  ['an object with toString and toJSON', { toString: () => marker, toJSON: () => marker, valueOf: () => marker }],
  ['an object with Symbol.toPrimitive', { [Symbol.toPrimitive]: () => marker, [Symbol.toStringTag]: marker }],
  ['bytes with a false length', Object.defineProperty(new Uint8Array(4), 'byteLength', { value: marker })],
  ['a Map', new Map([['threads', marker]])],
  ['an error', new Error(marker)],
  ['a number', Number.NaN],
  ['a bigint', 10n ** 4000n],
  ['null', null],
];
