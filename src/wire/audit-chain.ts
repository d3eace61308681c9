// Follows the chain of an audit log, line by line: for the vault, which continues a log only when it is whole, and for
// the program that verifies one. The hash is given: this side of the boundary has none.
import { type AuditRecord, beginsFirst, FIRST_PREV, MAX_LINE_BYTES, parseRecord } from './audit.js';

/** SHA-256, hex. */
export type Sha256 = (bytes: Uint8Array) => string;

export type ChainFaultKind = 'edited' | 'removed' | 'repeated';

export interface ChainFault {
  /** From 1. */
  readonly line: number;
  readonly kind: ChainFaultKind;
  readonly reason: string;
  /** What the line has and what it should have, for a closer look. */
  readonly record?: AuditRecord;
  readonly expected: { readonly seq: number; readonly prev: string };
}

export interface Chain {
  /** Records so far. */
  readonly records: number;
  /** Lines so far: records, and lines that were torn and recovered from. */
  readonly lines: number;
  /** SHA-256 of the last record. */
  readonly head: string;
  /** A line that is no record and that no 'recovered' record has explained yet. */
  readonly open: ChainFault | undefined;
  /** The next line, without its line feed. A fault is the end: undefined is a torn line, which the next must explain. */
  next(line: Uint8Array): { readonly record: AuditRecord } | { readonly fault: ChainFault } | undefined;
}

const matches = (record: AuditRecord, torn: Uint8Array, sha256: Sha256): boolean =>
  record.type === 'recovered' && record.bytes === torn.length && record.torn === sha256(torn);

/** Start at the first line of a log. */
export const followChain = (sha256: Sha256): Chain => {
  let records = 0;
  let lines = 0;
  let head = FIRST_PREV;
  let lastType: string | undefined;
  let torn: { readonly bytes: Uint8Array; readonly fault: ChainFault } | undefined;

  const faultAt = (kind: ChainFaultKind, reason: string, record?: AuditRecord): ChainFault => ({
    line: lines,
    kind,
    reason,
    ...(record !== undefined && { record }),
    expected: { seq: records, prev: head },
  });

  const check = (record: AuditRecord): ChainFault | undefined => {
    const { seq, prev } = record;
    if (seq !== records && prev === head) {
      return faultAt('edited', `record ${records} says that it is record ${seq}`, record);
    }
    if (seq > records) {
      const missing = seq - records;
      return faultAt('removed', `record ${seq} stands where record ${records} should: ${missing} missing`, record);
    }
    if (seq < records) return faultAt('repeated', `record ${seq} stands where record ${records} should`, record);
    if (prev !== head) return faultAt('edited', `record ${seq} does not follow from the line before it`, record);
    const isStart = record.type === 'opened' || record.type === 'recovered';
    // Nothing is told of a vault that is closed: whoever adds to its log would have the next one sign it.
    return (lastType === 'closed' || lastType === 'recovered') && !isStart
      ? faultAt('edited', `record ${seq} stands behind "${lastType}", where a vault is opened`, record)
      : undefined;
  };

  return {
    get records() {
      return records;
    },
    get lines() {
      return lines;
    },
    get head() {
      return head;
    },
    get open() {
      return torn?.fault;
    },
    next(line) {
      lines += 1;
      // No vault begins such a line: none was torn. Of its bytes, not all may be here.
      if (line.length >= MAX_LINE_BYTES)
        return { fault: torn?.fault ?? faultAt('edited', 'longer than a line can be') };
      const record = parseRecord(line);
      if (torn !== undefined) {
        if (record === undefined || check(record) !== undefined || !matches(record, torn.bytes, sha256)) {
          return { fault: torn.fault };
        }
        torn = undefined;
      } else if (record === undefined) {
        const fault = faultAt('edited', 'this is no record that a vault wrote');
        // Another's file, which nothing may be added to.
        if (records === 0 && !beginsFirst(line)) return { fault };
        torn = { bytes: line.slice(), fault };
        return undefined;
      } else {
        // What was recovered from is the line before, which was a record.
        const fault =
          record.type === 'recovered' ? faultAt('removed', 'the torn line is missing', record) : check(record);
        if (fault !== undefined) return { fault };
      }
      records += 1;
      head = sha256(line);
      lastType = record.type;
      return { record };
    },
  };
};

/** Cuts bytes into lines. What follows the last line feed is what `rest` gives. */
export interface LineCutter {
  /** The lines, without line feeds, that these bytes complete. Views: valid until the next call. */
  add(bytes: Uint8Array): Generator<Uint8Array, void>;
  rest(): Uint8Array;
}

export const cutLines = (): LineCutter => {
  let kept = new Uint8Array();
  return {
    *add(bytes) {
      let from = 0;
      for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, from)) {
        const piece = bytes.subarray(from, end);
        from = end + 1;
        const line = kept.length === 0 ? piece : join(kept, piece);
        kept = new Uint8Array();
        yield line;
      }
      // A file without line feeds must not fill the memory: what is longer than a line can be is one already.
      const left = bytes.subarray(from);
      if (kept.length < MAX_LINE_BYTES) kept = join(kept, left.subarray(0, MAX_LINE_BYTES));
    },
    rest: () => kept,
  };
};

const join = (a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
};
