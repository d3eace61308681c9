// What became of many calls: counted by the code of their refusal.
import { setTimeout as sleep } from 'node:timers/promises';
import type { VaultError } from 'strongroom';

export type Outcomes = Readonly<Record<string, number>>;

const nameOf = (result: PromiseSettledResult<unknown>): string => {
  if (result.status === 'fulfilled') return 'done';
  const { code, name } = result.reason as VaultError;
  return code ?? name;
};

export const countOutcomes = (results: readonly PromiseSettledResult<unknown>[]): Outcomes => {
  const counts: Record<string, number> = {};
  for (const result of results) counts[nameOf(result)] = (counts[nameOf(result)] ?? 0) + 1;
  return counts;
};

export const outcomesOf = async (calls: Iterable<Promise<unknown>>): Promise<Outcomes> =>
  countOutcomes(await Promise.allSettled(calls));

/** Resolves when it holds; notices and timers of other threads have no promise to wait for. */
export const until = async (holds: () => boolean | Promise<boolean>, what: string, ms = 10_000): Promise<void> => {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it did not come about within ${ms} ms: ${what}`);
    await sleep(5);
  }
};
