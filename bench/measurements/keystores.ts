// From many encrypted keys to an open vault: a folder of keystores, each with a key derivation of its own, against the
// same keys in one sealed file. The derivations are far cheaper than real ones, so that what else it costs can be seen.
import { scryptSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyLoad, type KeySpec, openVault } from 'strongroom';
import type { Context } from '../context.js';
import { type Contestant, type Measurement, median, of, type Row, ratios, type Samples, spreadOf } from '../measure.js';

const KEYS = 1_000;
const KEYS_OF_SMOKE = 8;
/** scrypt's N: real keystores have 262,144. */
const COST = 1024;
const SEALING = { memory: 8 * 1024 * 1024, passes: 1 };
/** A run is one start at least. */
const PACE = 0.3;

const password = (): { readonly bytes: Uint8Array } => ({ bytes: Uint8Array.from(Buffer.from('benchmark')) });

/** Keys that exist for this measurement, in both forms. */
const writeKeys = async (folder: string, count: number): Promise<void> => {
  const spec: KeySpec = { type: 'bls12-381', from: 'generate', allow: ['export'] };
  const ids = Array.from({ length: count }, (_, i) => `validator/${i}`);
  const vault = await openVault({ keys: Object.fromEntries(ids.map((id) => [id, spec])) });
  try {
    for (const [i, id] of ids.entries()) {
      await vault.exportKeystore(id, { file: join(folder, `${i}.json`), password: password(), n: COST });
    }
    await vault.seal({ file: join(folder, 'keys.sealed'), password: password(), cost: SEALING });
  } finally {
    await vault.close();
  }
};

export const keystores = async ({ options }: Context): Promise<Measurement> => {
  const count = options.smoke ? KEYS_OF_SMOKE : KEYS;
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await writeKeys(folder, count);
  } catch (error) {
    remove();
    throw error;
  }

  const opened = (name: string, load: () => KeyLoad): Contestant => ({
    name,
    async run(seconds) {
      const taken: number[] = [];
      let spent = 0;
      do {
        const begun = performance.now();
        const vault = await openVault({ threads: options.threads, load: [load()] });
        taken.push(performance.now() - begun);
        spent += taken.at(-1)!;
        const found = vault.keys().length;
        await vault.close();
        if (found !== count) throw new Error(`${found} of ${count} keys were loaded`);
      } while (spent < seconds * 1000);
      return (count / median(taken)) * 1000;
    },
  });
  const alone: Contestant = {
    name: 'the key derivations alone, by node:crypto on one core',
    run(seconds) {
      const salt = Buffer.alloc(32, 1);
      let derived = 0;
      const begun = performance.now();
      for (; performance.now() - begun < seconds * 1000; derived++) {
        scryptSync('benchmark', salt, 32, { N: COST, r: 8, p: 1 });
      }
      return Promise.resolve((derived / (performance.now() - begun)) * 1000);
    },
  };
  const folderOf = opened('a folder of keystores', () => ({
    keystores: folder,
    passwords: password(),
    id: 'validator/{pubkey}',
  }));
  const sealed = opened('one sealed file', () => ({ sealed: join(folder, 'keys.sealed'), password: password() }));

  return {
    name: 'keystores',
    group: 'cost',
    title: `A start with ${count} bls12-381 keys, scrypt at N = ${COST}: keys/s`,
    unit: 'keys/s',
    better: 'more',
    pace: PACE,
    contestants: [alone, folderOf, sealed],
    rows(samples: Samples): Row[] {
      const base = of(samples, alone.name);
      const row = ({ name }: Contestant, role: 'baseline' | 'strongroom'): Row => {
        const values = of(samples, name);
        return { label: name, role, sample: name, value: spreadOf(values), ratio: spreadOf(ratios(values, base)) };
      };
      return [row(alone, 'baseline'), row(folderOf, 'strongroom'), row(sealed, 'strongroom')];
    },
    async close() {
      remove();
    },
  };
};
