// Where a key can be loaded from again when the vault was locked: a file that is encrypted, or a seed that comes from one.
import type { WireSecret, WireSource } from '../../src/wire/sources.js';
import type { KeyId } from '../../src/wire/types.js';

export type KeyOrigin =
  | { readonly kind: 'keystore'; readonly path: string; readonly password: WireSecret }
  /** `name` is the key's id in the file. */
  | { readonly kind: 'sealed'; readonly path: string; readonly password: WireSecret; readonly name: KeyId }
  | { readonly kind: 'seed'; readonly seed: KeyId; readonly path: string };

/** The origin of a key that was registered under its own id; undefined for sources that are not encrypted. */
export const originOf = (id: KeyId, source: WireSource): KeyOrigin | undefined => {
  switch (source.kind) {
    case 'keystore':
      return { kind: 'keystore', path: source.path, password: source.password };
    case 'sealed':
      return { kind: 'sealed', path: source.path, password: source.password, name: id };
    case 'seed':
      return { kind: 'seed', seed: source.seed, path: source.path };
    default:
      return undefined;
  }
};
