// A guard against accidents: a module that replaces what the language brings (an old polyfill, say) would change the
// vault's own code, which runs in the same realm. So the built-in objects that this code leans on are compared before
// and after each module is loaded. It is no defence: what is changed later, or changed back, is not seen.

/** A list, since the comparison of a Map would lean on what it compares. */
type Snapshot = readonly (readonly [key: PropertyKey, descriptor: PropertyDescriptor])[];

const typedArray = Object.getPrototypeOf(Uint8Array) as object & { readonly prototype: object };

/** What is looked at, by name. Statics that libraries change by design (`Error.stackTraceLimit`) are not among them. */
const WATCHED: readonly (readonly [name: string, object: object])[] = [
  ['Object', Object],
  ['Object.prototype', Object.prototype],
  ['Function.prototype', Function.prototype],
  ['Array', Array],
  ['Array.prototype', Array.prototype],
  ['TypedArray', typedArray],
  ['TypedArray.prototype', typedArray.prototype],
  ['Uint8Array.prototype', Uint8Array.prototype],
  ['ArrayBuffer.prototype', ArrayBuffer.prototype],
  ['SharedArrayBuffer.prototype', SharedArrayBuffer.prototype],
  ['Buffer.prototype', Buffer.prototype],
  ['Map.prototype', Map.prototype],
  ['Set.prototype', Set.prototype],
  ['WeakMap.prototype', WeakMap.prototype],
  ['WeakSet.prototype', WeakSet.prototype],
  ['Promise', Promise],
  ['Promise.prototype', Promise.prototype],
  ['String.prototype', String.prototype],
  ['Number', Number],
  ['RegExp.prototype', RegExp.prototype],
  ['Error.prototype', Error.prototype],
  ['Atomics', Atomics],
  ['JSON', JSON],
  ['Math', Math],
  ['Reflect', Reflect],
];

const snapshotOf = (object: object): Snapshot =>
  Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor]);

const isSame = (before: PropertyDescriptor, now: PropertyDescriptor | undefined): boolean =>
  now !== undefined && Object.is(before.value, now.value) && before.get === now.get && before.set === now.set;

/**
 * Remember the built-in objects as they are.
 *
 * @returns what looks for a change since then: the first property that was replaced or taken away, or Object.prototype if
 *   anything was added to it, which every object inherits. Undefined: none; other objects may be given more.
 */
export const watchBuiltins = (): (() => string | undefined) => {
  const before = WATCHED.map(([name, object]) => [name, object, snapshotOf(object)] as const);
  return () => {
    for (const [name, object, snapshot] of before) {
      for (const [key, descriptor] of snapshot) {
        if (!isSame(descriptor, Object.getOwnPropertyDescriptor(object, key))) return `${name}.${String(key)}`;
      }
      if (object === Object.prototype && Reflect.ownKeys(object).length !== snapshot.length) return name;
    }
    return undefined;
  };
};
