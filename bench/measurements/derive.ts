// How fast keys derive from a seed by their paths: registered one after another while others are under way. Releasing
// them is not timed.
import { pbkdf2Sync } from 'node:crypto';
import { type KeySpec, openVault } from 'strongroom';
import { parsePath } from '../../dist/src/wire/path.js';
import { deriveSecret } from '../../dist/workers/derive/derive.js';
import { loadDeriveTools } from '../../dist/workers/derive/tools.js';
import type { Context } from '../context.js';
import { SIGNED_TYPES, type SignedType } from '../keys.js';
import { type Contestant, type Measurement, of, type Row, ratios, type Samples, spreadOf } from '../measure.js';

const BATCH = 64;
const PACE = 0.3;
/** As wallets and validators have them: five steps each. */
const PATHS: Readonly<Record<SignedType, (account: number) => string>> = {
  ed25519: (account) => `m/44'/501'/${account}'/0'/0'`,
  secp256k1: (account) => `m/44'/60'/0'/0/${account}`,
  'bls12-381': (account) => `m/12381/3600/${account}/0/0`,
};
const SCRATCH_BYTES = 4096;

const perSecond = async (seconds: number, batch: (from: number) => Promise<number>): Promise<number> => {
  let spent = 0;
  let keys = 0;
  for (; spent < seconds * 1000; keys += BATCH) spent += await batch(keys);
  return (keys / spent) * 1000;
};

export const derive = async ({ options }: Context): Promise<Measurement> => {
  const seed = new Uint8Array(pbkdf2Sync('bench', 'seed', 1, 64, 'sha512'));
  const vault = await openVault({
    threads: options.threads,
    memory: { maxKeys: BATCH + 1 },
    keys: { seed: { type: 'seed', from: { bytes: Uint8Array.from(seed), encoding: 'raw' } } },
  });
  const tools = await loadDeriveTools('noble');
  const scratch = new Uint8Array(SCRATCH_BYTES);
  const secret = new Uint8Array(32);

  const byNoble = (type: SignedType): Contestant => ({
    name: `${type}, hashes and points of noble, no vault`,
    run: (seconds) =>
      perSecond(seconds, async (from) => {
        const begun = performance.now();
        for (let i = 0; i < BATCH; i++) {
          const path = parsePath(type, PATHS[type](from + i));
          if (typeof path === 'string') throw new Error(path);
          deriveSecret(type, seed, path, secret, scratch, tools);
        }
        return performance.now() - begun;
      }),
  });
  const byVault = (type: SignedType): Contestant => ({
    name: `${type}, in the vault, with its public key`,
    run: (seconds) =>
      perSecond(seconds, async (from) => {
        const spec = (i: number): KeySpec => ({ type, from: { seed: 'seed', path: PATHS[type](from + i) } });
        const ids = Array.from({ length: BATCH }, (_, i) => `key/${i}`);
        const begun = performance.now();
        await Promise.all(ids.map((id, i) => vault.register(id, spec(i))));
        const spent = performance.now() - begun;
        await Promise.all(ids.map((id) => vault.release(id)));
        return spent;
      }),
  });
  const pairs = SIGNED_TYPES.map((type) => [byNoble(type), byVault(type)] as const);

  return {
    name: 'derive',
    group: 'cost',
    title: `Keys derived from a seed by paths of five steps, ${BATCH} calls at once: keys/s`,
    unit: 'keys/s',
    better: 'more',
    pace: PACE,
    contestants: pairs.flat(),
    rows: (samples: Samples): Row[] =>
      pairs.flatMap(([noble, own]): Row[] => {
        const base = of(samples, noble.name);
        const values = of(samples, own.name);
        return [
          { label: noble.name, role: 'peer', sample: noble.name, value: spreadOf(base) },
          {
            label: own.name,
            role: 'strongroom',
            sample: own.name,
            value: spreadOf(values),
            ratio: spreadOf(ratios(values, base)),
          },
        ];
      }),
    close: () => vault.close(),
  };
};
