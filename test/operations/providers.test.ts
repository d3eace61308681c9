// The two providers behind the public API: what one makes, the other makes too, byte for byte, and each verifies the
// other's. And verifyAfterSign, which withholds a signature that does not verify.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openVault, type SignOptions, type Vault } from 'strongroom';
import { createFrameWriter, REPLY_HEADER_BYTES, STATUS_CODES, schemeCode } from '../../dist/src/wire/frame.js';
import type { Scheme, Slot } from '../../dist/src/wire/types.js';
import { layoutFor, SCRATCH_BYTES } from '../../dist/workers/arena/layout.js';
import { openSlots } from '../../dist/workers/arena/slots.js';
import { loadOperatorTools } from '../../dist/workers/operators/operators.js';
import { chooseProviders } from '../../dist/workers/providers/choose.js';
import { loadNativeModules } from '../../dist/workers/providers/native/load.js';
import type { Providers } from '../../dist/workers/providers/provider.js';
import { signOperations } from '../../dist/workers/signer/sign-operations.js';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { isRight, nameOf, type ONE_OF_EACH, WAYS } from './oracle.js';

const random = seededRandom('operations/providers');
const test = suite('providers');
const MESSAGES = Array.from({ length: 6 }, (_, i) => random.bytes(i * 40));
const TYPES = ['ed25519', 'secp256k1', 'bls12-381', 'x25519', 'seed'] as const;

const folder = tempFolder();
const keys = Object.fromEntries(
  [...TYPES, 'bls12-381/second' as const].map((id) => {
    const secret = random.bytes(32);
    secret[0]! &= 0x3f; // below every order
    const file = join(folder, id.replace('/', '-'));
    writeFileSync(file, secret, { mode: 0o600 });
    return [id, { type: id === 'bls12-381/second' ? 'bls12-381' : id, from: { file, encoding: 'raw' } } as const];
  }),
);
let noble: Vault;
let native: Vault;

const hasNative = Object.values(loadNativeModules()).every((module) => module !== undefined);

test.before(async () => {
  noble = await openVault({ threads: 2, provider: 'noble', keys });
  if (hasNative) native = await openVault({ threads: 2, provider: 'native', keys });
});
test.after(async () => {
  await noble.close();
  if (hasNative) await native.close();
});

const compared = (name: string, body: () => Promise<void>): void => {
  if (hasNative) test(name, body);
  else test.skip(name, 'a native library is not installed');
};

test('each key says which provider serves it', async () => {
  assert.ok(noble.keys().every(({ provider }) => provider === 'noble'));
  assert.equal(new Set(Object.values(noble.info().providers)), new Set(['noble']));
  if (hasNative) assert.equal(new Set(Object.values(native.info().providers)), new Set(['native']));
});

compared('public keys are the same', async () => {
  for (const id of Object.keys(keys).filter((id) => id !== 'seed')) {
    equalBytes(await noble.publicKey(id), await native.publicKey(id), id);
  }
});

for (const way of WAYS) {
  const { type, scheme, hash, takesDigest } = way;
  compared(`${nameOf(way)}: signatures are the same, and each verifies the other's`, async () => {
    const messages = takesDigest
      ? [random.bytes(32), random.bytes(32)]
      : MESSAGES.slice(0, type === 'bls12-381' ? 3 : 6);
    const auxRand = random.bytes(32);
    const options: SignOptions | undefined = scheme === 'schnorr' ? { ...way.options, auxRand } : way.options;
    const made = await noble.signMany(type, messages, options);
    const expected = await native.signMany(type, messages, options);
    const publicKey = await native.publicKey(type);
    for (const [i, message] of messages.entries()) {
      equalBytes(made[i]!, expected[i]!, `message of ${message.length} bytes`);
      equalBytes(await noble.sign(type, message, options), expected[i]!, 'single');
      assert.ok(isRight(publicKey, scheme, hash, message, made[i]!));
      for (const vault of [noble, native]) {
        assert.is(await vault.verify(type, message, expected[i]!, way.options), true);
        assert.is(await vault.verify(type, message, expected[i]!.slice().fill(7, 3, 9), way.options), false);
      }
    }
  });
}

compared('what is derived from a seed is the same', async () => {
  for (const path of ['m', "m/0'", "m/44'/60'/0'/0/7"]) {
    const [made, expected] = await Promise.all(
      [noble, native].map((vault) => vault.execute('seed', 'extendedPublicKey', { path })),
    );
    assert.equal(made, expected, path);
  }
  const paths = { ed25519: "m/44'/0'", x25519: "m/1'", secp256k1: 'm/5/6', 'bls12-381': 'm/12381/3600/0/0/0' } as const;
  for (const [type, path] of Object.entries(paths) as [keyof typeof paths, string][]) {
    const [made, expected] = await Promise.all(
      [noble, native].map((vault) => vault.register(`derived/${type}`, { type, from: { seed: 'seed', path } })),
    );
    equalBytes(made!.publicKey, expected!.publicKey, type);
    assert.equal([made!.source, expected!.source], ['seed', 'seed']);
  }
});

compared('aggregates are the same', async () => {
  const ids = ['bls12-381', 'bls12-381/second'];
  equalBytes(await noble.signTogether(ids, MESSAGES[1]!), await native.signTogether(ids, MESSAGES[1]!));
});

test('a released key of the portable provider is gone like any other', async () => {
  await noble.register('gone', { type: 'bls12-381', from: 'generate' });
  await noble.release('gone');
  await rejects(noble.sign('gone', MESSAGES[1]!), 'ERR_KEY_NOT_FOUND');
  await rejects(noble.sign('x25519', MESSAGES[1]!), 'ERR_OPERATION_UNSUPPORTED');
});

for (const provider of hasNative ? (['native', 'noble'] as const) : (['noble'] as const)) {
  test(`with verifyAfterSign every signature is made as without it (${provider})`, async () => {
    await using careful = await openVault({ threads: 1, provider, verifyAfterSign: true, keys });
    for (const { type, scheme, hash, options } of WAYS) {
      const message = random.bytes(32);
      const signature = await careful.sign(type, message, options);
      assert.ok(isRight(await careful.publicKey(type), scheme, hash, message, signature), scheme);
    }
    const expected = await careful.sign('ed25519', MESSAGES[2]!);
    const many = await careful.signMany('ed25519', new Array(200).fill(MESSAGES[2]));
    for (const signature of many) equalBytes(signature, expected);
  });
}

/** Sign one message by each scheme with real providers, under which something goes wrong. */
const signWith = async (spoil: (providers: Providers) => Providers, verifyAfterSign: boolean): Promise<Uint8Array> => {
  const layout = layoutFor(4, 1, 0);
  const buffer = new SharedArrayBuffer(layout.byteLength);
  const slots = openSlots(buffer, layout);
  const scratch = new Uint8Array(buffer, layout.seatsOffset + 128, SCRATCH_BYTES);
  const { providers } = await chooseProviders('auto');
  const operators = await loadOperatorTools('auto');
  const writer = createFrameWriter(256);
  const schemes: [keyof typeof ONE_OF_EACH, Scheme][] = [
    ['ed25519', 'ed25519'],
    ['secp256k1', 'ecdsa'],
    ['secp256k1', 'schnorr'],
    ['bls12-381', 'bls12-381'],
  ];
  schemes.forEach(([type, scheme], slot) => {
    const secret = new Uint8Array(buffer, layout.stagingOffset, 32);
    secret.set(random.bytes(32));
    secret[0]! &= 0x3f;
    providers[type].load(secret, slots.view(slot as Slot), scratch);
    writer.add({ slot: slot as Slot, generation: 0 }, schemeCode(scheme), 0, random.bytes(32), undefined);
  });
  const operations = writer.finish().slice(8);
  const context = { slots, providers: spoil(providers), operators, scratch, verifyAfterSign, pause: () => undefined };
  return new Uint8Array(signOperations(operations, schemes.length, context));
};

/** Providers whose signatures have one bit wrong. */
const flipping = (providers: Providers): Providers =>
  Object.fromEntries(
    Object.entries(providers).map(([type, provider]) => [
      type,
      {
        ...provider,
        sign(...args: Parameters<typeof provider.sign>) {
          provider.sign(...args);
          args[4][random.int(args[4].length)]! ^= 1 << random.int(8);
        },
      },
    ]),
  ) as unknown as Providers;

const statusesOf = (reply: Uint8Array): string[] =>
  Array.from(reply.subarray(REPLY_HEADER_BYTES, REPLY_HEADER_BYTES + 4), (status) => STATUS_CODES[status]!);

test('a signature that does not verify is withheld: a status, and no bytes', async () => {
  const reply = await signWith(flipping, true);
  assert.equal(statusesOf(reply), new Array(4).fill('ERR_SIGNATURE_FAULT'));
  assert.is(reply.length, REPLY_HEADER_BYTES + 4, 'nothing follows the statuses');
  assert.is(reply.buffer.byteLength, reply.length, 'nor lies behind them');
  const unchecked = await signWith(flipping, false);
  assert.equal(statusesOf(unchecked), new Array(4).fill('OK'), 'positive control: without the option they leave');
  assert.is(unchecked.length, REPLY_HEADER_BYTES + 4 + 64 * 3 + 96);
  assert.equal(statusesOf(await signWith((providers) => providers, true)), new Array(4).fill('OK'));
});

test('a provider that throws gives a status, no bytes and no text', async () => {
  const reply = await signWith(
    (providers) =>
      Object.fromEntries(
        Object.entries(providers).map(([type, provider]) => [
          type,
          {
            ...provider,
            sign(...args: Parameters<typeof provider.sign>) {
              provider.sign(...args);
              throw new Error('a secret might be in this text');
            },
          },
        ]),
      ) as unknown as Providers,
    false,
  );
  assert.equal(statusesOf(reply), new Array(4).fill('ERR_INTERNAL'));
  assert.is(reply.buffer.byteLength, REPLY_HEADER_BYTES + 4);
});

test.run();
