// Statistics that --compare and the timing-leak bench share: Welch's t, the tail of Student's distribution, Holm's
// correction. Numbers in, numbers out.
import { median } from './measure.js';

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
};

/** The sample variance: divided by one less than the number of values, of which there are at least two. */
export const variance = (values: ArrayLike<number>): number => {
  const middle = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - middle) ** 2;
  return sum / (values.length - 1);
};

/** How many, their mean and their variance. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

export const momentsOf = (values: ArrayLike<number>): Moments => ({
  count: values.length,
  mean: mean(values),
  variance: variance(values),
});

export interface Welch {
  /** Of the means: the first less the second. */
  readonly difference: number;
  readonly standardError: number;
  readonly t: number;
  /** Of freedom, by Welch and Satterthwaite. */
  readonly degrees: number;
}

/** Welch's t: two means whose variances may differ. Equal constants have t = 0, different constants an infinite one. */
export const welch = (a: Moments, b: Moments): Welch => {
  const difference = a.mean - b.mean;
  const ofA = a.variance / a.count;
  const ofB = b.variance / b.count;
  const standardError = Math.sqrt(ofA + ofB);
  const denominator = ofA ** 2 / (a.count - 1) + ofB ** 2 / (b.count - 1);
  return {
    difference,
    standardError,
    t: difference === 0 ? 0 : difference / standardError,
    degrees: denominator === 0 ? a.count + b.count - 2 : (ofA + ofB) ** 2 / denominator,
  };
};

/** Lanczos's coefficients for g = 7. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x ≥ 1/2. */
const logGamma = (x: number): number => {
  const sum = LANCZOS.reduce((total, coefficient, i) => (i === 0 ? coefficient : total + coefficient / (x - 1 + i)), 0);
  const shifted = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(shifted) - shifted + Math.log(sum);
};

const TINY = 1e-300;
const MAX_TERMS = 500;

/** The continued fraction of the incomplete beta function, by Lentz's method. */
const betaFraction = (a: number, b: number, x: number): number => {
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || TINY);
  let product = d;
  for (let m = 1; m <= MAX_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d || TINY);
    c = 1 + even / c || TINY;
    product *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d || TINY);
    c = 1 + odd / c || TINY;
    product *= c * d;
    if (Math.abs(c * d - 1) < 1e-14) break;
  }
  return product;
};

/** The regularised incomplete beta function I_x(a, b). */
const incompleteBeta = (a: number, b: number, x: number): number => {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  // The fraction converges fast on this side of the mean only.
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(a, b, x)) / a : 1 - (front * betaFraction(b, a, 1 - x)) / b;
};

/** The chance that Student's t is above `t`. */
export const studentTail = (t: number, degrees: number): number => {
  if (!Number.isFinite(t)) return t > 0 ? 0 : 1;
  const half = incompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
  return t >= 0 ? half : 1 - half;
};

/** The t that is exceeded with a chance of `tail`, which is below 1/2. */
export const studentQuantile = (tail: number, degrees: number): number => {
  let low = 0;
  let high = 1;
  while (studentTail(high, degrees) > tail) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, degrees) > tail) low = middle;
    else high = middle;
  }
  return high;
};

/** Holm's adjustment: a value is below α only if it holds among all, with a chance of α that any is called wrongly. */
export const holm = (chances: readonly number[]): number[] => {
  const adjusted = new Array<number>(chances.length).fill(1);
  let least = 0;
  [...chances.keys()]
    .sort((a, b) => chances[a]! - chances[b]!)
    .forEach((index, rank) => {
      least = Math.max(least, Math.min(1, chances[index]! * (chances.length - rank)));
      adjusted[index] = least;
    });
  return adjusted;
};

/** What the median absolute deviation is multiplied by to estimate a normal standard deviation. */
const MAD_TO_SD = 1.4826;

/**
 * Two lists with their outliers pulled in to `limit` standard deviations from their own median. The deviation is that
 * of both lists' residuals together: one list of six has too few for it.
 */
export const pullIn = (
  a: readonly number[],
  b: readonly number[],
  limit: number,
): readonly [readonly number[], readonly number[]] => {
  const [middleA, middleB] = [median(a), median(b)];
  const residuals = [...a.map((value) => Math.abs(value - middleA)), ...b.map((value) => Math.abs(value - middleB))];
  const bound = limit * MAD_TO_SD * median(residuals);
  const clip = (values: readonly number[], middle: number): number[] =>
    values.map((value) => Math.min(middle + bound, Math.max(middle - bound, value)));
  return [clip(a, middleA), clip(b, middleB)];
};
