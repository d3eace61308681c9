// A representative part of the residue matrix: every type from every source, natively, through every end that a key can
// have. `npm run residue` runs all of it, many times over. The scanner's own control is scanner.test.ts.
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { SOURCES, type Source, TYPES } from './keys.js';
import { type Finding, HELD_MOMENTS, type MatrixOptions, runMatrix, SCENARIO_NAMES } from './matrix.js';
import { whyNoScan } from './scanner/support.js';
import { formatHits, formatTable } from './table.js';

const test = suite('what a key leaves behind');
test.timeout(120_000);

const NATIVE: MatrixOptions = {
  types: TYPES,
  sources: SOURCES,
  provider: 'native',
  threads: 2,
  scenarios: SCENARIO_NAMES,
  signatures: (scheme) => (scheme === 'bls12-381' ? 100 : 400),
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
      // Key by key takes a scan for each.
      const sources: readonly Source[] = scenario === 'register' ? ['file raw', 'bytes'] : SOURCES;
      const findings = await runMatrix({ ...NATIVE, scenarios: [scenario], sources });
      assert.ok(findings.length > 0);
      assert.is(brokenOnes(findings), '');
      // The control: the same scan sees each key while the vault has it.
      const held = findings.filter(({ moment }) => HELD_MOMENTS.includes(moment));
      assert.ok(held.every(({ inArena }) => inArena === 1));
    });
  }

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
