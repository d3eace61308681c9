// The matrix as text: a table, and the list of what was found where it must not be.
import { type Finding, HELD_MOMENTS, MOMENTS, type Moment } from './matrix.js';

const HEADS: Readonly<Record<Moment, string>> = {
  loaded: 'loaded',
  signed: 'signed',
  released: 'released',
  closed: 'closed',
  'failed start': 'failed',
  'signer killed': 'killed',
  'killed, released': 'k+rel.',
  'vault ended': 'ended',
  refused: 'refused',
  written: 'written',
};

/** `1`: one whole copy, in the arena. `1+2`: and two elsewhere. `~5`: and five windows of 16 bytes. */
const cellOf = (findings: readonly Finding[]): string => {
  if (findings.length === 0) return '';
  const most = (count: (finding: Finding) => number): number => Math.max(...findings.map(count));
  const [inArena, outside, windows] = [most((f) => f.inArena), most((f) => f.outside), most((f) => f.windows)];
  const broken = findings.some(({ kept }) => !kept) ? '!' : '';
  return `${inArena}${outside > 0 ? `+${outside}` : ''}${windows > 0 ? `~${windows}` : ''}${broken}`;
};

const groupBy = <T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
};

interface Row {
  readonly head: readonly string[];
  readonly cells: readonly string[];
}

const rowsOf = (findings: readonly Finding[], moments: readonly Moment[]): Row[] => {
  const groups = groupBy(findings, ({ provider, type, source }) => `${provider}|${type}|${source}`);
  return [...groups].map(([key, group]) => ({
    head: key.split('|'),
    cells: moments.map((moment) => cellOf(group.filter((finding) => finding.moment === moment))),
  }));
};

const seenMoments = (findings: readonly Finding[]): Moment[] =>
  MOMENTS.filter((moment) => findings.some((finding) => finding.moment === moment));

/** At most 100 characters wide. With several runs a cell holds the most that any of them found. */
export const formatTable = (findings: readonly Finding[]): string => {
  const moments = seenMoments(findings);
  const rows = [
    { head: ['', 'key', 'source'], cells: moments.map((moment) => HEADS[moment]) },
    ...rowsOf(findings, moments),
  ];
  const lines = rows.map(
    ({ head: [provider, type, source], cells }) =>
      `${provider?.padEnd(7)}${type?.padEnd(10)}${source?.padEnd(16)}${cells.map((cell) => cell.padStart(8)).join('')}`,
  );
  return lines.map((line) => line.trimEnd()).join('\n');
};

export const LEGEND: string = [
  '1 one whole copy, in the arena · 1+2 and two whole copies elsewhere, in any form',
  '~5 and five 16-byte windows of parts · ! more than the vault promises',
].join('\n');

/** What was found outside of the arena or after the end, alike ones counted together. */
export const formatHits = (findings: readonly Finding[]): string => {
  const lines = findings.flatMap(({ provider, type, source, moment, hits }) =>
    hits
      .filter((hit) => !hit.inArena || !hit.whole || !HELD_MOMENTS.includes(moment) || hit.secret.includes(': '))
      .map(({ secret, form, whole, bytes, where }) => {
        const [, trace = ''] = /(: .*)/.exec(secret) ?? [];
        const what = `${whole ? form : `${bytes} bytes of ${form}`}${trace.replace(': ', ' of ')}`;
        // noble leaves so much that only what is left matters, not of which source.
        const key = provider === 'noble' ? `noble ${type}` : `native ${type}, ${source}`;
        return `${key}, ${moment}: ${what} in ${where.replace(/thread \d+/, 'a thread')}`;
      }),
  );
  const counts = [...groupBy(lines, (line) => line)].map(
    ([line, same]) => `${String(same.length).padStart(5)} × ${line}`,
  );
  return counts.join('\n');
};

/** For a document: one table for each provider. */
export const formatMarkdown = (findings: readonly Finding[]): string => {
  const moments = seenMoments(findings);
  const lines = (['native', 'noble'] as const).flatMap((provider) => {
    const rows = rowsOf(
      findings.filter((finding) => finding.provider === provider),
      moments,
    );
    if (rows.length === 0) return [];
    return [
      `| ${provider} | source | ${moments.join(' | ')} |`,
      `|---|---|${moments.map(() => '--:|').join('')}`,
      ...rows.map(({ head: [, type, source], cells }) => `| ${type} | ${source} | ${cells.join(' | ')} |`),
      '',
    ];
  });
  return lines.join('\n');
};
