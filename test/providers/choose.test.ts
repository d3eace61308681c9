import { createRequire } from 'node:module';
import { KEY_TYPES } from '../../dist/src/wire/types.js';
import { chooseProviders } from '../../dist/workers/providers/choose.js';
import { loadNativeModules, type NativeModules } from '../../dist/workers/providers/native/load.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { testNative } from './rig.js';

const test = suite('choosing providers');
const nothing: NativeModules = { sodium: undefined, secp256k1: undefined, blst: undefined };

test('noble is noble for every type', async () => {
  const { providers, fallbacks } = await chooseProviders('noble');
  for (const type of KEY_TYPES) {
    assert.is(providers[type].name, 'noble');
    assert.is(providers[type].keyType, type);
  }
  assert.equal(fallbacks, []);
});

testNative(test, 'auto and native take the native provider of every type', async () => {
  for (const wanted of ['auto', 'native'] as const) {
    const { providers, fallbacks } = await chooseProviders(wanted);
    for (const type of KEY_TYPES) {
      assert.is(providers[type].name, 'native');
      assert.is(providers[type].keyType, type);
    }
    assert.equal(fallbacks, []);
  }
});

test('auto falls back for every type when there are no native packages, and says which', async () => {
  const { providers, fallbacks } = await chooseProviders('auto', { modules: nothing });
  assert.equal(
    fallbacks.map(({ type }) => type),
    [...KEY_TYPES],
  );
  for (const type of KEY_TYPES) assert.is(providers[type].name, 'noble');
  const reasons = Object.fromEntries(fallbacks.map(({ type, reason }) => [type, reason]));
  assert.match(reasons['bls12-381'] ?? '', /^@chainsafe\/blst is not installed or has no binary for /);
  assert.match(reasons.secp256k1 ?? '', /^secp256k1 and sodium-native are /);
});

testNative(test, 'auto falls back type by type', async () => {
  const all = loadNativeModules();
  const typesOf = async (modules: NativeModules): Promise<string> =>
    (await chooseProviders('auto', { modules })).fallbacks.map(({ type }) => type).join();
  assert.is(await typesOf({ ...all, blst: undefined }), 'bls12-381');
  assert.is(await typesOf({ ...all, secp256k1: undefined }), 'secp256k1,seed');
  // BIP-340 hashes secrets with libsodium, so secp256k1 goes with it; derivation from seeds takes both.
  assert.is(await typesOf({ ...all, sodium: undefined }), 'ed25519,secp256k1,x25519,seed,aead,hmac');
});

test('native without its packages is an error that names every type', async () => {
  try {
    await chooseProviders('native', { modules: nothing });
    assert.unreachable();
  } catch (error) {
    assert.is((error as { code?: string }).code, 'ERR_PROVIDER_UNAVAILABLE');
    const { message } = error as Error;
    for (const type of KEY_TYPES) assert.match(message, new RegExp(type));
    for (const name of ['sodium-native', '@chainsafe/blst']) assert.ok(message.includes(name));
  }
});

testNative(test, 'the JavaScript fallback of secp256k1, on elliptic, is never loaded', () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  assert.ok(
    loaded.some((path) => /[\\/]secp256k1[\\/]bindings\.js$/.test(path)),
    'positive control: the binding is in the cache',
  );
  assert.equal(
    loaded.filter((path) => /elliptic|[\\/]secp256k1[\\/]index\.js$/.test(path)),
    [],
  );
});

test.run();
