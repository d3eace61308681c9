// One native SecretKey object for a whole thread, whose 32 bytes are exchanged in place. blst takes a key only as such
// an object, and frees it without zeroing it: the binding moves the key out of its memory before it is dropped, and
// two thirds of the bytes stay there. So no object is ever made of a key: this one is made of public bytes, found in
// memory once, holds a key for a run of calls, and zeros before and after (writing it for each call would cost BLS 2%).
//
// It needs /proc/self/mem (Linux), and writes to memory by address: only where the object was proven to lie, and only
// as long as it is alive. Where that is not possible the caller keeps an object per key instead.
// Limit: a thread that is torn down in the middle of a call, without being asked to halt first, leaves a part of that
// one key in freed memory.
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import type { Blst, BlstSecretKey } from './load.js';

export interface ExchangedKey {
  /**
   * Run one call with a key. The object keeps it for the next call with the same one, until `rest`.
   *
   * @param name - what tells this key from every other that the thread ever uses.
   * @param secret - 32 bytes, big-endian: a view over the arena.
   * @param scratch - arena memory; 32 bytes of it are used, and wiped.
   * @throws what `run` throws, and when memory can't be written.
   */
  use<T>(name: string, secret: Uint8Array, scratch: Uint8Array, run: (key: BlstSecretKey) => T): T;
  /** Zero the object: at the end of each batch, and before the thread halts. */
  rest(): void;
}

const KEY_BYTES = 32;
const CHUNK_BYTES = 256 * 1024;
const MALLOC_HEAP_BYTES = 64 * 1024 * 1024;
const MALLOC_ALIGNMENT = 16;

/** Random bytes below the group's order: public, and this thread's alone, so that no other thread's object is found. */
const makeMarker = (): Uint8Array => {
  const bytes = randomFillSync(new Uint8Array(KEY_BYTES));
  bytes[0] = bytes[0]! & 0x3f;
  return bytes;
};

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where malloc may have put the object: the process's heap, and those of glibc's threads, which it aligns so. */
const mallocHeaps = (): Range[] =>
  readFileSync('/proc/self/maps', 'latin1')
    .split('\n')
    .flatMap((line): Range[] => {
      const [, start, end, name] = /^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ 0 *(\[heap\])?$/.exec(line) ?? [];
      if (start === undefined || end === undefined) return [];
      const range = { start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) };
      return name !== undefined || range.start % MALLOC_HEAP_BYTES === 0 ? [range] : [];
    });

/**
 * Addresses at which the heaps hold a key in the library's order. Only one half is searched for as it is, and what is
 * read is wiped at once: the search does not find itself.
 */
function* findKey(memory: number, key: Uint8Array): Generator<number> {
  const half = new Uint8Array(KEY_BYTES / 2).map((_, i) => key[KEY_BYTES - 1 - i]!);
  const chunk = Buffer.from(new ArrayBuffer(CHUNK_BYTES + KEY_BYTES));
  for (const { start, end } of mallocHeaps()) {
    for (let at = start; at < end; at += CHUNK_BYTES) {
      const part = chunk.subarray(0, Math.min(chunk.length, end - at));
      const found: number[] = [];
      try {
        const read = part.subarray(0, readSync(memory, part, 0, part.length, at));
        for (let i = read.indexOf(half); i !== -1 && i < CHUNK_BYTES; i = read.indexOf(half, i + 1)) {
          if (i % MALLOC_ALIGNMENT === 0 && key.every((byte, j) => read[i + KEY_BYTES - 1 - j] === byte)) found.push(i);
        }
      } finally {
        part.fill(0);
      }
      yield* found.map((i) => at + i);
    }
  }
}

/** The address of an object's bytes, proven: the object follows what is written there. */
const locate = (memory: number, blst: Blst, key: BlstSecretKey, marker: Uint8Array): number | undefined => {
  const other = makeMarker();
  const expected = blst.SecretKey.fromBytes(other).toPublicKey().toBytes();
  for (const address of findKey(memory, marker)) {
    writeSync(memory, other.reverse(), 0, KEY_BYTES, address);
    return isEqual(key.toPublicKey().toBytes(), expected) ? address : undefined;
  }
  return undefined;
};

/** The exchanged key of this thread, or undefined where the system or the library does not allow it. */
export const createExchangedKey = (blst: Blst): ExchangedKey | undefined => {
  if (process.platform !== 'linux') return undefined;
  let memory: number | undefined;
  let address: number | undefined;
  const marker = makeMarker();
  const key = blst.SecretKey.fromBytes(marker);
  try {
    memory = openSync('/proc/self/mem', 'r+');
    address = locate(memory, blst, key, marker);
  } catch {
    // No /proc here, or not for us.
  }
  if (memory === undefined || address === undefined) {
    if (memory !== undefined) closeSync(memory);
    return undefined;
  }
  const [descriptor, place] = [memory, address];
  const write = (bytes: Uint8Array): void => {
    if (writeSync(descriptor, bytes, 0, KEY_BYTES, place) !== KEY_BYTES) throw new Error('the key was not exchanged');
  };
  const zeros = new Uint8Array(KEY_BYTES);
  write(zeros);
  let held: string | undefined;
  const rest = (): void => {
    if (held === undefined) return;
    held = ''; // no key's name: if zeros come over a part of the key alone, none is to be signed with the rest
    try {
      write(zeros);
    } catch {
      write(zeros); // once more: nothing else zeroes the object until the next batch
    }
    held = undefined;
  };
  return {
    use(name, secret, scratch, run) {
      if (held !== name) {
        const turned = scratch.subarray(0, KEY_BYTES); // the library's numbers are little-endian
        try {
          held = ''; // no key's name: whatever was written of this one is to be zeroed
          for (let i = 0; i < KEY_BYTES; i++) turned[i] = secret[KEY_BYTES - 1 - i]!;
          write(turned);
          held = name;
        } finally {
          turned.fill(0);
        }
      }
      return run(key);
    },
    rest,
  };
};
