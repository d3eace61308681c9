// BLS12-381 (public keys in G1, signatures in G2) over blst. The library takes a key as an object of its own and frees
// it without zeroing: on Linux one object per thread takes each key in turn (blst-key.ts), and nothing stays. Elsewhere
// one object per key and thread is kept, and forgetting one is reported: a part of it may stay in freed memory.
import { KEY_TYPE_FACTS, SIGNATURE_BYTES, type Slot } from '../../../src/wire/types.js';
import type { SlotView } from '../../arena/slots.js';
import type { KeyProvider } from '../provider.js';
import { checkRoom, notASignature, unsupportedScheme } from '../refuse.js';
import type { ExchangedKey } from './blst-key.js';
import type { Blst, BlstSecretKey } from './load.js';

interface KeptKey {
  /** The generation of the slot that it was made from; undefined until the first signature after `load`. */
  readonly generation: number | undefined;
  readonly key: BlstSecretKey;
}

const { publicKeyBytes } = KEY_TYPE_FACTS['bls12-381'];
const signatureBytes = SIGNATURE_BYTES['bls12-381'];

/** Names a key that has no slot yet. */
const LOADING = 'loading';

/** @param exchanged - the object that takes each key in turn; without one, an object is kept for each key. */
export const createNativeBls12381 = (blst: Blst, exchanged: ExchangedKey | undefined): KeyProvider => {
  const kept = new Map<Slot, KeptKey>();

  const keyOf = (view: SlotView, generation: number): BlstSecretKey => {
    const known = kept.get(view.slot);
    if (known?.generation === generation) return known.key;
    // Never adopt an object whose generation is not known to be this one: read the slot again.
    const key = blst.SecretKey.fromBytes(view.secret);
    kept.set(view.slot, { generation, key });
    return key;
  };

  return {
    name: 'native',
    keyType: 'bls12-381',
    residue: exchanged === undefined ? 'part' : 'none',

    load(secret, view, scratch) {
      if (exchanged !== undefined) {
        try {
          view.publicKey.set(exchanged.use(LOADING, secret, scratch, (key) => key.toPublicKey().toBytes()));
        } finally {
          exchanged.rest();
        }
        view.secret.set(secret);
        return;
      }
      const key = blst.SecretKey.fromBytes(secret);
      // Kept although its generation is unknown, so that `forget` tells of it.
      kept.set(view.slot, { generation: undefined, key });
      view.publicKey.set(key.toPublicKey().toBytes());
      view.secret.set(secret);
    },

    sign(view, generation, scheme, message, signature, scratch) {
      if (scheme !== 'bls12-381') throw unsupportedScheme('bls12-381', scheme);
      checkRoom(scheme, signature);
      const made =
        exchanged === undefined
          ? keyOf(view, generation).sign(message)
          : exchanged.use(`${view.slot}/${generation}`, view.secret, scratch, (key) => key.sign(message));
      signature.set(made.toBytes());
    },

    verify(publicKey, scheme, message, signature) {
      // blst would take uncompressed points too.
      if (scheme !== 'bls12-381' || publicKey.length !== publicKeyBytes || signature.length !== signatureBytes) {
        return false;
      }
      try {
        const key = blst.PublicKey.fromBytes(publicKey, true);
        return blst.verify(message, key, blst.Signature.fromBytes(signature, true, true)) === true;
      } catch {
        return false; // a point that is malformed, not in the subgroup, or infinity
      }
    },

    rest: () => exchanged?.rest(),

    forget: (slot) => kept.delete(slot),

    aggregate(signatures) {
      try {
        if (signatures.some((signature) => signature.length !== signatureBytes)) throw notASignature(signatures.length);
        return blst.aggregateSerializedSignatures(signatures, true).toBytes();
      } catch {
        throw notASignature(signatures.length);
      }
    },
  };
};
