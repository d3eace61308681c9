// A strict JSON reader (RFC 8259), for the settings file and for keystores, whose text is public. JSON.parse won't do:
// its messages quote the text, do not always say where the mistake is, and of two keys with one id it silently drops
// the first. Messages give a line and a column, never the text.
import type { SettingsProblem } from '../errors.js';
import { addProblem, fieldPath, idPath } from './check.js';

/** The settings nest four deep, and so do keystores. */
const MAX_DEPTH = 32;
const WORDS: Readonly<Record<string, true | false | null>> = { true: true, false: false, null: null };

export interface ParsedJson {
  readonly value: unknown;
}

/**
 * Parse JSON text. Objects come out with a null prototype, so that `__proto__` is a name like any other.
 *
 * @param problems - gets the first syntax mistake, at `path`, or every name that an object has twice.
 * @returns undefined after a syntax mistake.
 */
export const parseJson = (text: string, path: string, problems: SettingsProblem[]): ParsedJson | undefined => {
  let at = 0;
  let fault: { readonly at: number; readonly reason: string } | undefined;

  // Counting goes on from the last place that was asked for: a file may hold very many repeated names.
  let counted = { line: 1, lineStart: 0, at: 0 };
  const place = (offset: number): string => {
    if (offset < counted.at) counted = { line: 1, lineStart: 0, at: 0 };
    const breaks = /\r\n|\n|\r/g;
    breaks.lastIndex = counted.at;
    for (let found = breaks.exec(text); found !== null && breaks.lastIndex <= offset; found = breaks.exec(text)) {
      counted = { line: counted.line + 1, lineStart: breaks.lastIndex, at: breaks.lastIndex };
    }
    return `line ${counted.line}, column ${offset - counted.lineStart + 1}`;
  };
  const fail = (offset: number, reason: string): never => {
    fault = { at: offset, reason };
    throw new SyntaxError(reason);
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const skipSpace = (): void => {
    match(/[ \t\n\r]*/y);
  };
  const take = (character: string): boolean => {
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };

  const parseString = (): string => {
    const start = at;
    at += 1;
    while (text[at] !== '"') {
      if (at >= text.length) fail(start, 'a string that starts here has no end');
      if (text.charCodeAt(at) < 0x20) fail(at, 'a control character in a string must be escaped');
      if (text[at] !== '\\') at += 1;
      else if (match(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y) === undefined) fail(at, 'not an escape of JSON');
    }
    at += 1;
    return JSON.parse(text.slice(start, at)) as string; // a well-formed string token: this cannot fail
  };

  const parseObject = (here: string, depth: number): unknown => {
    const object = Object.create(null) as Record<string, unknown>;
    at += 1;
    skipSpace();
    if (take('}')) return object;
    for (let position = 1; ; position++) {
      if (text[at] !== '"') fail(at, 'expected a name in double quotes');
      const nameAt = at;
      const name = parseString();
      const below = here === 'keys' ? idPath(here, name, position) : fieldPath(here, name, position);
      if (Object.hasOwn(object, name)) addProblem(problems, below, `appears twice, again at ${place(nameAt)}`);
      skipSpace();
      if (!take(':')) fail(at, 'expected ":"');
      object[name] = parseValue(below, depth);
      skipSpace();
      if (take('}')) return object;
      if (!take(',')) fail(at, 'expected "," or "}"');
      skipSpace();
    }
  };

  const parseArray = (here: string, depth: number): unknown => {
    const items: unknown[] = [];
    at += 1;
    skipSpace();
    if (take(']')) return items;
    for (;;) {
      items.push(parseValue(`${here}[${items.length}]`, depth));
      skipSpace();
      if (take(']')) return items;
      if (!take(',')) fail(at, 'expected "," or "]"');
    }
  };

  const parseValue = (here: string, depth: number): unknown => {
    skipSpace();
    if (depth > MAX_DEPTH) fail(at, `nested deeper than ${MAX_DEPTH} levels`);
    if (text[at] === '{') return parseObject(here, depth + 1);
    if (text[at] === '[') return parseArray(here, depth + 1);
    if (text[at] === '"') return parseString();
    const number = match(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y);
    if (number !== undefined) return Number(number);
    const word = match(/(?:true|false|null)\b/y);
    if (word !== undefined) return WORDS[word];
    return fail(at, at < text.length ? 'expected a value' : 'the text ends where a value should be');
  };

  try {
    const value = parseValue('', 0);
    skipSpace();
    if (at < text.length) fail(at, 'expected nothing after the value');
    return { value };
  } catch (error) {
    if (fault === undefined) throw error;
    return addProblem(problems, path, `not valid JSON at ${place(fault.at)}: ${fault.reason}`);
  }
};
