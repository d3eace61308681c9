// The terminal's view of a comparison, at most 100 columns wide.
import { type Against, type ComparedRow, type Comparison, MIN_CHANGE } from './compare.js';
import { median } from './measure.js';
import { bulletLines, rowOf, wrap } from './text.js';

/** Label, then, now, change, the change that would have been called, verdict: with their gaps at most 100 columns. */
const COLUMNS = [44, 10, 10, 8, 9, 8] as const;
const GAP = '  ';

const figure = (value: number): string => {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 2);
};
const percent = (part: number): string => `${part < 0 ? '−' : '+'}${(Math.abs(part) * 100).toFixed(1)}%`;

const line = ([label = '', ...rest]: readonly string[]): string =>
  rowOf([label.slice(0, COLUMNS[0]), ...rest], COLUMNS, GAP);

const bullets = (title: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : ['', title, ...bulletLines(items)];

const rowLine = ({ label, old, now, change, seenFrom, verdict }: ComparedRow): string =>
  line([
    `  ${label}`,
    figure(old),
    figure(now),
    change === undefined ? '' : percent(change),
    seenFrom === undefined ? '' : `${(seenFrom * 100).toFixed(1)}%`,
    verdict === 'undecidable' ? '' : verdict,
  ]);

const IN_WORDS: Readonly<Record<Against, string>> = {
  baseline: 'the baseline',
  ceiling: 'the ceiling',
  peer: 'peers',
  itself: 'itself',
  run: 'the run',
};

const tableLines = (rows: readonly ComparedRow[]): string[] =>
  [...new Set(rows.map(({ measurement }) => measurement))].flatMap((name) => {
    const own = rows.filter(({ measurement }) => measurement === name);
    const against = [...new Set(own.flatMap((row) => row.against))].map((each) => IN_WORDS[each]).join(', ');
    return [
      '',
      ...wrap(`${own[0]!.title}${against === '' ? '' : ` (against ${against})`}`, '', '  '),
      ...own.flatMap((row) => [
        rowLine(row),
        ...(row.reason === undefined ? [] : wrap(`undecidable: ${row.reason}`, '    ')),
      ]),
    ];
  });

const controlLines = (controls: readonly number[]): string[] => {
  if (controls.length === 0) return wrap('Nothing in these runs tells what the machine itself did.');
  const changes = controls.map(Math.expm1);
  const [least, most] = [Math.min(...changes), Math.max(...changes)];
  return wrap(
    `What Strongroom has no part in changed its speed by ${percent(median(changes))} (${percent(least)} to ${percent(most)}).`,
    '',
    '',
  );
};

const LEGEND =
  'change: beside what the machine did, by the reference that shows least. seen from: the smallest change that these two ' +
  `runs would have called, ${MIN_CHANGE * 100}% at the least.`;

const conclusion = ({ rows }: Comparison): string => {
  const count = (verdict: ComparedRow['verdict']): number => rows.filter((row) => row.verdict === verdict).length;
  const undecidable = count('undecidable');
  const decided = rows.length - undecidable;
  const rest = undecidable === 0 ? '' : `; ${undecidable} undecidable`;
  if (decided === 0) return `Nothing could be compared${rest}.`;
  return `Of ${decided} figures ${count('slower')} are slower, ${count('faster')} faster, ${count('same')} not beyond the spread${rest}.`;
};

export const comparisonLines = (comparison: Comparison): string[] => {
  const { old, now, rows, warnings, missing, controls } = comparison;
  return [
    ...wrap(
      `COMPARED with the run of ${old.startedAt} (strongroom ${old.strongroom}); this one: ${now.startedAt} (strongroom ${now.strongroom})`,
      '',
      '  ',
    ),
    ...(rows.length === 0 ? [] : [line(['', 'was', 'is', 'change', 'seen from', ''])]),
    ...tableLines(rows),
    '',
    ...controlLines(controls),
    ...(rows.length === 0 ? [] : wrap(LEGEND)),
    ...bullets('Before you believe it:', warnings),
    ...bullets('Not compared:', missing),
    '',
    conclusion(comparison),
  ];
};
