// The package as its users get it: packed, installed into an empty project without install scripts, and used there.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';
import { Ajv } from 'ajv';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { assert } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { repositoryRoot } from '../support/vectors.js';
import { CONSUMER, TYPED_CONSUMER } from './consumer.js';
import { install, pack } from './pack.js';

const manifest = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
  readonly files: readonly string[];
  readonly version: string;
};

/** npm packs these whether listed or not. */
const ALWAYS_PACKED = ['package.json', 'README.md'];

const filesBelow = (folder: string): string[] =>
  readdirSync(join(repositoryRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(repositoryRoot, join(entry.parentPath, entry.name)).split(sep).join('/'));

const folder = tempFolder();
const project = join(folder, 'consumer');
const packed = await pack(folder);
const offline = await install(packed.tarball, project);

const test = suite('the packed tarball');
test.timeout(100_000);

/** A test that needs the installed package. */
const testInstalled = (name: string, body: () => Promise<void>): void => {
  if (offline === undefined) test(name, body);
  else test.skip(name, offline);
};

test('holds dist and the listed documents, and nothing else', () => {
  const listed = manifest.files.filter((file) => file !== 'dist');
  const licence = ['LICENSE', 'LICENSE.md'].filter((file) => existsSync(join(repositoryRoot, file)));
  const expected = [...filesBelow('dist'), ...listed, ...ALWAYS_PACKED, ...licence];
  assert.equal(packed.files, expected.sort());
});

test('holds one module and one declaration for each source file, and no file without one', () => {
  const sources = [...filesBelow('src'), ...filesBelow('workers')].filter((file) => /\.c?ts$/.test(file));
  const built = sources.flatMap((file) => ['.$1js', '.d.$1ts'].map((end) => `dist/${file.replace(/\.(c?)ts$/, end)}`));
  assert.equal(
    packed.files.filter((file) => file.startsWith('dist/')),
    built.sort(),
  );
});

testInstalled(
  'loads, signs with every key type, and every signature verifies under another implementation',
  async () => {
    writeFileSync(join(project, 'main.js'), CONSUMER);
    const { code, stdout, stderr } = await runNode(['main.js'], { cwd: project });
    assert.is(code, 0, stderr);
    const result = JSON.parse(stdout);
    const good = { noble: true, nobleOfBent: false, vault: true, vaultOfBent: false };
    const schemes = ['ed25519', 'ecdsa', 'ecdsa-recoverable', 'schnorr', 'bls12-381'];
    assert.equal(result.verdicts, Object.fromEntries(schemes.map((scheme) => [scheme, good])));
    assert.is(result.many, 1000);
    assert.is(result.threads, 2);
    assert.equal(result.types, ['bls12-381', 'ed25519', 'secp256k1', 'x25519']);
    const { ed25519, secp256k1, x25519, 'bls12-381': bls } = result.providers;
    assert.equal([ed25519, secp256k1, x25519, bls], ['native', 'native', 'native', 'native']);
  },
);

testInstalled('ships a schema that editors can find and that accepts the settings the vault opens', async () => {
  const path = createRequire(join(project, 'main.js')).resolve('strongroom/strongroom.schema.json');
  const schema = JSON.parse(readFileSync(path, 'utf8'));
  const validate = new Ajv({ allErrors: true, strict: false, validateSchema: false }).compile(schema);
  const settings = {
    $schema: './node_modules/strongroom/strongroom.schema.json',
    threads: 2,
    keys: Object.fromEntries(
      Object.entries({ ed: 'ed25519', ec: 'secp256k1', bls: 'bls12-381', x: 'x25519' }).map(([id, type]) => [
        id,
        { type, from: 'generate' },
      ]),
    ),
  };
  assert.ok(validate(settings), JSON.stringify(validate.errors));
  assert.not.ok(validate({ ...settings, thread: 2 }), 'positive control: an unknown field');
  writeFileSync(join(project, 'strongroom.json'), JSON.stringify(settings));
  writeFileSync(join(project, 'main.js'), CONSUMER);
  const { code, stderr } = await runNode(['main.js', 'strongroom.json'], { cwd: project });
  assert.is(code, 0, stderr);
});

testInstalled('has declarations that compile under strict settings', async () => {
  writeFileSync(join(project, 'typed.ts'), TYPED_CONSUMER);
  const typesRoot = join(repositoryRoot, 'node_modules', '@types');
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [typesRoot],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
  const tsc = join(repositoryRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, stdout } = await runNode([tsc, '-p', project], { cwd: project });
  assert.is(code, 0, stdout);
});

testInstalled('has a program that explains itself', async () => {
  const program = join(project, 'node_modules', '.bin', 'strongroom');
  const help = await runNode([program, '--help'], { cwd: project });
  assert.is(help.code, 0, help.stderr);
  for (const command of ['check', 'keys', 'generate', 'sign', 'verify', 'demo']) assert.match(help.stdout, command);
  const version = await runNode([program, '--version'], { cwd: project });
  assert.is(version.stdout.trim(), manifest.version);
});

test('is clean for publint', async () => {
  const { buffer, byteOffset, byteLength } = new Uint8Array(readFileSync(packed.tarball));
  const tarball = buffer.slice(byteOffset, byteOffset + byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  assert.equal(
    messages.map((message) => formatMessage(message, pkg ?? {}, { color: false })),
    [],
  );
});

test('is clean for are-the-types-wrong', async () => {
  const attw = join(repositoryRoot, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
  const args = [attw, packed.tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-emoji', '--no-color'];
  const { code, stdout, stderr } = await runNode(args, { cwd: folder });
  assert.is(code, 0, `${stdout}${stderr}`);
});

test.run();
