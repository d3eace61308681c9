// Refusals, gathered before they are told: whoever asks what he may not, may ask it a million times a second.
import type { VaultErrorCode } from '../../src/errors.js';
import type { VaultEvent } from '../../src/wire/events.js';

type Refused = Extract<VaultEvent, { type: 'refused' }>;

/** What was refused is told at once when it is the first of its kind, and then as a count, four times a second. */
const TELL_MS = 250;
/** Kinds that are told apart by their key at one time. The ids of more are left out: their number has no bound. */
const MAX_WITH_ID = 32;

export interface Refusals {
  add(id: string | undefined, operation: string, code: VaultErrorCode): void;
  /** Tell what is not told yet. */
  close(): void;
}

interface Kind {
  readonly event: Omit<Refused, 'count'>;
  untold: number;
}

export const createRefusals = (tell: (event: Refused) => void): Refusals => {
  const kinds = new Map<string, Kind>();
  let withId = 0;
  let timer: NodeJS.Timeout | undefined;

  const tellAll = (): void => {
    timer = undefined;
    for (const [name, kind] of kinds) {
      const { event, untold } = kind;
      if (untold === 0) {
        kinds.delete(name);
        if (event.id !== undefined) withId -= 1;
        continue;
      }
      kind.untold = 0;
      tell({ ...event, count: untold });
    }
    if (kinds.size > 0) timer ??= setTimeout(tellAll, TELL_MS).unref();
  };

  const add: Refusals['add'] = (id, operation, code) => {
    const name = `${id ?? ''} ${operation} ${code}`;
    const known = kinds.get(name);
    if (known !== undefined) {
      known.untold += 1;
      return;
    }
    if (id !== undefined && withId >= MAX_WITH_ID) return add(undefined, operation, code);
    if (id !== undefined) withId += 1;
    const event = { type: 'refused', ...(id !== undefined && { id }), operation, code } as const;
    kinds.set(name, { event, untold: 0 });
    timer ??= setTimeout(tellAll, TELL_MS).unref();
    tell({ ...event, count: 1 });
  };

  return {
    add,
    close() {
      clearTimeout(timer);
      for (const { event, untold } of kinds.values()) if (untold > 0) tell({ ...event, count: untold });
      kinds.clear();
      withId = 0;
    },
  };
};
