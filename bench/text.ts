// Text for a terminal of 100 columns: what the reports of the benchmark share.
export const WIDTH = 100;

/**
 * Break a text between words.
 *
 * @param first - what the first line begins with; @param next - what all others begin with.
 */
export const wrap = (text: string, first = '', next: string = first): string[] => {
  const lines: string[] = [];
  let current = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && current.length + 1 + word.length > WIDTH) {
      lines.push(current);
      current = next;
      isEmpty = true;
    }
    current += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, current];
};

/** Items of a list; those that are long go on below themselves. */
export const bulletLines = (items: readonly string[]): string[] => items.flatMap((item) => wrap(item, '  - ', '    '));

/** One row of a table: the first cell to the left, all others to the right. */
export const rowOf = (cells: readonly string[], columns: readonly number[], gap: string): string =>
  cells
    .map((cell, i) => (i === 0 ? cell.padEnd(columns[0]!) : cell.padStart(columns[i]!)))
    .join(gap)
    .trimEnd();
