// Rounds and statistics. Contestants of one measurement run in turn, round after round, so that whatever the machine
// does meanwhile hits all of them; a ratio is taken within each round, and only then is the median taken.
export interface Contestant {
  readonly name: string;
  /**
   * Run for about this long. Returns one figure, in the measurement's unit; or several, by name (percentiles): each is
   * a list of samples of its own then, called `figureName(contestant, figure)`. Undefined: it takes no part any more, and
   * what it gave before is dropped.
   */
  run(seconds: number): Promise<number | Readonly<Record<string, number>> | undefined>;
}

export const figureName = (contestant: string, figure: string): string => `${contestant}: ${figure}`;

/** Figures by contestant: one for each round that counts. */
export type Samples = ReadonlyMap<string, readonly number[]>;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What is aimed for. It is judged by a row's ratio where there is one, and by its value otherwise. */
export interface Aim {
  readonly sense: 'at least' | 'at most' | 'below';
  readonly limit: number;
}

/** Part of a row in the comparison: what all are compared with, what the machine can do, others, and the vault. */
export type Role = 'baseline' | 'ceiling' | 'peer' | 'strongroom';

export interface Row {
  readonly label: string;
  readonly role?: Role;
  /** The curve that the row is a point of, and its place on the measurement's axis. */
  readonly series?: string;
  readonly x?: number;
  readonly value: Spread;
  /** Where it is not the measurement's. */
  readonly unit?: string;
  /** The name of the samples that `value` sums up, where there are such. */
  readonly sample?: string;
  readonly ratio?: Spread;
  /** The part reached of what the machine can do: a median of the rounds' ratios. */
  readonly ofCeiling?: number;
  readonly aim?: Aim | undefined;
}

/** What a measurement belongs to: a chapter of the report. */
export const GROUPS = ['throughput', 'scaling', 'latency', 'cost'] as const;
export type Group = (typeof GROUPS)[number];

/** The axis of rows that have an `x`. */
export interface Axis {
  readonly label: string;
  readonly scale: 'linear' | 'log';
}

/** Somebody who would take part, if the machine had them. */
export interface Absent {
  readonly name: string;
  /** What is missing: a clause. */
  readonly reason: string;
}

export interface Measurement {
  /** Unique; what --only takes. */
  readonly name: string;
  readonly group: Group;
  readonly title: string;
  readonly unit: string;
  /** Whether more is better. */
  readonly better: 'more' | 'less';
  readonly axis?: Axis;
  readonly absent?: readonly Absent[];
  readonly contestants: readonly Contestant[];
  /** How much longer than `--seconds` a run of it is. */
  readonly pace: number;
  rows(samples: Samples): Row[];
  /** End what it started for itself. */
  close?(): Promise<void>;
}

export const median = (values: readonly number[]): number => {
  if (values.length === 0) throw new RangeError('expected at least one value, got none');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** Combine what was measured in the same round. */
export const pairwise = (
  one: readonly number[],
  other: readonly number[],
  combine: (a: number, b: number) => number,
): number[] => {
  if (one.length !== other.length) throw new RangeError(`expected ${one.length} rounds, got ${other.length}`);
  return one.map((value, round) => combine(value, other[round]!));
};

export const ratios = (one: readonly number[], other: readonly number[]): number[] =>
  pairwise(one, other, (a, b) => a / b);

/** The figures of a contestant that took part. */
export const of = (samples: Samples, name: string): readonly number[] => {
  const values = samples.get(name);
  if (values === undefined) throw new RangeError(`no contestant is called "${name}"`);
  return values;
};

/** Whether an aim is met. */
export const isMet = ({ sense, limit }: Aim, figure: number): boolean => {
  switch (sense) {
    case 'at least':
      return figure >= limit;
    case 'at most':
      return figure <= limit;
    case 'below':
      return figure < limit;
  }
};

/** The contestants in the order of a round: every round begins with another one. */
export const orderOf = <T>(contestants: readonly T[], round: number): T[] => {
  const first = round % contestants.length;
  return [...contestants.slice(first), ...contestants.slice(0, first)];
};

export interface Rounds {
  readonly rounds: number;
  readonly seconds: number;
  /** Whether a round goes first that does not count. */
  readonly warmUp: boolean;
  /** Before each round: that of index 0 is the warm-up. */
  begin(round: number): void;
  /** After each round, outside of every timed part. */
  end(round: number): Promise<void>;
  /** After each contestant. */
  step(): void;
}

/** Run a measurement: a warm-up round where one is wanted, then the rounds that count. */
export const runRounds = async ({ contestants, pace }: Measurement, plan: Rounds): Promise<Samples> => {
  const samples = new Map<string, number[]>();
  const add = (name: string, figure: number): void => {
    if (!Number.isFinite(figure)) throw new RangeError(`"${name}" gave no figure`);
    const known = samples.get(name);
    if (known === undefined) samples.set(name, [figure]);
    else known.push(figure);
  };
  for (let round = plan.warmUp ? 0 : 1; round <= plan.rounds; round++) {
    plan.begin(round);
    for (const contestant of orderOf(contestants, round)) {
      const figures = await contestant.run(plan.seconds * pace);
      if (figures === undefined) samples.delete(contestant.name);
      else if (round > 0) {
        if (typeof figures === 'number') add(contestant.name, figures);
        else for (const [name, figure] of Object.entries(figures)) add(figureName(contestant.name, name), figure);
      }
      plan.step();
    }
    await plan.end(round);
  }
  return samples;
};
