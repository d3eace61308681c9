// A part of the residue matrix: natively, every source through the life of a key and every end that it can have, with
// types that each run chooses (support/share.ts). `npm run residue` runs all of it, many times over. The scanner's own
// control is scanner.test.ts.
import type { KeyType } from 'strongroom';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { share } from '../support/share.js';
import { suite } from '../support/suite.js';
import { ALL_TYPES, type LockedSource, SOURCES, type Source } from './keys.js';
import { type Finding, HELD_MOMENTS, type MatrixOptions, runMatrix, SCENARIO_NAMES, type Scenario } from './matrix.js';
import { whyNoScan } from './scanner/support.js';
import { formatHits, formatTable } from './table.js';

const test = suite('what a key leaves behind');
test.timeout(120_000);

const NATIVE: MatrixOptions = {
  types: ALL_TYPES,
  sources: SOURCES,
  provider: 'native',
  threads: 2,
  scenarios: SCENARIO_NAMES,
  signatures: (scheme) => (scheme === 'bls12-381' ? 50 : 400),
};

type Part = { readonly sources: readonly (Source | LockedSource)[]; readonly types: readonly KeyType[] };
/** Of locked sources one of each kind; `npm run residue` has them all. */
const ALL_KINDS: Part['sources'] = [...SOURCES, 'mnemonic env', 'path', 'keystore scrypt', 'sealed create'];
const SIGNING_SOURCES: Part['sources'] = [...SOURCES, 'path'];

/** Every source in every run; types, and cells with a scan or an export of their own, are others in each. */
const random = seededRandom('cells of the residue matrix');
const someTypes = (signing: number): KeyType[] => [
  ...share(random, ['ed25519', 'secp256k1', 'bls12-381'] as const, signing / 3),
  ...share(random, ['x25519', 'seed'] as const, 1 / 2),
];
const one = <T>(...items: readonly T[]): T[] => share(random, items, 1 / items.length);
const PARTS: Readonly<Record<Scenario, Part>> = {
  life: { sources: ALL_KINDS, types: someTypes(2) },
  close: { sources: ALL_KINDS, types: someTypes(1) },
  'failed start': { sources: ALL_KINDS, types: someTypes(2) },
  'signer killed': { sources: SIGNING_SOURCES, types: someTypes(1) },
  'vault ended': { sources: SIGNING_SOURCES, types: someTypes(1) },
  // A scan for each key.
  register: {
    sources: [...one<Source>('file raw', 'bytes'), ...one<LockedSource>('keystore scrypt', 'sealed create')],
    types: ['secp256k1', ...one<KeyType>('x25519', 'seed')],
  },
  refused: {
    sources: ['mnemonic file', ...one<LockedSource>('keystore scrypt', 'sealed')],
    types: ['secp256k1', 'seed'],
  },
  // Most of it is scrypt.
  written: {
    sources: ['mnemonic bytes', ...one<Source | LockedSource>('file raw', 'keystore pbkdf2')],
    types: [...one<KeyType>('secp256k1', 'bls12-381'), ...one<KeyType>('ed25519', 'x25519'), 'seed'],
  },
};

const brokenOnes = (findings: readonly Finding[]): string => {
  const broken = findings.filter(({ kept }) => !kept);
  return broken.length === 0 ? '' : `not as promised:\n${formatTable(broken)}\n${formatHits(broken)}`;
};

const reason = whyNoScan();

if (reason !== undefined) {
  test.skip('no key leaves anything', reason);
} else {
  for (const scenario of SCENARIO_NAMES) {
    test(`native keys of every source are where they may be, and nowhere else (${scenario})`, async () => {
      const findings = await runMatrix({ ...NATIVE, ...PARTS[scenario], scenarios: [scenario] });
      assert.ok(findings.length > 0);
      assert.is(brokenOnes(findings), '');
      // The control: the same scan sees each key while the vault has it.
      const held = findings.filter(({ moment }) => HELD_MOMENTS.includes(moment));
      assert.ok(held.every(({ inArena }) => inArena === 1));
    });
  }

  // Among many keys those that follow write over what one leaves on a stack or in registers.
  test('one key of a sealed file leaves nothing of the file key either, when no other follows it', async () => {
    const alone = { ...NATIVE, sources: ['sealed create'], scenarios: ['failed start'] } as const;
    for (const type of one<KeyType>('seed', 'ed25519')) {
      assert.is(brokenOnes(await runMatrix({ ...alone, types: [type] })), '');
    }
  });

  test('keys of the noble provider are seen outside of the arena: the scan tells the difference', async () => {
    const findings = await runMatrix({
      ...NATIVE,
      types: ['ed25519', 'secp256k1'],
      sources: ['file raw'],
      provider: 'noble',
      scenarios: ['life'],
      signatures: () => 40,
    });
    for (const type of ['ed25519', 'secp256k1']) {
      assert.ok(findings.some((finding) => finding.type === type && finding.outside + finding.windows > 0));
    }
  });
}

test.run();
