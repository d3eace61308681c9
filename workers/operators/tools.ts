// What the operators call of the cryptographic libraries, chosen by the same rule as the providers of the key types.
import type { ProviderName } from '../../src/wire/types.js';
import type { Aead } from '../providers/aead.js';
import type { Agreement } from '../providers/agree.js';
import type { Box } from '../providers/box.js';
import { createNativeAead } from '../providers/native/aead.js';
import { createNativeSecp256k1Agreement, createNativeX25519Agreement } from '../providers/native/agree.js';
import { createNativeBox } from '../providers/native/box.js';
import { loadNativeModules, type NativeModules, type Secp256k1, type Sodium } from '../providers/native/load.js';
import { createNativeSecretHashes } from '../providers/native/secret-hashes.js';
import type { SecretHashes } from '../providers/secret-hashes.js';

export interface OperatorTools {
  readonly hashes: SecretHashes;
  readonly aead: Aead;
  readonly x25519: Agreement;
  readonly secp256k1: Agreement;
  readonly box: Box;
}

const nativeOf = (sodium: Sodium, secp256k1: Secp256k1): OperatorTools => ({
  ...nativeOfSodium(sodium),
  secp256k1: createNativeSecp256k1Agreement(secp256k1),
});

const nativeOfSodium = (sodium: Sodium): Omit<OperatorTools, 'secp256k1'> => ({
  hashes: createNativeSecretHashes(sodium),
  aead: createNativeAead(sodium),
  x25519: createNativeX25519Agreement(sodium),
  box: createNativeBox(sodium),
});

/** noble takes long to load, and serves only where the native libraries are missing or not wanted. */
const loadNoble = async (): Promise<OperatorTools> => {
  const [{ nobleSecretHashes }, { nobleAead }, { nobleX25519Agreement, nobleSecp256k1Agreement }, { nobleBox }] =
    await Promise.all([
      import('../providers/noble/secret-hashes.js'),
      import('../providers/noble/aead.js'),
      import('../providers/noble/agree.js'),
      import('../providers/noble/box.js'),
    ]);
  return {
    hashes: nobleSecretHashes,
    aead: nobleAead,
    x25519: nobleX25519Agreement,
    secp256k1: nobleSecp256k1Agreement,
    box: nobleBox,
  };
};

/**
 * The tools of this thread: of each the native one where its packages load, unless noble is wanted. Whether 'native' can
 * be had was decided when the providers were chosen (choose.ts).
 *
 * @param modules - the native libraries; by default what this machine has.
 */
export const loadOperatorTools = async (
  wanted: 'auto' | ProviderName,
  modules: NativeModules = loadNativeModules(),
): Promise<OperatorTools> => {
  const { sodium, secp256k1 } = modules;
  if (wanted === 'noble' || sodium === undefined) return loadNoble();
  if (secp256k1 !== undefined) return nativeOf(sodium, secp256k1);
  return { ...nativeOfSodium(sodium), secp256k1: (await loadNoble()).secp256k1 };
};
