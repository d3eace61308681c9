// What changed between two results. A figure is called faster or slower only where that shows beyond the spread of both
// runs, against everything in the runs that tells what the machine itself did. Arithmetic only: files are read by
// read-result.ts, and what a comparison looks like is compare-report.ts's matter.
import { median, ratios } from './measure.js';
import type { JudgedRow, MeasurementResult, Result } from './result.js';
import { holm, momentsOf, pullIn, studentQuantile, studentTail, variance, welch } from './statistics.js';

/** Rounds of each result below which nothing is decided. */
export const MIN_ROUNDS = 5;
/** A change below this is of no interest, however sure it is: 3%. */
export const MIN_CHANGE = 0.03;
/** The chance that a comparison of equal programs calls anything slower; the same again for faster. */
const ALPHA = 0.025;
/** Standard deviation, on a log scale, of what differs from run to run and not from round to round. */
const RUN_TO_RUN = 0.015;
/** Outliers are pulled in to this many standard deviations. */
const OUTLIER = 3;
/** A measurement with so many figures tells what its usual spread is. */
const MIN_ALIKE = 3;
/** How far a figure's own variance may be from the usual one of its measurement, to be taken for a draw of it. */
const ALIKE = { least: 1 / 3, most: 2 } as const;
/** From this change of the machine's own speed a reader is warned. */
const MUCH_DRIFT = 0.15;
/** Where half of the figures would have to change by more than this to be called, a reader is warned too. */
const MUCH_SPREAD = 0.1;

/** What a figure was seen against. 'itself' is the bare figure, 'run' what all controls of the run did. */
export type Against = 'baseline' | 'ceiling' | 'peer' | 'itself' | 'run';
export type Verdict = 'slower' | 'faster' | 'same' | 'undecidable';

export interface ComparedRow {
  readonly measurement: string;
  readonly title: string;
  readonly label: string;
  readonly sample: string;
  readonly better: 'more' | 'less';
  /** Medians over the rounds. */
  readonly old: number;
  readonly now: number;
  readonly against: readonly Against[];
  /** Change of the figure, beside what the machine did: -0.1 is a tenth less. By the reference that shows least. */
  readonly change?: number;
  /** The smallest change that would have been called. */
  readonly seenFrom?: number;
  /** Chance of at least this change without a cause, in the direction seen, adjusted for the number of figures. */
  readonly chance?: number;
  readonly verdict: Verdict;
  /** Why nothing was decided. */
  readonly reason?: string;
}

export interface Comparison {
  readonly old: { readonly startedAt: string; readonly strongroom: string };
  readonly now: { readonly startedAt: string; readonly strongroom: string };
  /** How the two runs differ in what they ran on and with, and what else makes them hard to compare. */
  readonly warnings: readonly string[];
  /** What only one of the two has. */
  readonly missing: readonly string[];
  readonly rows: readonly ComparedRow[];
  /** By how much those changed that Strongroom has no part in, in speed. */
  readonly controls: readonly number[];
  readonly slower: boolean;
  readonly faster: boolean;
}

/** A change of speed on a log scale: above 0 is faster. */
interface Change {
  readonly against: Against;
  readonly speed: number;
  readonly standardError: number;
  readonly degrees: number;
}

const samplesOf = ({ samples }: MeasurementResult, { sample }: JudgedRow): readonly number[] | undefined =>
  sample !== undefined && Object.hasOwn(samples, sample) ? samples[sample] : undefined;

/** Strongroom's rows, each sample once: some tables show one in two units. */
const oursIn = ({ rows }: MeasurementResult): JudgedRow[] => {
  const ours = rows.filter(({ role, sample }) => role === 'strongroom' && sample !== undefined);
  return ours.filter(({ sample }, i) => ours.findIndex((row) => row.sample === sample) === i);
};

/** The contestant of a role that stands nearest before a row, at the same place on the axis where there is one. */
const nearest = ({ rows }: MeasurementResult, row: JudgedRow, role: 'baseline' | 'ceiling'): JudgedRow | undefined => {
  const all = rows.filter((each) => each.role === role && each.sample !== undefined);
  const there = all.filter(({ x, series }) => row.x !== undefined && x === row.x && series !== row.series);
  const candidates = there.length > 0 ? there : all;
  const at = rows.indexOf(row);
  return candidates.findLast((each) => rows.indexOf(each) < at) ?? candidates[0];
};

interface Reference {
  readonly against: Against;
  readonly row: JudgedRow;
}

/**
 * What tells the machine's part in a row's change. The baseline runs on one core and the ceiling on all: a neighbour's
 * load on the other core slows only the second, a slower clock both, and Strongroom lies between them. So a change has
 * to show against both. Peers stand in where the table's first line is no contestant.
 */
const referencesOf = (measurement: MeasurementResult, row: JudgedRow): Reference[] => {
  if (row.ratio === undefined) return [];
  const found = (['baseline', 'ceiling'] as const).flatMap((role): Reference[] => {
    const reference = nearest(measurement, row, role);
    return reference === undefined ? [] : [{ against: role, row: reference }];
  });
  if (found.length > 0) return found;
  return measurement.rows
    .filter(({ role, sample }) => role === 'peer' && sample !== undefined)
    .map((peer) => ({ against: 'peer', row: peer }));
};

const changeOf = (
  old: readonly number[],
  now: readonly number[],
  better: 'more' | 'less',
  against: Against,
): Change => {
  const [before, after] = pullIn(old.map(Math.log), now.map(Math.log), OUTLIER);
  const { difference, standardError, degrees } = welch(momentsOf(after), momentsOf(before));
  return {
    against,
    speed: better === 'more' ? difference : -difference,
    standardError,
    degrees,
  };
};

const undecided = (old: readonly number[], now: readonly number[]): string | undefined => {
  if (Math.min(old.length, now.length) < MIN_ROUNDS) {
    return `too few rounds: ${old.length} and ${now.length}, it takes ${MIN_ROUNDS}`;
  }
  return [...old, ...now].every((value) => value > 0) ? undefined : 'a figure is not above zero';
};

/** The two results' views of one measurement. */
interface Pair {
  readonly old: MeasurementResult;
  readonly now: MeasurementResult;
}

interface Judged {
  readonly row: Omit<ComparedRow, 'verdict'>;
  readonly changes: readonly Change[];
}

const ratioChange = ({ old, now }: Pair, row: JudgedRow, { against, row: reference }: Reference): Change[] => {
  // The ceiling is named after its threads: it is paired by its part, not by its name.
  const before = old.rows.find(({ sample }) => sample === reference.sample) ?? nearestOf(old, row, against);
  const figures = [
    samplesOf(old, row),
    before && samplesOf(old, before),
    samplesOf(now, row),
    samplesOf(now, reference),
  ];
  const [oldOwn, oldOther, nowOwn, nowOther] = figures;
  if (!oldOwn || !oldOther || !nowOwn || !nowOther) return [];
  if ([...oldOther, ...nowOther].some((value) => value <= 0)) return [];
  if (oldOwn.length !== oldOther.length || nowOwn.length !== nowOther.length) return [];
  return [changeOf(ratios(oldOwn, oldOther), ratios(nowOwn, nowOther), now.better, against)];
};

const nearestOf = (old: MeasurementResult, row: JudgedRow, against: Against): JudgedRow | undefined => {
  const own = old.rows.find(({ sample }) => sample === row.sample);
  return own === undefined || (against !== 'baseline' && against !== 'ceiling')
    ? undefined
    : nearest(old, own, against);
};

/** The first point of a curve of the vault's, to which the others are compared: no control. */
const isOwn = ({ rows }: MeasurementResult, { series }: JudgedRow): boolean =>
  series !== undefined && rows.some((row) => row.role === 'strongroom' && row.series === series);

/** How the controls of a kind changed, in speed: of contestants that Strongroom has no part in. */
const controlChanges = (pairs: readonly Pair[], role: 'baseline' | 'ceiling'): number[] =>
  pairs.flatMap(({ old, now }) =>
    now.rows.flatMap((row) => {
      if (row.role !== role || row.ratio === undefined || isOwn(now, row)) return [];
      const [before, after] = [samplesOf(old, row), samplesOf(now, row)];
      if (!before || !after || undecided(before, after) !== undefined) return [];
      return [changeOf(before, after, now.better, 'itself').speed];
    }),
  );

/** A figure that nothing was measured beside: it has to change by itself, and against all that the machine did. */
const bareChanges = (own: Change, controls: readonly number[]): Change[] => {
  if (controls.length === 0) return [own];
  const error = controls.length === 1 ? RUN_TO_RUN : Math.sqrt(variance(controls) / controls.length);
  const speed = own.speed - median(controls);
  return [own, { ...own, against: 'run', speed, standardError: Math.hypot(own.standardError, error) }];
};

const judge = (pair: Pair, row: JudgedRow, controls: readonly number[]): Judged[] => {
  const { old, now } = pair;
  const [before, after] = [samplesOf(old, row), samplesOf(now, row)];
  if (before === undefined || after === undefined) return [];
  const named = {
    measurement: now.name,
    title: now.title,
    label: row.label,
    sample: row.sample!,
    better: now.better,
    old: median(before),
    now: median(after),
  };
  const reason = undecided(before, after);
  if (reason !== undefined) return [{ row: { ...named, against: [], reason }, changes: [] }];
  const paired = referencesOf(now, row).flatMap((reference) => ratioChange(pair, row, reference));
  const changes = paired.length > 0 ? paired : bareChanges(changeOf(before, after, now.better, 'itself'), controls);
  return [{ row: { ...named, against: changes.map(({ against }) => against) }, changes }];
};

/**
 * Five or six rounds tell little of a spread: by chance some figures seem to have none. Where a measurement has several
 * figures, those whose variance is about the usual one of the measurement are judged by the usual or their own,
 * whichever is greater, with the degrees of freedom of all of them. Then what differs from run to run is added.
 */
const withUsualSpread = (judged: readonly Judged[]): Judged[] => {
  const groups = new Map<string, Change[]>();
  const groupOf = ({ measurement }: Judged['row'], { against }: Change): string => `${against} ${measurement}`;
  for (const { row, changes } of judged) {
    for (const change of changes) {
      const name = groupOf(row, change);
      groups.set(name, [...(groups.get(name) ?? []), change]);
    }
  }
  const adjust = (row: Judged['row'], change: Change): Change => {
    const alike = groups.get(groupOf(row, change))!;
    const usual = median(alike.map(({ standardError }) => standardError ** 2));
    const own = change.standardError ** 2;
    const isAlike = alike.length >= MIN_ALIKE && own >= ALIKE.least * usual && own <= ALIKE.most * usual;
    return {
      ...change,
      standardError: Math.sqrt((isAlike ? Math.max(own, usual) : own) + RUN_TO_RUN ** 2),
      degrees: isAlike ? alike.reduce((sum, { degrees }) => sum + degrees, 0) : change.degrees,
    };
  };
  return judged.map(({ row, changes }) => ({ row, changes: changes.map((change) => adjust(row, change)) }));
};

const chanceSlower = ({ speed, standardError, degrees }: Change): number =>
  studentTail(-speed / standardError, degrees);
const chanceFaster = ({ speed, standardError, degrees }: Change): number => studentTail(speed / standardError, degrees);
/** It must show against every reference: the greatest of the chances is that of the whole. */
const greatest = (changes: readonly Change[], chance: (change: Change) => number): number =>
  Math.max(...changes.map(chance));

/** From a change of speed on a log scale to that of the figure. */
const asFigure = (speed: number, better: 'more' | 'less'): number => Math.expm1(better === 'more' ? speed : -speed);

const verdicts = (all: readonly Judged[]): ComparedRow[] => {
  const judged = withUsualSpread(all);
  const decided = judged.filter(({ changes }) => changes.length > 0);
  const slower = holm(decided.map(({ changes }) => greatest(changes, chanceSlower)));
  const faster = holm(decided.map(({ changes }) => greatest(changes, chanceFaster)));
  return judged.map(({ row, changes }): ComparedRow => {
    const at = decided.findIndex((each) => each.row === row);
    if (at === -1) return { ...row, verdict: 'undecidable' };
    const least = changes.reduce((a, b) =>
      Math.abs(a.speed / a.standardError) <= Math.abs(b.speed / b.standardError) ? a : b,
    );
    const tail = ALPHA / decided.length;
    const seenFrom = Math.max(
      MIN_CHANGE,
      ...changes.map(({ standardError, degrees }) => Math.expm1(standardError * studentQuantile(tail, degrees))),
    );
    const isEnough = (sign: number): boolean =>
      changes.every(({ speed }) => Math.sign(speed) === sign && Math.abs(asFigure(speed, row.better)) >= MIN_CHANGE);
    const isSlower = slower[at]! < ALPHA && isEnough(-1);
    const isFaster = faster[at]! < ALPHA && isEnough(1);
    return {
      ...row,
      change: asFigure(least.speed, row.better),
      seenFrom,
      chance: least.speed < 0 ? slower[at]! : faster[at]!,
      verdict: isSlower ? 'slower' : isFaster ? 'faster' : 'same',
    };
  });
};

const list = (values: readonly unknown[]): string => (values.length === 0 ? 'none' : values.join(' '));

/** How two runs differ in what decides the figures. The version of strongroom may differ: that is what is compared. */
const warningsOn = (old: Result, now: Result): string[] => {
  const warnings: string[] = [];
  const differ = (what: string, before: unknown, after: unknown): void => {
    if (String(before) !== String(after)) warnings.push(`${what}: was ${before}, is ${after}`);
  };
  const [before, after] = [old.environment, now.environment];
  differ('cpu', before.cpu, after.cpu);
  differ('cores', before.cores, after.cores);
  differ('memory (GiB)', before.memoryGiB, after.memoryGiB);
  differ('system', before.system, after.system);
  differ('node', before.node, after.node);
  differ("node's flags", list(before.flags), list(after.flags));
  for (const name of new Set([...Object.keys(before.packages), ...Object.keys(after.packages)])) {
    if (name === 'strongroom') continue;
    differ(name, before.packages[name] ?? 'unknown', after.packages[name] ?? 'unknown');
  }
  differ('threads', old.vault.threads, now.vault.threads);
  const providers = (vault: Result['vault']): string =>
    Object.entries(vault.providers)
      .map(([type, provider]) => `${type} ${provider}`)
      .join(', ');
  differ('providers', providers(old.vault), providers(now.vault));
  differ('memory locked', old.vault.memory.locked, now.vault.memory.locked);
  differ('seconds', old.seconds, now.seconds);
  for (const name of new Set([...Object.keys(old.sizes), ...Object.keys(now.sizes)] as (keyof Result['sizes'])[])) {
    differ(`size "${name}"`, JSON.stringify(old.sizes[name]), JSON.stringify(now.sizes[name]));
  }
  if (old.smoke || now.smoke) warnings.push('a smoke run takes part: its figures mean nothing');
  return warnings;
};

const warningsOnDrift = (controls: readonly number[]): string[] => {
  if (controls.length === 0) return [];
  const drift = Math.expm1(median(controls));
  if (Math.abs(drift) < MUCH_DRIFT) return [];
  const percent = `${Math.round(Math.abs(drift) * 100)}%`;
  return [`the machine itself was ${percent} ${drift < 0 ? 'slower' : 'faster'} this time: better run both again`];
};

const warningsOnSpread = (rows: readonly ComparedRow[]): string[] => {
  const smallest = rows.flatMap(({ seenFrom }) => seenFrom ?? []);
  if (smallest.length === 0 || median(smallest) <= MUCH_SPREAD) return [];
  return [
    `too unsteady to see a tenth: half of the figures had to change by ${Math.round(median(smallest) * 100)}% or more to be called`,
  ];
};

const missingOf = (old: Result, now: Result): string[] => {
  const one = (here: Result, there: Result, where: string): string[] =>
    here.measurements.flatMap((measurement) => {
      const other = there.measurements.find(({ name }) => name === measurement.name);
      if (other === undefined) return [`${measurement.name}: only in the ${where}`];
      return measurement.rows
        .filter((row) => row.sample !== undefined && other.samples[row.sample] === undefined)
        .map(({ sample }) => `${measurement.name}, ${sample}: only in the ${where}`);
    });
  return [...one(old, now, 'old result'), ...one(now, old, 'new one')];
};

/** Compare two results of the same version of their format. */
export const compare = (old: Result, now: Result): Comparison => {
  const missing = missingOf(old, now);
  const pairs = now.measurements.flatMap((measurement): Pair[] => {
    const before = old.measurements.find(({ name }) => name === measurement.name);
    if (before === undefined) return [];
    if (before.better === measurement.better && before.unit === measurement.unit)
      return [{ old: before, now: measurement }];
    missing.push(`${measurement.name}: measured in ${before.unit} then, in ${measurement.unit} now`);
    return [];
  });
  const ceilings = controlChanges(pairs, 'ceiling');
  const baselines = controlChanges(pairs, 'baseline');
  // Ceilings use as many cores as the vault does.
  const controls = ceilings.length > 0 ? ceilings : baselines;
  const rows = verdicts(pairs.flatMap((pair) => oursIn(pair.now).flatMap((row) => judge(pair, row, controls))));
  const of = ({ startedAt, environment }: Result): Comparison['old'] => ({
    startedAt,
    strongroom: environment.packages.strongroom ?? 'unknown',
  });
  return {
    old: of(old),
    now: of(now),
    warnings: [...warningsOn(old, now), ...warningsOnDrift(controls), ...warningsOnSpread(rows)],
    missing,
    rows,
    controls,
    slower: rows.some(({ verdict }) => verdict === 'slower'),
    faster: rows.some(({ verdict }) => verdict === 'faster'),
  };
};
