// The page's scripts: bundled for the browser when a page is written, as only then they are wanted.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const bundle = (name: string): string => {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(`./${name}.js`, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: ['chrome109', 'firefox115', 'safari16'],
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none', // Apache's header, once for each of its files; the licences are given below
    logLevel: 'warning',
  });
  return outputFiles[0]!.text.trim();
};

/** The licences of ECharts and of what it brings along ask to be named where their code is. */
const licences = (): string => {
  const require = createRequire(import.meta.url);
  const echarts = dirname(require.resolve('echarts/package.json'));
  const zrender = dirname(createRequire(join(echarts, 'index.js')).resolve('zrender/package.json'));
  const { version } = JSON.parse(readFileSync(join(echarts, 'package.json'), 'utf8')) as { version: string };
  const texts = [
    `Apache ECharts ${version}, under the Apache License 2.0: apache.org/licenses/LICENSE-2.0`,
    readFileSync(join(echarts, 'NOTICE'), 'utf8'),
    'With ZRender:',
    readFileSync(join(zrender, 'LICENSE'), 'utf8'),
    "and tslib (0BSD), Microsoft's.",
  ];
  return `/*\n${texts.map((text) => text.trim().replaceAll('*/', '* /')).join('\n\n')}\n*/\n`;
};

export interface Scripts {
  /** Goes first: writes down what goes wrong. */
  readonly problems: string;
  /** Draws the charts. */
  readonly charts: string;
}

let bundled: Scripts | undefined;

/** The same for every page. */
export const bundleScripts = (): Scripts => {
  if (bundled !== undefined) return bundled;
  const scripts = { problems: bundle('problems'), charts: licences() + bundle('client') };
  for (const [name, text] of Object.entries(scripts)) {
    // Either would end the script element, or keep it from ending where it should.
    if (/<\/script|<!--/i.test(text)) throw new Error(`the script "${name}" cannot stand in a page`);
  }
  bundled = scripts;
  return scripts;
};
