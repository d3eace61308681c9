// What a path under test is: code that handles a secret, and pairs of kinds of secrets whose times are to be alike.
// Secrets here are made for the bench and worth nothing.
import { randomFillSync } from 'node:crypto';

/** Two kinds of secrets. Each function makes one of its kind. */
export interface Experiment {
  readonly name: string;
  readonly classes: readonly [make: () => Uint8Array, make: () => Uint8Array];
}

export interface TimedPath {
  /** What --only takes. */
  readonly name: string;
  readonly title: string;
  /** 'control' must be found to leak; 'null' must not, for its classes are of one kind; 'ours' is what is examined. */
  readonly role: 'control' | 'null' | 'ours';
  readonly experiments: readonly Experiment[];
  /** Calls in one time. */
  readonly batch: number;
  /** Put a secret where the path finds it; not timed. Everything else that the call takes is drawn anew here. */
  prepare(secret: Uint8Array): void;
  /** Run `batch` calls. */
  run(): void;
  close?(): void;
}

/** A path that cannot run here, and why. */
export interface AbsentPath {
  readonly name: string;
  readonly reason: string;
}

/** Where results go that nothing needs: without a use, the engine might leave the call out. */
export const sink: { count: number } = { count: 0 };

export const SECRET_BYTES = 32;

export const randomSecret = (): Uint8Array => randomFillSync(new Uint8Array(SECRET_BYTES));

/** Few bits set, about one in sixteen, or many: as few are clear. Below every group's order, and not zero. */
export const lightSecret = (): Uint8Array => {
  const parts = [randomSecret(), randomSecret(), randomSecret(), randomSecret()];
  const secret = Uint8Array.from(parts[0]!, (byte, i) => byte & parts[1]![i]! & parts[2]![i]! & parts[3]![i]!);
  secret[0] = 0;
  secret[SECRET_BYTES - 1]! |= 1;
  return secret;
};
export const heavySecret = (): Uint8Array => {
  const secret = lightSecret().map((byte) => ~byte);
  secret[0] = 0x3f;
  return secret;
};

/** Random, below every group's order. */
export const randomScalar = (): Uint8Array => {
  const secret = randomSecret();
  secret[0]! &= 0x3f;
  return secret;
};

/**
 * One secret again and again. Each is drawn as the others are, and then overwritten: neither where it lies nor what was
 * done to have it may tell the classes apart.
 */
export const fixed = (make: () => Uint8Array): (() => Uint8Array) => {
  const secret = make();
  return () => {
    const bytes = make();
    bytes.set(secret);
    return bytes;
  };
};

/** dudect's pair, and one that finds what depends on the number of bits. */
export const usualExperiments = (random: () => Uint8Array): Experiment[] => [
  { name: 'fixed, random', classes: [fixed(random), random] },
  { name: 'few bits, many bits', classes: [lightSecret, heavySecret] },
];
