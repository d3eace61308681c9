// What released keys may leave in memory, over all threads. Each thread finds out for itself whether it can exchange a
// key in place or must keep objects, so each tells it, in one word of the arena, before it is ready.
import type { Residue } from '../../src/wire/info.js';
import { KEY_TYPES, type KeyType } from '../../src/wire/types.js';
import { HEADER } from '../arena/words.js';
import type { Providers } from './provider.js';

/** Tell of which types' keys this thread leaves a part. */
export const tellResidue = (arena: SharedArrayBuffer, providers: Providers): void => {
  const bits = KEY_TYPES.map((type, i) => (providers[type].residue === 'part' ? 1 << i : 0));
  Atomics.or(
    new Int32Array(arena),
    HEADER.keptTypes,
    bits.reduce((all, bit) => all | bit, 0),
  );
};

/** Of every type, what the thread that leaves most leaves. All threads have the same providers, in all else. */
export const residueOf = (arena: SharedArrayBuffer, providers: Providers): Readonly<Record<KeyType, Residue>> => {
  const kept = Atomics.load(new Int32Array(arena), HEADER.keptTypes);
  const entries = KEY_TYPES.map((type, i): [KeyType, Residue] => [
    type,
    (kept & (1 << i)) !== 0 ? 'part' : providers[type].residue,
  ]);
  return Object.fromEntries(entries) as Record<KeyType, Residue>;
};
