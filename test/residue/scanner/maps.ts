// The memory of another process as Linux describes it: its mappings, their flags, and which thread's stack is where.
import { readdirSync, readFileSync } from 'node:fs';

export interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly perms: string;
  /** The file, `[heap]`, `[stack]` and so on; empty for anonymous memory. */
  readonly name: string;
  /** Bytes that are present in memory or swapped out. */
  readonly residentBytes: number;
  /** Those of them that are no longer, or never were, a file's. */
  readonly anonymousBytes: number;
  /** The file is a program or a library: some of it is mapped to be run. */
  readonly isCode: boolean;
  /** Kernel flags of smaps: `lo` locked, `dd` left out of core dumps, `dc` not inherited. */
  readonly flags: readonly string[];
}

/** Memory of the kernel's own, the same in every process: it can't hold a secret, and some of it can't be read. */
const isKernelOwn = ({ name }: Pick<Mapping, 'name'>): boolean =>
  name.startsWith('[vvar') || name === '[vsyscall]' || name === '[vdso]';

const FIELDS = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) [0-9a-f]+ \S+ \d+ *(.*)$/;

/** Every mapping of a process. Throws when the system doesn't let this process look at it. */
export const readMappings = (pid: number): Mapping[] => {
  const mappings: Omit<Mapping, 'isCode'>[] = [];
  let head: RegExpExecArray | null = null;
  let residentBytes = 0;
  let anonymousBytes = 0;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
    const header = FIELDS.exec(line);
    if (header !== null) {
      head = header;
      residentBytes = 0;
      anonymousBytes = 0;
    } else if (/^(?:Rss|Swap|Anonymous):/.test(line)) {
      const bytes = Number.parseInt(line.slice(line.indexOf(':') + 1), 10) * 1024;
      if (!line.startsWith('Anonymous:')) residentBytes += bytes;
      if (!line.startsWith('Rss:')) anonymousBytes += bytes;
    } else if (line.startsWith('VmFlags:') && head !== null) {
      mappings.push({
        start: Number.parseInt(head[1] as string, 16),
        end: Number.parseInt(head[2] as string, 16),
        perms: head[3] as string,
        name: head[4] as string,
        residentBytes,
        anonymousBytes,
        flags: line.slice(8).trim().split(/\s+/),
      });
    }
  }
  const run = new Set(
    mappings.filter(({ name, perms }) => name.startsWith('/') && perms[2] === 'x').map(({ name }) => name),
  );
  return mappings
    .map((mapping) => ({ ...mapping, isCode: run.has(mapping.name) }))
    .filter((mapping) => !isKernelOwn(mapping));
};

/** Whether a mapping is a key arena: writable, anonymous, left out of core dumps. Nothing else in a node process is. */
export const isArena = ({ perms, name, flags }: Mapping): boolean =>
  perms.startsWith('rw') && (name === '' || name.startsWith('[anon')) && flags.includes('dd');

export interface ThreadStack {
  readonly thread: number;
  readonly stackPointer: number;
}

/** Stack pointers of the threads that are blocked in a system call, which the threads of an idle process are. */
export const readStacks = (pid: number): ThreadStack[] => {
  const stacks: ThreadStack[] = [];
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      const fields = readFileSync(`/proc/${pid}/task/${task}/syscall`, 'latin1').trim().split(' ');
      const pointer = Number(fields.at(-2));
      if (fields.length >= 3 && pointer > 0) stacks.push({ thread: Number(task), stackPointer: pointer });
    } catch {
      // The thread has ended, or the kernel does not tell.
    }
  }
  return stacks;
};

const MALLOC_ARENA_BYTES = 64 * 1024 * 1024; // glibc aligns the heaps of its secondary arenas to their reserved size

/** What a mapping is, in words for a report. */
export const describeMapping = (mapping: Mapping, address: number, stacks: readonly ThreadStack[]): string => {
  if (isArena(mapping)) return mapping.flags.includes('lo') ? 'the arena' : 'the arena (not locked)';
  const stack = stacks.find(({ stackPointer }) => stackPointer >= mapping.start && stackPointer < mapping.end);
  if (stack !== undefined) {
    return `stack of thread ${stack.thread}, ${address < stack.stackPointer ? 'below' : 'above'} its pointer`;
  }
  if (mapping.name !== '') return mapping.name.split('/').at(-1) as string;
  if (mapping.start % MALLOC_ARENA_BYTES === 0) return "a thread's malloc arena";
  const kib = (mapping.end - mapping.start) / 1024;
  return `anonymous ${mapping.perms} of ${kib} KiB${mapping.start % (256 * 1024) === 0 ? ', aligned as V8 pages are' : ''}`;
};
