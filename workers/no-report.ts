// Import this before any native package. Their loaders ask process.report which C library the system has, and a
// diagnostic report holds every environment variable: the values of keys would become strings in this thread's heap.
// In a thread of the vault a report answers that question and no other.
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** As reports name it: a version with glibc, nothing with musl. The version itself matters to nobody. */
const findGlibc = (): string | undefined => {
  try {
    return /\/(?:ld-musl-|libc\.musl-)/.test(readFileSync('/proc/self/maps', 'latin1')) ? undefined : 'glibc';
  } catch {
    return 'glibc';
  }
};

if (!isMainThread && process.report !== undefined) {
  const answer = { header: { glibcVersionRuntime: findGlibc() }, sharedObjects: [] };
  process.report.getReport = () => answer;
}
