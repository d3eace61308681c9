// How fast keys come and go: registered one after another while others are under way, then released in the same way.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { type KeySpec, openVault } from 'strongroom';
import type { Context } from '../context.js';
import { makeSecret, SIGNED_TYPES, type SignedType } from '../keys.js';
import { type Contestant, figureName, type Measurement, of, type Row, type Samples, spreadOf } from '../measure.js';

const BATCH = 64;
const PACE = 0.3;
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex'); // RFC 8410 §7

const REGISTER = 'register';
const RELEASE = 'release';
const SOURCES = { generate: "'generate'", bytes: 'bytes' } as const;
type Source = keyof typeof SOURCES;

/** Keys per second that a function makes, in batches. */
const makeKeys =
  (make: (secret: Uint8Array) => unknown): Contestant['run'] =>
  async (seconds) => {
    let spent = 0;
    let keys = 0;
    for (; spent < seconds * 1000; keys += BATCH) {
      const secrets = Array.from({ length: BATCH }, makeSecret);
      const begun = performance.now();
      for (const secret of secrets) make(secret);
      spent += performance.now() - begun;
    }
    return (keys / spent) * 1000;
  };

/** The same key as the vault makes, its public key included, in the heap of this thread and for nobody to release. */
const byOpenssl: readonly Contestant[] = [
  {
    name: 'node:crypto, generate',
    run: makeKeys(() => generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' })),
  },
  {
    name: 'node:crypto, from bytes',
    run: makeKeys((secret) => {
      const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' });
      return createPublicKey(key).export({ format: 'der', type: 'spki' });
    }),
  },
];

export const register = async ({ options }: Context): Promise<Measurement> => {
  const types: readonly SignedType[] = options.full ? SIGNED_TYPES : ['ed25519'];
  const vault = await openVault({ threads: options.threads, memory: { maxKeys: BATCH } });

  const keysOf = (type: SignedType, source: Source): Contestant => {
    const spec = (): KeySpec => ({
      type,
      from: source === 'generate' ? 'generate' : { bytes: makeSecret(), encoding: 'raw' },
    });
    return {
      name: `${type}, ${SOURCES[source]}`,
      async run(seconds) {
        const spent = { register: 0, release: 0 };
        let keys = 0;
        for (; spent.register + spent.release < seconds * 1000; keys += BATCH) {
          const specs = Array.from({ length: BATCH }, spec);
          const begun = performance.now();
          await Promise.all(specs.map((each, i) => vault.register(`key/${i}`, each)));
          const registered = performance.now();
          await Promise.all(specs.map((_, i) => vault.release(`key/${i}`)));
          spent.register += registered - begun;
          spent.release += performance.now() - registered;
        }
        const { keysUsed } = vault.info().memory;
        if (keysUsed !== 0) throw new Error(`${keysUsed} keys were released and are there`);
        return { [REGISTER]: (keys / spent.register) * 1000, [RELEASE]: (keys / spent.release) * 1000 };
      },
    };
  };
  const own = types.flatMap((type) => [keysOf(type, 'generate'), keysOf(type, 'bytes')]);

  return {
    name: 'register',
    group: 'cost',
    title: `Keys registered and released, ${BATCH} calls at once: keys/s`,
    unit: 'keys/s',
    better: 'more',
    pace: PACE,
    contestants: [...byOpenssl, ...own],
    rows(samples: Samples): Row[] {
      const row = (label: string, sample: string, role: 'peer' | 'strongroom'): Row => ({
        label,
        role,
        sample,
        value: spreadOf(of(samples, sample)),
      });
      return [
        ...byOpenssl.map(({ name }) => row(name, name, 'peer')),
        ...own.flatMap(({ name }) =>
          [REGISTER, RELEASE].map((figure) => {
            const sample = figureName(name, figure);
            return row(sample, sample, 'strongroom');
          }),
        ),
      ];
    },
    close: () => vault.close(),
  };
};
