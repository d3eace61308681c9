// Locks the arena into memory and keeps it out of core dumps, and says what the system really did.
// No secret is read or written here.
import { readFileSync } from 'node:fs';
import { loadSodium } from '../providers/native/load.js';

export interface LockState {
  readonly locked: boolean;
  readonly excludedFromDumps: boolean;
  /** Why something is missing; undefined when both hold. */
  readonly reason: string | undefined;
}

/** Where sodium_mlock also asks for exclusion from core dumps (MADV_DONTDUMP, MADV_NOCORE). macOS and Windows have none. */
const DUMP_EXCLUDING: ReadonlySet<string> = new Set(['linux', 'android', 'freebsd']);

export const lockMemory = (bytes: Uint8Array): LockState => {
  const sodium = loadSodium();
  if (sodium === undefined) {
    return { locked: false, excludedFromDumps: false, reason: 'sodium-native is not available' };
  }
  let refused = false;
  try {
    // Asks for both: madvise(MADV_DONTDUMP), then mlock. The first holds even when the second is refused.
    sodium.sodium_mlock(bytes);
  } catch {
    refused = true;
  }
  const seen = process.platform === 'linux' ? mappingFlags(bytes.byteLength) : undefined;
  const locked = seen === undefined ? !refused : seen.has('lo');
  const excludedFromDumps = seen === undefined ? !refused && DUMP_EXCLUDING.has(process.platform) : seen.has('dd');
  const reason =
    locked && excludedFromDumps
      ? undefined
      : `the system refused to ${locked ? 'exclude the arena from core dumps' : `lock ${bytes.byteLength} bytes (see RLIMIT_MEMLOCK)`}`;
  return { locked, excludedFromDumps, reason };
};

/** The kernel's flags of the writable mapping of exactly this size, or undefined when they cannot be read. */
const mappingFlags = (byteLength: number): ReadonlySet<string> | undefined => {
  let text: string;
  try {
    text = readFileSync('/proc/self/smaps', 'latin1');
  } catch {
    return undefined;
  }
  let best: ReadonlySet<string> | undefined;
  let matches = false;
  for (const line of text.split('\n')) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    if (header) matches = Number.parseInt(header[2] ?? '', 16) - Number.parseInt(header[1] ?? '', 16) === byteLength;
    else if (/^[0-9a-f]+-/.test(line)) matches = false;
    else if (matches && line.startsWith('VmFlags:')) {
      const flags = new Set(line.slice(8).trim().split(/\s+/));
      // Another mapping may have this size by chance; only the arena can be locked and excluded.
      if (
        best === undefined ||
        Number(flags.has('lo')) + Number(flags.has('dd')) > Number(best.has('lo')) + Number(best.has('dd'))
      )
        best = flags;
    }
  }
  return best ?? new Set();
};
