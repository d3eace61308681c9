// What the log says of events and of the use of keys, cut into records that fit a line.
import type { VaultEvent } from '../../src/wire/events.js';

/** A record without what the log adds to it. */
export type AuditEntry = { readonly type: string } & { readonly [field: string]: unknown };

/** Ids in one record: each has at most 128 characters, and a line at most 256 KiB. */
const MAX_IDS = 900;
/** Keys in one record of their uses: each has also a count for each of its operations, whose names have at most 64. */
const MAX_USED = 256;

const pieces = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.max(1, Math.ceil(items.length / size)) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** The records of an event: several, where it names more keys than fit one. */
export function* auditEntries(event: VaultEvent): Generator<AuditEntry, void> {
  if (event.type === 'locked') {
    const { locked, gone, ...rest } = event;
    // A record has some of the one or of the other, and both lists: empty is said too.
    const [first, ...more] = pieces(locked, MAX_IDS);
    const [firstGone, ...moreGone] = pieces(gone, MAX_IDS);
    yield { ...rest, locked: first ?? [], gone: firstGone ?? [] };
    for (const ids of more) yield { ...rest, locked: ids, gone: [] };
    for (const ids of moreGone) yield { ...rest, locked: [], gone: ids };
  } else if (event.type === 'unlocked' || event.type === 'lock-refused') {
    for (const keys of pieces(event.keys, MAX_IDS)) yield { ...event, keys };
  } else {
    yield { ...event };
  }
}

/** The records of what keys were used for: counts by operation. */
export function* usedEntries(
  uses: readonly (readonly [id: string, operations: Readonly<Record<string, number>>])[],
): Generator<AuditEntry, void> {
  for (const some of pieces(
    uses.filter(([, operations]) => Object.keys(operations).length > 0),
    MAX_USED,
  )) {
    if (some.length > 0) yield { type: 'used', keys: Object.fromEntries(some) };
  }
}
