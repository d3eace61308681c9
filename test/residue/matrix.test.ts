// A representative part of the residue matrix: natively, every type from every source through its life, and every source
// through every end that a key can have. `npm run residue` runs all of it, many times over. The scanner's own control is
// scanner.test.ts.
import type { KeyType } from 'strongroom';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
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
  signatures: (scheme) => (scheme === 'bls12-381' ? 100 : 400),
};

type Part = { readonly sources: readonly (Source | LockedSource)[]; readonly types?: readonly KeyType[] };
/** Of locked sources one of each kind; `npm run residue` has them all. */
const PART: Part = { sources: [...SOURCES, 'mnemonic env', 'path', 'keystore scrypt', 'sealed create'] };
/** Ends of every source, each with three types of the five, others in each run. Together they have every type. */
const offset = seededRandom('types of the residue matrix').int(ALL_TYPES.length);
const someTypes = (turn: number): readonly KeyType[] =>
  [0, 1, 2].map((i) => ALL_TYPES[(offset + 3 * turn + i) % ALL_TYPES.length] as KeyType);
const SIGNING_SOURCES: Part['sources'] = [...SOURCES, 'path'];
const PARTS: Readonly<Partial<Record<Scenario, Part>>> = {
  close: { ...PART, types: someTypes(0) },
  'signer killed': { sources: SIGNING_SOURCES, types: someTypes(0) },
  'vault ended': { sources: SIGNING_SOURCES, types: someTypes(1) },
  // A scan for each key.
  register: {
    sources: ['file raw', 'bytes', 'keystore scrypt', 'sealed create'],
    types: ['secp256k1', 'x25519', 'seed'],
  },
  refused: { sources: ['mnemonic file', 'keystore scrypt', 'sealed'], types: ['secp256k1', 'seed'] },
  written: { sources: ['file raw', 'mnemonic bytes', 'keystore pbkdf2'] },
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
    test(`native keys of every type and source are where they may be, and nowhere else (${scenario})`, async () => {
      const findings = await runMatrix({ ...NATIVE, ...(PARTS[scenario] ?? PART), scenarios: [scenario] });
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
    for (const type of ['seed', 'ed25519'] as const) {
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
