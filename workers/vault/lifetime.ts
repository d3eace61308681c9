// How long a key, or a port's grant, lasts: until its time has passed, or until it was not used for a while. Ends by
// itself, on time, when nobody asks.

/** Timers run by a clock that stands still while the machine sleeps, so the time of day is looked at this often too. */
const LOOK_MS = 60_000;
/** How soon to look again at what is idle but for work that is under way. */
const BUSY_LOOK_MS = 10;

export interface LifetimeLimits {
  readonly expiresInMs?: number;
  readonly idleMs?: number;
}

export type LifetimeEnd = 'expired' | 'idle';

export interface Lifetime {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
  /** It is used. */
  touch(): void;
  /** Whether it is over, also when the timer is late. */
  end(): LifetimeEnd | undefined;
  stop(): void;
}

/**
 * @param isBusy - work that is under way is use.
 * @param onEnd - called once, unless it is stopped before.
 */
export const createLifetime = (
  { expiresInMs, idleMs }: LifetimeLimits,
  isBusy: () => boolean,
  onEnd: (end: LifetimeEnd) => void,
): Lifetime => {
  const expiresAt = expiresInMs === undefined ? undefined : Date.now() + expiresInMs;
  // Two clocks: one that nobody can set back, and one that goes on while the machine sleeps.
  const expires = performance.now() + (expiresInMs ?? Number.POSITIVE_INFINITY);
  let usedAt = performance.now();
  let usedAtTime = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  /** It would be idle but for work that is under way: the end of that is use, too. */
  let kept = false;

  const touch = (): void => {
    usedAt = performance.now();
    usedAtTime = Date.now();
    kept = false;
  };

  const end = (): LifetimeEnd | undefined => {
    const now = performance.now();
    const time = Date.now();
    if (now >= expires || (expiresAt !== undefined && time >= expiresAt)) return 'expired';
    if (idleMs === undefined || (now - usedAt < idleMs && time - usedAtTime < idleMs)) return undefined;
    if (!isBusy()) {
      if (!kept) return 'idle';
      touch();
    } else kept = true;
    return undefined;
  };

  /** @param least - milliseconds until the next look because of idleness. */
  const arm = (least: number): void => {
    const idleLeft = idleMs === undefined ? Number.POSITIVE_INFINITY : usedAt + idleMs - performance.now();
    const left = Math.min(expires - performance.now(), Math.max(idleLeft, least), LOOK_MS);
    timer = setTimeout(look, Math.max(0, Math.ceil(left)));
  };

  const look = (): void => {
    if (stopped) return;
    const over = end();
    if (over === undefined) arm(BUSY_LOOK_MS);
    else {
      stopped = true;
      onEnd(over);
    }
  };

  arm(0);
  return {
    expiresAt,
    touch,
    end,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
};
