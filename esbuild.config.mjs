// Builds the package into dist/ and the tests and benchmarks into .build/.
//
// Nothing is bundled or minified: every source file becomes one file of the same name, so the code that a
// reader audits is, file by file, the code that runs. Declarations come from tsc, which also type-checks.
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** Every file below the given folders whose name ends so. */
const sources = (ending, ...folders) =>
  folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
      .map((entry) => join(entry.parentPath, entry.name)),
  );

const transpile = (outdir, ...folders) =>
  build({
    absWorkingDir: root,
    entryPoints: sources('.ts', ...folders),
    outbase: root,
    outdir,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  });

/** Files that must be CommonJS: .cts. */
const transpileCommonJs = (outdir, ...folders) =>
  build({
    absWorkingDir: root,
    entryPoints: sources('.cts', ...folders),
    outbase: root,
    outdir,
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  });

for (const folder of ['dist', '.build']) rmSync(join(root, folder), { recursive: true, force: true });
await transpile('dist', 'src', 'workers');
await transpileCommonJs('dist', 'workers');
await transpile('.build', 'test', 'bench');
// Tests import internals as ../../dist/…, the same from test/unit/ and from .build/test/unit/.
symlinkSync(join(root, 'dist'), join(root, '.build/dist'), 'junction');
chmodSync(join(root, 'dist/src/cli/main.js'), 0o755);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
try {
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
} catch {
  process.exit(1); // tsc has already said what is wrong
}
