// The import rule of the project, as a function of source texts. What it forbids keeps secret bytes and the code that
// handles them inside workers/.
import { posix } from 'node:path';
import { findAny, findDefaultExports, findImports, type Import, tokenize } from './scan.js';

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
}

/** Source texts by path, such as `src/vault.ts`. */
export type Sources = ReadonlyMap<string, string>;

const MAX_LINES = 400;

/** Libraries and modules that compute on keys. */
const CRYPTO = ['@noble/', '@scure/', 'sodium-native', 'secp256k1', '@chainsafe/blst', 'elliptic', 'node:crypto'];
const FILES = ['node:fs', 'node:fs/promises'];

/** Files of src/ that may use what is otherwise for workers/, and why no secret is in it. */
const ALLOWED: ReadonlyMap<string, { readonly modules: readonly string[]; readonly because: string }> = new Map([
  ['src/settings/file.ts', { modules: FILES, because: 'it reads the settings file, which names keys and holds none' }],
  [
    'src/cli/',
    { modules: FILES, because: 'the program reads messages and the settings, and writes what the vault gave' },
  ],
  [
    'src/cli/demo/verify.ts',
    { modules: ['@noble/curves/', 'node:crypto'], because: 'it verifies signatures: public keys and messages only' },
  ],
  [
    'src/cli/audit/',
    {
      modules: ['@noble/curves/', 'node:crypto'],
      because: 'it verifies hashes and signatures of audit logs: public data only',
    },
  ],
]);

const normalize = (specifier: string): string =>
  /^(?:crypto|fs|fs\/promises)$/.test(specifier) ? `node:${specifier}` : specifier;

const isOneOf = (specifier: string, modules: readonly string[]): boolean =>
  modules.some((module) => specifier === module || specifier.startsWith(module.endsWith('/') ? module : `${module}/`));

const isAllowed = (file: string, specifier: string): boolean =>
  [...ALLOWED].some(
    ([path, { modules }]) =>
      (path.endsWith('/') ? file.startsWith(path) : file === path) && isOneOf(specifier, modules),
  );

/** The file that a relative import leads to, or undefined for packages and built-in modules. */
const resolveImport = (file: string, specifier: string): string | undefined =>
  /^\.{1,2}(?:\/|$)/.test(specifier) ? posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts') : undefined;

const judgeTarget = (file: string, target: string, sources: Sources): string | undefined => {
  const side = file.split('/')[0];
  if (!target.startsWith('src/') && !target.startsWith('workers/')) return 'imports from outside of src/ and workers/';
  if (side === 'src' && target.startsWith('workers/')) return 'src/ never imports workers/';
  if (side === 'workers' && target.startsWith('src/') && !/^src\/(?:wire\/.+|errors)\.ts$/.test(target)) {
    return 'workers/ imports from src/ only src/wire/ and src/errors';
  }
  if (file.startsWith('workers/signer/') && target.startsWith('workers/vault/')) {
    return 'workers/signer never imports workers/vault';
  }
  if (!sources.has(target)) return 'the imported file does not exist (relative imports end in .js)';
  return undefined;
};

const judgeModule = (file: string, specifier: string): string | undefined => {
  if (specifier.startsWith('/') || specifier.startsWith('file:')) return 'imports by an absolute path';
  if (specifier === 'strongroom' || specifier.startsWith('strongroom/')) return 'imports the package itself';
  if (!file.startsWith('src/') || isAllowed(file, specifier)) return undefined;
  if (isOneOf(specifier, CRYPTO)) return 'only workers/ imports crypto libraries and node:crypto';
  if (isOneOf(specifier, FILES)) return 'only workers/ imports node:fs';
  return undefined;
};

const judgeImport = (file: string, { specifier }: Import, sources: Sources): string | undefined => {
  if (specifier === undefined) return file.startsWith('src/') ? 'imports a computed path' : undefined;
  const target = resolveImport(file, specifier);
  return target === undefined ? judgeModule(file, normalize(specifier)) : judgeTarget(file, target, sources);
};

/** One cycle among the imports, as its path, or undefined. Imports of types count: a cycle of types is one too. */
const findCycle = (graph: ReadonlyMap<string, readonly string[]>): string[] | undefined => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    const start = path.indexOf(file);
    if (start !== -1) return [...path.slice(start), file];
    if (done.has(file)) return undefined;
    for (const target of graph.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
};

/** Everything in the sources of src/ and workers/ that breaks a rule. */
export const findProblems = (sources: Sources): Problem[] => {
  const problems: Problem[] = [];
  const graph = new Map<string, string[]>();
  for (const [file, source] of sources) {
    const report = (line: number, rule: string | undefined): void => {
      if (rule !== undefined) problems.push({ file, line, rule });
    };
    const tokens = tokenize(source);
    const imports = findImports(tokens);
    for (const each of imports) report(each.line, judgeImport(file, each, sources));
    // A library's name in a string is a library that is loaded by a way that findImports does not know. The bare
    // 'secp256k1' is also a key type.
    const seen = new Set(imports.map(({ specifier }) => specifier));
    for (const { kind, text, line } of tokens) {
      if (kind !== 'string' && kind !== 'template') continue;
      if (text === 'secp256k1') continue;
      if (file.startsWith('src/') && !seen.has(text) && isOneOf(text, CRYPTO) && !isAllowed(file, text)) {
        report(line, 'names a crypto library in a string');
      }
    }
    for (const line of findDefaultExports(tokens)) report(line, 'no default exports');
    for (const line of findAny(tokens)) report(line, 'no `any`');
    const lines = source.trimEnd().split('\n');
    if (lines.length > MAX_LINES) report(lines.length, `no file is longer than ${MAX_LINES} lines`);
    if (!/^(?:#![^\n]*\n)?\/[/*]/.test(source)) report(1, 'every file begins with a comment');
    const targets = imports.map(({ specifier }) => specifier && resolveImport(file, specifier));
    graph.set(file, targets.filter((target) => target !== undefined && sources.has(target)) as string[]);
  }
  const cycle = findCycle(graph);
  if (cycle !== undefined) problems.push({ file: cycle.join(' → '), line: 1, rule: 'no import cycles' });
  return problems;
};
