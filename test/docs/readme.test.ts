// The code of README.md runs, is the example that ships beside it, and its links lead somewhere.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { repositoryRoot } from '../support/vectors.js';

const PAGES = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'docs/architecture.md',
  'docs/benchmarks.md',
  'docs/cli.md',
  'docs/errors.md',
  'docs/memory.md',
  'docs/sealed-file.md',
  'docs/settings.md',
  'examples/README.md',
];

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');
const example = textOf('examples/ten-lines.mjs');
const [block = ''] = Array.from(textOf('README.md').matchAll(/^```js\n(.*?)^```$/gms), ([, code]) => code);

/** The places inside this repository that a page's links name. */
const linksOf = (path: string): string[] =>
  Array.from(textOf(path).matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target).filter(
    (target) => !/^[a-z]+:/.test(target),
  );

/** The anchor that a heading gets. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

const test = suite('README.md');

test('its code is ten lines', () => {
  assert.is(block.split('\n').filter((line) => line !== '').length, 10);
});

test('its code runs, prints true and lets the process end', async () => {
  const { code, stdout, stderr, timedOut } = await runNode(block);
  assert.is(timedOut, false);
  assert.is(code, 0, stderr);
  assert.is(stdout, 'true\n');
});

test('its code is the example, which runs as the page says', async () => {
  assert.is(example.replace(/^(?:\/\/.*\n)+/, '').trimStart(), block);
  const { code, stdout, stderr } = await runNode(['examples/ten-lines.mjs']);
  assert.is(code, 0, stderr);
  assert.is(stdout, 'true\n');
});

test('the links of every page lead to a file and a heading', () => {
  for (const page of PAGES) {
    for (const link of linksOf(page)) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      assert.ok(existsSync(join(repositoryRoot, target)), `${page} links to ${link}, which is not there`);
      if (anchor === undefined) continue;
      const headings = Array.from(textOf(target).matchAll(/^#+ (.+)$/gm), ([, heading = '']) => anchorOf(heading));
      assert.ok(headings.includes(anchor), `${page} links to the heading ${link}, which is not there`);
    }
  }
});

test.run();
