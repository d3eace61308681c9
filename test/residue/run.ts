// npm run residue: the whole matrix, as a table.
//
//   node .build/test/residue/run.js [--provider native|noble] [--only WORD,…] [--runs N] [--full] [--json FILE] [--report FILE]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ALL_TYPES, LOCKED_SOURCES, SOURCES } from './keys.js';
import { type Finding, type Provider, runMatrix, SCENARIO_NAMES } from './matrix.js';
import { whyNoScan } from './scanner/support.js';
import { formatHits, formatMarkdown, formatTable, LEGEND } from './table.js';

const HELP = `Reads the memory of a process that runs the vault, from outside, and counts what is left of each key.

  --provider NAME   native or noble; default both
  --only WORDS      key types, sources ("file hex", env, …) and scenarios (${SCENARIO_NAMES.join(', ')}), with commas
  --runs N          repeat; a cell shows the most that was found in any run
  --threads N       signer threads; default 2
  --full            10,000 signatures of each key in each scheme, slow ones too
  --json FILE       every finding
  --report FILE     the table in Markdown
`;

/** Signatures of each key in each scheme. Without --full the slow ones are fewer, by what they cost. */
const SIGNATURES: Readonly<Record<Provider, (scheme: string) => number>> = {
  native: (scheme) => (scheme === 'bls12-381' ? 1_000 : 10_000),
  noble: (scheme) => (scheme === 'bls12-381' ? 10 : scheme === 'schnorr' ? 100 : 500),
};
const FULL_SIGNATURES = 10_000;

const { values } = parseArgs({
  options: {
    provider: { type: 'string' },
    only: { type: 'string' },
    runs: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    full: { type: 'boolean', default: false },
    json: { type: 'string' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const words = values.only?.split(',').map((word) => word.trim()) ?? [];
const ALL_SOURCES = [...SOURCES, ...LOCKED_SOURCES];
/** Those that are named; all when none of them is. */
const chosen = <T extends string>(all: readonly T[]): readonly T[] => {
  const named = all.filter((each) => words.includes(each));
  return named.length > 0 ? named : all;
};

const main = async (): Promise<void> => {
  const unknown = words.filter(
    (word) => ![...ALL_TYPES, ...ALL_SOURCES, ...SCENARIO_NAMES].some((known) => known === word),
  );
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `unknown: ${unknown.join(', ')}\n\n${HELP}` : HELP);
    process.exitCode = unknown.length > 0 ? 2 : 0;
    return;
  }
  const reason = whyNoScan();
  if (reason !== undefined) {
    console.log(`NOT RUN: ${reason}`);
    return;
  }
  const findings: Finding[] = [];
  const runs = Number(values.runs);
  for (let run = 1; run <= runs; run++) {
    for (const provider of (['native', 'noble'] as const).filter((name) => (values.provider ?? name) === name)) {
      const begun = performance.now();
      const found = await runMatrix({
        types: chosen(ALL_TYPES),
        sources: chosen(ALL_SOURCES),
        provider,
        threads: Number(values.threads),
        scenarios: chosen(SCENARIO_NAMES),
        signatures: values.full ? () => FULL_SIGNATURES : SIGNATURES[provider],
      });
      findings.push(...found);
      const broken = found.filter(({ kept }) => !kept).length;
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      console.log(`run ${run} of ${runs}, ${provider}: ${found.length} looks, ${broken} not as promised, ${seconds} s`);
    }
  }
  console.log(`\n${formatTable(findings)}\n\n${LEGEND}`);
  const hits = formatHits(findings);
  if (hits !== '') console.log(`\nFound beyond the one copy in the arena:\n${hits}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(findings, undefined, 1)}\n`);
  if (values.report !== undefined) writeFileSync(values.report, formatMarkdown(findings));
  // noble's numbers are measured, not promised, but for the arena: its big integers can't be wiped.
  if (findings.some(({ kept }) => !kept)) process.exitCode = 1;
};

await main();
