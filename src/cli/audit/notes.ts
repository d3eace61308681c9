// What is no fault of a log, and worth knowing: the first of it in full, and the rest as counts.

/** Whoever can write to a log could fill a terminal with them. */
const MAX_NOTES = 20;

export interface Notes {
  /** @param kind - what many of it are: "records with an earlier time". */
  add(kind: string, text: string): void;
  /** The first, and how many more there are of each kind. */
  list(): string[];
}

export const createNotes = (): Notes => {
  const first: string[] = [];
  const more = new Map<string, number>();
  return {
    add(kind, text) {
      if (first.length < MAX_NOTES) first.push(text);
      else more.set(kind, (more.get(kind) ?? 0) + 1);
    },
    list: () => [...first, ...[...more].map(([kind, count]) => `and ${count.toLocaleString('en-US')} more: ${kind}`)],
  };
};
