// Who holds a lock, as it stands in the lock file, and whether it still lives. On Linux an owner is a thread with its
// start time: a number that was given to another, or a vault whose thread ended while its program runs on, is no owner.
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Owner {
  /** 32 hex digits, of this one lock. */
  readonly token: string;
  readonly host: string;
  /** The rest is empty or 0 where the system does not tell. */
  readonly boot: string;
  /** The namespace that numbers processes: other containers have others. */
  readonly space: string;
  readonly pid: number;
  readonly thread: number;
  /** Clock ticks between the start of the system and that of the thread. */
  readonly started: string;
}

/** 'unknown': it is of another machine or container, and cannot be seen from here. */
export type OwnerState = 'alive' | 'dead' | 'unknown';

const quietly = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};

/** State and start time from a stat file of /proc. The name before them is in parentheses, and may hold any others. */
const readStat = (path: string): { readonly state: string; readonly started: string } | undefined => {
  const text = quietly(() => readFileSync(path, 'latin1'), '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  return state === undefined || started === undefined ? undefined : { state, started };
};

/** The calling thread, as /proc numbers it. */
const thisThread = (): Pick<Owner, 'thread' | 'started'> => {
  const [pid, , thread] = quietly(() => readlinkSync('/proc/thread-self'), '').split('/');
  const stat = readStat('/proc/thread-self/stat');
  if (Number(pid) !== process.pid || stat === undefined) return { thread: 0, started: '' };
  return { thread: Number(thread), started: stat.started };
};

const thisPlace = (): Pick<Owner, 'host' | 'boot' | 'space'> => ({
  host: hostname(),
  boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(), ''),
  space: quietly(() => readlinkSync('/proc/self/ns/pid'), ''),
});

/** The calling thread, as the owner of a new lock. */
export const newOwner = (): Owner => ({
  token: randomBytes(16).toString('hex'),
  ...thisPlace(),
  pid: process.pid,
  ...thisThread(),
});

export const ownerText = (owner: Owner): string => `${JSON.stringify(owner)}\n`;

/** An owner from the text of a lock file, or undefined for a text that is none. */
export const parseOwner = (text: string): Owner | undefined => {
  const value: unknown = quietly(() => JSON.parse(text), undefined);
  if (typeof value !== 'object' || value === null) return undefined;
  const { token, host, boot, space, pid, thread, started } = value as { readonly [name: string]: unknown };
  if (typeof token !== 'string' || !/^[0-9a-f]{32}$/.test(token)) return undefined;
  if (typeof host !== 'string' || typeof boot !== 'string' || typeof space !== 'string') return undefined;
  if (!Number.isInteger(pid) || !Number.isInteger(thread) || typeof started !== 'string') return undefined;
  return { token, host, boot, space, pid: pid as number, thread: thread as number, started };
};

/** Whether a process is there: one that may not be signalled is. */
const isProcess = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};

const isGone = (state: string): boolean => state === 'Z' || state === 'X';

/** When in doubt, not 'dead': a lock that stays too long is removed by hand, one that is taken too early costs a file. */
export const judgeOwner = (owner: Owner): OwnerState => {
  const here = thisPlace();
  if (owner.host !== here.host) return 'unknown';
  if (owner.boot !== here.boot) return owner.boot === '' || here.boot === '' ? 'unknown' : 'dead'; // started anew since
  if (owner.space !== here.space) return 'unknown';
  if (owner.pid < 1 || !isProcess(owner.pid)) return 'dead';
  if (owner.started === '') return 'alive';
  const stat = readStat(`/proc/${owner.pid}/task/${owner.thread}/stat`);
  if (stat !== undefined) return stat.started === owner.started && !isGone(stat.state) ? 'alive' : 'dead';
  // No such thread; or /proc hides the processes of other users.
  return readStat(`/proc/${owner.pid}/stat`) === undefined ? 'alive' : 'dead';
};
