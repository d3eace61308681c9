// Reads TypeScript source as tokens, as far as the import rule needs it: comments, strings, templates and regular
// expressions are told apart, so that an import in a comment is none and one in odd formatting is still seen.

export interface Token {
  readonly kind: 'word' | 'string' | 'template' | 'regexp' | 'punctuation';
  /** The content for strings and templates without substitutions; the source text otherwise. */
  readonly text: string;
  readonly line: number;
}

export interface Import {
  /** undefined when it is computed at run time. */
  readonly specifier: string | undefined;
  readonly line: number;
}

const WORD = /[\p{ID_Start}$_#@][\p{ID_Continue}$\u200c\u200d]*|\d[\w.]*/uy;
const STRING = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const REGEXP = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const SPACE = /\s+/y;
/** After these a slash divides; after anything else it begins a regular expression. */
const ENDS_VALUE = /^(?:[)\]]|[\p{ID_Continue}$]+)$/u;
const BEFORE_REGEXP = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'do',
  'else',
  'void',
  'delete',
  'await',
  'yield',
]);

const contentOf = (quoted: string): string =>
  quoted
    .slice(1, -1)
    .replace(/\\(?:u\{([0-9a-f]+)\}|u([0-9a-f]{4})|x([0-9a-f]{2})|([\s\S]))/gi, (_, a, b, c, plain) => {
      const code = a ?? b ?? c;
      return code === undefined ? plain : String.fromCodePoint(Number.parseInt(code, 16));
    });

/** The tokens of a source text; comments are left out. */
export const tokenize = (source: string): Token[] => {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text === undefined) return undefined;
    at += text.length;
    line += text.split('\n').length - 1;
    return text;
  };
  const push = (kind: Token['kind'], text: string, from = line): void => {
    tokens.push({ kind, text, line: from });
  };
  const dividesHere = (): boolean => {
    const last = tokens.at(-1);
    if (last === undefined) return false;
    if (last.kind === 'string' || last.kind === 'template' || last.kind === 'regexp') return true;
    return ENDS_VALUE.test(last.text) && !BEFORE_REGEXP.has(last.text);
  };
  const takeTemplate = (): void => {
    const from = line;
    let content = '';
    let substitutions = false;
    at++;
    while (at < source.length && source[at] !== '`') {
      if (source.startsWith('${', at)) {
        substitutions = true;
        at += 2;
        takeUntil('}');
      } else {
        if (source[at] === '\\') content += source[at++];
        if (source[at] === '\n') line++;
        content += source[at++] ?? '';
      }
    }
    at++;
    if (substitutions) push('punctuation', '`', from);
    else push('template', contentOf(`\`${content}\``), from);
  };
  const takeUntil = (end: string | undefined): void => {
    let depth = 0;
    while (at < source.length) {
      if (take(SPACE) ?? take(COMMENT)) continue;
      const char = source[at] as string;
      if (char === end && depth === 0) {
        at++;
        return;
      }
      const from = line;
      const string = take(STRING);
      if (string !== undefined) {
        push('string', contentOf(string), from);
        continue;
      }
      if (char === '`') {
        takeTemplate();
        continue;
      }
      const regexp = char === '/' && !dividesHere() ? take(REGEXP) : undefined;
      if (regexp !== undefined) {
        push('regexp', regexp);
        continue;
      }
      const word = take(WORD);
      if (word !== undefined) {
        push('word', word);
        continue;
      }
      if (char === '{') depth++;
      if (char === '}') depth--;
      push('punctuation', char);
      at++;
    }
  };
  takeUntil(undefined);
  return tokens;
};

const isText = (token: Token | undefined): token is Token => token?.kind === 'string' || token?.kind === 'template';

/** Every import of a file: static, re-exported, for types, dynamic, and by require. */
export const findImports = (tokens: readonly Token[]): Import[] => {
  const imports: Import[] = [];
  const isMember = (index: number): boolean => tokens[index - 1]?.text === '.' && tokens[index - 2]?.text !== '.';
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || isMember(index)) continue;
    const next = tokens[index + 1];
    const called = next?.text === '(' && next.kind === 'punctuation';
    if ((token.text === 'import' || token.text === 'require') && called) {
      const argument = tokens[index + 2];
      imports.push({ specifier: isText(argument) ? argument.text : undefined, line: token.line });
    } else if (token.text === 'import' && next?.kind === 'string') {
      imports.push({ specifier: next.text, line: token.line });
    } else if (token.text === 'from' && next?.kind === 'string') {
      imports.push({ specifier: next.text, line: token.line });
    }
  }
  return imports;
};

/** The lines on which a file exports a default. */
export const findDefaultExports = (tokens: readonly Token[]): number[] => {
  const lines: number[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || token.text !== 'export') continue;
    let at = index + 1;
    if (tokens[at]?.text === 'type') at++;
    if (tokens[at]?.text === 'default' || tokens[at]?.text === '=') lines.push(token.line);
    if (tokens[at]?.text !== '{') continue;
    for (; at < tokens.length && tokens[at]?.text !== '}'; at++) {
      const exported = tokens[at + 1]?.text;
      if (tokens[at]?.text === 'default' && (exported === ',' || exported === '}')) lines.push(token.line);
    }
  }
  return lines;
};

/** The lines on which a file uses the type `any`. */
export const findAny = (tokens: readonly Token[]): number[] =>
  tokens
    .filter((token, index) => {
      if (token.kind !== 'word' || token.text !== 'any') return false;
      const after = tokens[index + 1]?.text;
      return tokens[index - 1]?.text !== '.' && after !== ':' && after !== '(';
    })
    .map((token) => token.line);
