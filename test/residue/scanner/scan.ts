// Scans the memory of another process for secrets, from outside: nothing runs in it and nothing is allocated there. And
// files, by the same search: core images, heap snapshots, records.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { describeMapping, isArena, type Mapping, readMappings, readStacks, type ThreadStack } from './maps.js';
import type { Pattern, PatternSet } from './patterns.js';

export interface Hit {
  readonly secret: string;
  readonly form: string;
  /** All of the form; otherwise a part of it, which holds at least 16 bytes of the secret. */
  readonly whole: boolean;
  readonly bytes: number;
  /** Windows of 16 bytes of the secret in it. */
  readonly windows: number;
  /** In a file: its place there. */
  readonly address: number;
  readonly inArena: boolean;
  /** What the memory is, in words. */
  readonly where: string;
}

export interface ScanResult {
  readonly hits: readonly Hit[];
  readonly bytesScanned: number;
  /** Bytes that could not be read. */
  readonly bytesUnreadable: number;
  readonly milliseconds: number;
}

const PAGE = 4096;
const CHUNK = 1024 * 1024;
/** Bits 63, 62 and 61 of a page's entry in pagemap, in its last byte. */
const PRESENT = 0x80;
const SWAPPED = 0x40;
const IS_FILE = 0x20;

interface Range {
  readonly start: number;
  readonly end: number;
}

const exists = (entry: number): boolean => (entry & (PRESENT | SWAPPED)) !== 0;
/** Written to, in this process: no longer what is in the file. */
const isChanged = (entry: number): boolean => exists(entry) && (entry & (SWAPPED | IS_FILE)) !== IS_FILE;

/** One for all mappings: there are hundreds in a scan. */
const entries = Buffer.alloc(64 * 1024);

/** The pages of a mapping whose entries in pagemap are as wanted. */
const pagesThat = (isWanted: (entry: number) => boolean, pagemap: number, { start, end }: Range): Range[] => {
  const ranges: { start: number; end: number }[] = [];
  for (let at = start; at < end; ) {
    const wanted = Math.min(entries.length, ((end - at) / PAGE) * 8);
    const read = readSync(pagemap, entries, 0, wanted, (at / PAGE) * 8);
    if (read === 0) break;
    for (let entry = 7; entry < read; entry += 8, at += PAGE) {
      if (!isWanted(entries[entry] as number)) continue;
      const last = ranges.at(-1);
      if (last?.end === at) last.end += PAGE;
      else ranges.push({ start: at, end: at + PAGE });
    }
  }
  return ranges;
};

/**
 * Of programs and libraries, more than half of all memory, the pages that are no longer as on disk; other files whole. Of
 * anonymous memory the pages that exist: those that were never touched read as zeros, and reading them would make them.
 */
const piecesOf = (pagemap: number, mapping: Mapping): readonly Range[] => {
  const { name, perms, start, end, residentBytes, anonymousBytes, isCode } = mapping;
  if (name.startsWith('/')) {
    const isPrivate = perms[3] === 'p';
    if (isCode && isPrivate) return anonymousBytes === 0 ? [] : pagesThat(isChanged, pagemap, mapping);
    return perms.startsWith('r') ? [mapping] : [];
  }
  if (residentBytes === 0) return [];
  return residentBytes >= end - start ? [mapping] : pagesThat(exists, pagemap, mapping);
};

/** What to read. Neighbours are joined: a secret may span them. */
const rangesToRead = (pagemap: number, mappings: readonly Mapping[]): Range[] => {
  const ranges: { start: number; end: number }[] = [];
  for (const { start, end } of mappings.flatMap((mapping) => piecesOf(pagemap, mapping))) {
    const last = ranges.at(-1);
    if (last?.end === start) last.end = end;
    else ranges.push({ start, end });
  }
  return ranges;
};

/** Read what can be read of a range; zeros stand for the pages that can't. Returns how many bytes these were. */
const readRange = (memory: number, into: Uint8Array, address: number): number => {
  let unreadable = 0;
  for (let at = 0; at < into.length; ) {
    let read = 0;
    try {
      read = readSync(memory, into, at, into.length - at, address + at);
    } catch {
      // EIO: the page at this address can't be read, or is gone.
    }
    if (read === 0) {
      read = Math.min(PAGE - ((address + at) % PAGE), into.length - at);
      into.fill(0, at, at + read);
      unreadable += read;
    }
    at += read;
  }
  return unreadable;
};

interface Match {
  readonly pattern: Pattern;
  readonly start: number;
  readonly end: number;
}

/** The longest stretch around an anchor in which memory and pattern agree. Positions in memory. */
const agreement = (memory: Uint8Array, at: number, pattern: Pattern, offset: number): Match => {
  const { bytes } = pattern;
  let before = 0;
  while (before < offset && at - before > 0 && memory[at - before - 1] === bytes[offset - before - 1]) before++;
  let after = 0;
  while (offset + after < bytes.length && memory[at + after] === bytes[offset + after]) after++;
  return { pattern, start: at - before, end: at + after };
};

/** Whole matches, and those parts that lie in no other match: forms that share bytes are counted once. */
const withoutOverlaps = (matches: readonly Match[]): Match[] => {
  const isWhole = ({ pattern, start, end }: Match): boolean => end - start === pattern.bytes.length;
  const byLength = [...matches].sort(
    (a, b) => Number(isWhole(b)) - Number(isWhole(a)) || b.end - b.start - (a.end - a.start),
  );
  const kept: Match[] = [];
  for (const match of byLength) {
    const overlaps = (other: Match): boolean =>
      other.pattern.secret === match.pattern.secret && other.start < match.end && match.start < other.end;
    if (!kept.some(overlaps)) kept.push(match);
  }
  return kept;
};

const mappingAt = (mappings: readonly Mapping[], address: number): Mapping => {
  const mapping = mappings.find(({ start, end }) => address >= start && address < end);
  if (mapping === undefined) throw new Error('a match outside of every mapping');
  return mapping;
};

/** What a place in memory is. */
const placesIn = (mappings: readonly Mapping[], stacks: readonly ThreadStack[]) => (address: number) => {
  const mapping = mappingAt(mappings, address);
  return { inArena: isArena(mapping), where: describeMapping(mapping, address, stacks) };
};

const toHit = ({ pattern, start, end }: Match, place: Pick<Hit, 'inArena' | 'where'>): Hit => {
  const bytes = end - start;
  return {
    secret: pattern.secret.label,
    form: pattern.name,
    whole: bytes === pattern.bytes.length,
    bytes,
    windows: Math.floor(((bytes - pattern.minPartBytes) * 16) / pattern.minPartBytes) + 1,
    address: start,
    ...place,
  };
};

interface Found {
  /** In order, without overlaps. */
  readonly matches: readonly Match[];
  readonly bytesScanned: number;
  readonly bytesUnreadable: number;
}

/**
 * The search itself, over whatever has bytes at positions. Ranges begin at multiples of 8.
 *
 * @param read - fills all of `into` from a position. Returns how many bytes could not be read, and are zeros.
 */
const search = (
  set: PatternSet,
  ranges: readonly Range[],
  read: (into: Uint8Array, position: number) => number,
): Found => {
  const margin = Math.ceil(set.longest / PAGE) * PAGE;
  const bytes = new Uint8Array(CHUNK + 2 * margin);
  const words = new Uint32Array(bytes.buffer);
  const matches = new Map<string, Match>();
  let bytesScanned = 0;
  let bytesUnreadable = 0;
  try {
    for (const range of ranges) {
      for (let at = range.start; at < range.end; at += CHUNK) {
        // Around the chunk as much as a form is long, so that what crosses its ends is seen whole.
        const from = Math.max(range.start, at - margin);
        const to = Math.min(range.end, at + CHUNK + margin);
        const view = bytes.subarray(0, to - from);
        bytesUnreadable += read(view, from);
        bytesScanned += Math.min(CHUNK, range.end - at);
        const first = (at - from) / 4;
        const last = (Math.min(range.end, at + CHUNK) - from) / 4;
        set.probe(words, first, last, (word, places) => {
          for (let i = 0; i < places.length; i += 2) {
            const pattern = set.patterns[places[i] as number] as Pattern;
            const found = agreement(view, word * 4, pattern, places[i + 1] as number);
            if (found.end - found.start < pattern.minPartBytes) continue;
            const match = { pattern, start: from + found.start, end: from + found.end };
            matches.set(`${places[i]} ${match.start} ${match.end}`, match);
          }
        });
      }
    }
  } finally {
    bytes.fill(0);
  }
  const inOrder = withoutOverlaps([...matches.values()]).sort((a, b) => a.start - b.start);
  return { matches: inOrder, bytesScanned, bytesUnreadable };
};

/** Find every secret of the set in a process. It should be idle: memory that changes meanwhile is read as it comes. */
export const scanProcess = (pid: number, set: PatternSet): ScanResult => {
  const begun = performance.now();
  const mappings = readMappings(pid);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    const { matches, ...counts } = search(set, rangesToRead(pagemap, mappings), (into, position) =>
      readRange(memory, into, position),
    );
    const placeOf = placesIn(mappings, matches.length === 0 ? [] : readStacks(pid));
    const hits = matches.map((match) => toHit(match, placeOf(match.start)));
    return { hits, ...counts, milliseconds: performance.now() - begun };
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
};

/** Find every secret of the set in a file, of whatever format: it is searched as bytes. */
export const scanFile = (path: string, set: PatternSet): ScanResult => {
  const begun = performance.now();
  const file = openSync(path, 'r');
  try {
    const whole = [{ start: 0, end: fstatSync(file).size }];
    const { matches, ...counts } = search(set, whole, (into, position) => readRange(file, into, position));
    const hits = matches.map((match) => toHit(match, { inArena: false, where: `at ${match.start} of the file` }));
    return { hits, ...counts, milliseconds: performance.now() - begun };
  } finally {
    closeSync(file);
  }
};

/** The bytes of every arena of a process, to look for keys whose secret only the vault knows. */
export const readArenas = (pid: number): Uint8Array[] => {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return readMappings(pid)
      .filter(isArena)
      .map(({ start, end }) => {
        const bytes = new Uint8Array(end - start);
        readRange(memory, bytes, start);
        return bytes;
      });
  } finally {
    closeSync(memory);
  }
};
