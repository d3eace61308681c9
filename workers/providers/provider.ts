// What a provider of a key type must do. Two families implement it: native/ over C libraries, noble/ over JavaScript.
// All work in place: secrets are views over the arena, and what a call derives from them it keeps in `scratch`
// (arena memory of the calling thread) and wipes before it returns.
import type { Residue } from '../../src/wire/info.js';
import type { KeyType, ProviderName, Scheme, Slot } from '../../src/wire/types.js';
import type { SlotView } from '../arena/slots.js';

export interface KeyProvider {
  readonly name: ProviderName;
  readonly keyType: KeyType;
  /** What memory may hold of a key when it is released, whatever the provider does. */
  readonly residue: Residue;

  /**
   * Put a checked secret into a slot, in the form that `sign` wants, and its public key beside it.
   * The caller has checked length and range and wipes `secret`; the view is zero before the call. The thread may now
   * keep something for the slot: `forget` it whenever the slot is wiped, also when the registration fails later on.
   */
  load(secret: Uint8Array, view: SlotView, scratch: Uint8Array): void;

  /**
   * Sign with the key in the slot.
   *
   * @param generation - the slot's generation: objects kept per key are valid for one generation only.
   * @param message - what the scheme signs: any length for ed25519, schnorr and bls12-381, a 32-byte digest for ECDSA.
   * @param signature - exactly as long as the scheme's signature; written only by success.
   * @param scratch - arena memory of this thread; wiped in a `finally` by the call.
   * @param auxRand - 32 bytes of BIP-340 auxiliary randomness; used by schnorr, and required there.
   */
  sign(
    view: SlotView,
    generation: number,
    scheme: Scheme,
    message: Uint8Array,
    signature: Uint8Array,
    scratch: Uint8Array,
    auxRand: Uint8Array | undefined,
  ): void;

  /** Load what `verify` needs in this thread: to be awaited once, before its first call. */
  prepareToVerify?(): Promise<void>;

  /** Never throws for bad input: a malformed key or signature is simply not a valid one. */
  verify(publicKey: Uint8Array, scheme: Scheme, message: Uint8Array, signature: Uint8Array): boolean;

  /** Zero what `sign` keeps for the next signature: at the end of each batch, and before the thread halts. */
  rest?(): void;

  /** Drop whatever this thread keeps for the slot. Returns true if something that only the garbage collector frees was dropped. */
  forget(slot: Slot): boolean;

  /** One signature that stands for all of them (BLS only): 96 bytes from a list of 96-byte signatures. */
  aggregate?(signatures: readonly Uint8Array[]): Uint8Array;
}

/** The providers of one thread, by key type. */
export type Providers = Readonly<Record<KeyType, KeyProvider>>;
