// Decides, once per thread, which provider serves each key type. Every thread of a vault decides by the same facts
// (the installed packages and the machine), so they agree.
import { VaultError } from '../../src/errors.js';
import { KEY_TYPES, type KeyType, type ProviderName } from '../../src/wire/types.js';
import { createNativeBls12381 } from './native/bls12-381.js';
import { createExchangedKey } from './native/blst-key.js';
import { createNativeEd25519 } from './native/ed25519.js';
import { loadNativeModules, type NativeModules } from './native/load.js';
import { createNativeSecp256k1 } from './native/secp256k1.js';
import { createNativeX25519 } from './native/x25519.js';
import { createPlainProvider } from './plain.js';
import type { KeyProvider, Providers } from './provider.js';

/** A type that 'auto' serves with noble, and why. */
export interface Fallback {
  readonly type: KeyType;
  readonly reason: string;
}

export interface ChosenProviders {
  readonly providers: Providers;
  /** Empty unless 'auto' had to fall back. */
  readonly fallbacks: readonly Fallback[];
}

/** Loaded only where they serve: they are the slowest part of a thread's start. */
const NOBLE: Readonly<Record<KeyType, () => Promise<KeyProvider>>> = {
  ed25519: async () => (await import('./noble/ed25519.js')).nobleEd25519,
  secp256k1: async () => (await import('./noble/secp256k1.js')).nobleSecp256k1,
  'bls12-381': async () => (await import('./noble/bls12-381.js')).nobleBls12381,
  x25519: async () => (await import('./noble/x25519.js')).nobleX25519,
  seed: async () => createPlainProvider('seed', 'noble'),
  aead: async () => createPlainProvider('aead', 'noble'),
  hmac: async () => createPlainProvider('hmac', 'noble'),
};

const NO_MODULES: NativeModules = { sodium: undefined, secp256k1: undefined, blst: undefined };

/** The packages that the native provider of a type is made of. */
const PACKAGES: Readonly<Record<keyof NativeModules, string>> = {
  sodium: 'sodium-native',
  secp256k1: 'secp256k1',
  blst: '@chainsafe/blst',
};
const NEEDS: Readonly<Record<KeyType, readonly (keyof NativeModules)[]>> = {
  ed25519: ['sodium'],
  // BIP-340 hashes secrets, which only libsodium does in the arena: without it the whole type is noble's.
  secp256k1: ['secp256k1', 'sodium'],
  'bls12-381': ['blst'],
  x25519: ['sodium'],
  // BIP-32 computes with secp256k1's keys.
  seed: ['sodium', 'secp256k1'],
  aead: ['sodium'],
  hmac: ['sodium'],
};

const createNative = (type: KeyType, { sodium, secp256k1, blst }: NativeModules): KeyProvider | undefined => {
  switch (type) {
    case 'ed25519':
      return sodium && createNativeEd25519(sodium);
    case 'secp256k1':
      return secp256k1 && sodium && createNativeSecp256k1(secp256k1, sodium);
    case 'bls12-381':
      return blst && createNativeBls12381(blst, createExchangedKey(blst));
    case 'x25519':
      return sodium && createNativeX25519(sodium);
    case 'seed':
      return sodium && secp256k1 && createPlainProvider('seed', 'native');
    case 'aead':
    case 'hmac':
      return sodium && createPlainProvider(type, 'native');
  }
};

const missing = (type: KeyType, modules: NativeModules): string => {
  const names = NEEDS[type].filter((need) => modules[need] === undefined).map((need) => PACKAGES[need]);
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} not installed or has no binary for ${process.platform}-${process.arch}`;
};

export interface ChoiceOptions {
  /** Whether this thread verifies signatures from its start; default true. */
  readonly verifying?: boolean;
  /** The native libraries; by default what this machine has. */
  readonly modules?: NativeModules;
}

/**
 * The providers of this thread.
 *
 * @param wanted - 'auto' takes the native provider of each type where its packages load, else noble's.
 * @throws {VaultError} ERR_PROVIDER_UNAVAILABLE - 'native' is wanted; names every type that lacks a package.
 */
export const chooseProviders = async (
  wanted: 'auto' | ProviderName,
  { verifying = true, modules }: ChoiceOptions = {},
): Promise<ChosenProviders> => {
  const available = wanted === 'noble' ? NO_MODULES : (modules ?? loadNativeModules());
  const native = KEY_TYPES.map((type) => createNative(type, available));
  const fallbacks = KEY_TYPES.filter((_, i) => native[i] === undefined).map((type) => ({
    type,
    reason: missing(type, available),
  }));
  if (wanted === 'native' && fallbacks.length > 0) {
    const all = fallbacks.map(({ type, reason }) => `${type} (${reason})`).join(', ');
    throw new VaultError('ERR_PROVIDER_UNAVAILABLE', `the native provider is not available for ${all}`);
  }
  const entries = KEY_TYPES.map(async (type, i) => [type, native[i] ?? (await NOBLE[type]())] as const);
  const providers = Object.fromEntries(await Promise.all(entries)) as Providers;
  if (verifying) await Promise.all(Object.values(providers).map((provider) => provider.prepareToVerify?.()));
  return {
    providers,
    fallbacks: wanted === 'noble' ? [] : fallbacks,
  };
};
