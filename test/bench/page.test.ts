// The page and the chart of a result: they say all of it, need nothing else, and take no text for more than text. Where
// there is a Chromium the page is looked at in it, by day and by night, wide and narrow.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeChart } from '../../bench/page/chart.js';
import { figure, placeText, range, times } from '../../bench/page/format.js';
import { escapeText, html } from '../../bench/page/html.js';
import { writePage } from '../../bench/page/page.js';
import { chartsOf, logScale } from '../../bench/page/shape.js';
import { DARK, LIGHT } from '../../bench/page/theme.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { findBrowser, startBrowser, type Tab } from './browser.js';
import { HOSTILE, makeResult } from './made-result.js';

const test = suite('the page of a benchmark');
test.timeout(60_000);

const result = makeResult();
const hostile = makeResult({ hostile: true, smoke: true });
const page = writePage(result);
const hostilePage = writePage(hostile);

/** What is outside of scripts and styles: for readers. */
const textOf = (html: string): string => html.replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, '');

test('the page has every measurement, figure, absent contestant and note, and the whole result as JSON', () => {
  const text = textOf(page);
  const expectText = (wanted: string): void =>
    assert.ok(text.includes(escapeText(wanted)), `the page says "${wanted}"`);
  for (const { title, unit, rows, absent, axis } of result.measurements) {
    for (const wanted of [title, unit, axis?.label ?? '']) expectText(wanted);
    for (const { name, reason } of absent) for (const wanted of [name, reason]) expectText(wanted);
    for (const { label, series, value, ratio } of rows) {
      expectText(series ?? label);
      expectText(`>${figure(value.median)}<`.slice(1, -1));
      expectText(range(value, figure));
      if (ratio !== undefined) for (const wanted of [times(ratio.median), range(ratio, times)]) expectText(wanted);
    }
  }
  for (const note of result.notes) expectText(note);
  for (const [name, version] of Object.entries(result.environment.packages)) expectText(`${name} ${version}`);
  for (const wanted of ['736,854', 'none wrong', result.environment.cpu, '1.70, 0.90, 0.41', 'full run'])
    expectText(wanted);
  assert.not(text.includes('smoke'));
  assert.ok(textOf(hostilePage).includes('A smoke run: its figures mean nothing.'));

  const judged = result.measurements.flatMap(({ rows }) => rows).filter(({ met }) => met !== undefined);
  const met = judged.filter((row) => row.met === true).length;
  assert.ok(met > 0 && met < judged.length, 'aims are met and missed');
  expectText(`Aims: ${met} met, ${judged.length - met} missed`);

  const [, json = ''] = /<script type="application\/json" id="result">(.*)<\/script>/.exec(page) ?? [];
  assert.equal(JSON.parse(json), JSON.parse(JSON.stringify(result)));
});

test('every row is in one chart, every chart has its place and a table with headers', () => {
  const charts = result.measurements.flatMap(chartsOf);
  for (const measurement of result.measurements) {
    const drawn = chartsOf(measurement).flatMap((chart) =>
      chart.kind === 'bars' ? chart.rows : chart.curves.flatMap(({ points }) => points),
    );
    assert.is(drawn.length, measurement.rows.length, measurement.name);
    assert.is(new Set(drawn).size, measurement.rows.length, measurement.name);
  }
  const rolesOf = (wanted: string): string[] =>
    result.measurements
      .filter(({ name }) => name === wanted)
      .flatMap(chartsOf)
      .flatMap((chart) => (chart.kind === 'curves' ? chart.curves.map(({ role }) => role) : []));
  assert.equal(rolesOf('keys'), ['strongroom'], 'although its first point is the baseline');
  assert.equal(rolesOf('threads'), ['strongroom', 'strongroom', 'strongroom', 'ceiling']);
  assert.is(page.match(/<div class="chart"/g)?.length, charts.length);
  const tables = textOf(page).match(/<table>[\s\S]*?<\/table>/g) ?? [];
  assert.is(tables.length, charts.length + 1, 'and one of all aims');
  for (const table of tables) {
    assert.ok(table.includes('<th scope="col"'));
    assert.is(table.match(/<th scope="row">/g)?.length, table.match(/<tr/g)!.length - 1);
  }
});

test('the page refers to nothing outside of itself, and its policy allows nothing', () => {
  assert.ok(Buffer.byteLength(page) < 1_000_000, `${Buffer.byteLength(page)} bytes`);
  const text = textOf(page);
  const references = [...text.matchAll(/\b(?:src|href|srcset|action|data)=["']?([^"'\s>]*)/g)].map(([, to]) => to!);
  assert.ok(references.length > 0, 'the chapters are found');
  for (const to of references) assert.ok(to.startsWith('#'), to);
  assert.not(/https?:|<link|<base|<iframe|<object|<embed/.test(text));
  const [, style = ''] = /<style>([^<]*)<\/style>/.exec(page) ?? [];
  assert.ok(style.length > 1_000 && !/url\(|@import|@font-face/.test(style));
  const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
  assert.match(
    policy,
    /^default-src &#39;none&#39;; script-src (&#39;sha256-[\w+/=]+&#39; ?){2}; style-src &#39;sha256-/,
  );
  assert.not(/unsafe|https?:|\*/.test(policy));
});

test('hostile text is text', () => {
  for (const raw of Object.values(HOSTILE)) {
    assert.not(hostilePage.includes(raw), raw);
    assert.ok(hostilePage.includes(escapeText(raw)), 'it is shown nevertheless');
  }
  // As many scripts as without it.
  const count = (html: string): number => html.split(/<\/script/i).length;
  assert.is(count(hostilePage), count(page));
  const renamed = makeResult({ hostile: true });
  const chart = writeChart({ ...renamed, environment: { ...renamed.environment, cpu: HOSTILE.script } });
  assert.not(/<script|<img/.test(chart));
  assert.ok(chart.includes('&lt;script&gt;'));
});

test('data cannot pass for markup, whatever its shape', () => {
  const forged = { markup: '<img src=x>' };
  assert.throws(() => html`<p>${forged as unknown as string}</p>`);
  assert.is(html`<p>${html`<b>made</b>`}</p>`.markup, '<p><b>made</b></p>');
});

/** Whether every element is closed, in order; every attribute quoted once; every & an entity. Enough for what we write. */
const isWellFormed = (xml: string): boolean => {
  const open: string[] = [];
  let roots = 0;
  const rest = xml.trim().replace(/<!\[CDATA\[[\s\S]*?\]\]>/g, '');
  const token = /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
  while (token.lastIndex < rest.length) {
    const found = token.exec(rest);
    if (found === null) return false;
    const [, closing, name = '', attributes = '', empty, text = ''] = found;
    if (/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.test(attributes + text)) return false;
    if (text !== '') {
      if (open.length === 0) return false;
      continue;
    }
    const names = [...attributes.matchAll(/([\w:-]+)=/g)].map(([, attribute]) => attribute);
    if (new Set(names).size !== names.length) return false;
    if (closing === '/') {
      if (open.pop() !== name) return false;
    } else {
      if (open.length === 0) roots++;
      if (empty === '') open.push(name);
    }
  }
  return open.length === 0 && roots === 1;
};

test('the chart is well-formed, small, the same each time, and says its figures in text', () => {
  for (const wrong of ['<a>', '<a></b>', '<a b=c/>', '<a b="1" b="2"/>', '<a>&nbsp;</a>', '<a/><a/>', 'a<a/>']) {
    assert.not(isWellFormed(wrong), wrong);
  }
  for (const made of [result, hostile, makeResult({ only: ['ed25519'] }), makeResult({ only: ['lone'] })]) {
    const chart = writeChart(made);
    assert.ok(isWellFormed(chart));
    assert.ok(chart.length < 60_000, `${chart.length} bytes`);
    assert.is(writeChart(made), chart);
    assert.match(chart, /^<svg role="img"[^>]*><title>[^<]+<\/title><desc>[^<]+<\/desc>/);
    assert.not(/<script|<image|<foreignObject|href=|url\(|\bon\w+=/.test(chart));
  }
  const texts = [...writeChart(result).matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
  for (const wanted of [
    'noble, direct',
    'node:crypto',
    'native in Piscina, 64 in flight',
    'Strongroom sign(), 64 in flight',
    'Strongroom sign(), 2,048 in flight',
    'Strongroom signMany()',
    'bls12-381',
    '64,000',
    '114,560',
    '36.4',
  ]) {
    assert.ok(texts.includes(wanted), `the chart says "${wanted}"`);
  }
  assert.ok(writeChart(hostile).includes('A smoke run: its figures mean nothing.'));
});

test('figures have separators and three digits that count; places have units', () => {
  assert.equal([1_234_567, 1_234.56, 99.94, 9.994, 0.01234, 0.0000158, 0, -12.4, 1.5e-9].map(figure), [
    '1,234,567',
    '1,235',
    '99.9',
    '9.99',
    '0.0123',
    '0.0000158',
    '0',
    '-12.4',
    '1.50e-9',
  ]);
  assert.is(range({ median: 2, min: 1, max: 3 }, figure), '1–3');
  assert.is(range({ median: 2, min: -1, max: 3 }, figure), '-1 to 3');
  assert.is(range({ median: 2, min: 2, max: 2 }, figure), '');
  const bytes = { label: 'message bytes', scale: 'log' } as const;
  assert.equal(
    [32, 1_024, 1_048_576].map((place) => placeText(bytes, place, false)),
    ['32 B', '1 KiB', '1 MiB'],
  );
  const percentiles = { label: 'percentile', scale: 'linear' } as const;
  assert.equal(
    [50, 99.9, 100].map((place) => placeText(percentiles, place, true)),
    ['p50', 'p99.9', 'max'],
  );
});

test('a logarithmic axis holds all values between round ticks', () => {
  assert.equal(logScale([40, 5_800]), {
    min: 20,
    max: 10_000,
    ticks: [20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000],
  });
  assert.equal(logScale([3, 90_000]).ticks, [1, 10, 100, 1_000, 10_000, 100_000]);
  assert.equal(logScale([0.001, 0.1, 0]).ticks.slice(0, 2), [0.0005, 0.001]);
});

/** Each chart: how it was drawn, and what of it can be seen. */
interface Seen {
  readonly drawn: string;
  readonly width: number;
  readonly height: number;
  readonly shapes: number;
  readonly fills: readonly string[];
}
const SEE = `Array.from(document.querySelectorAll('.chart'), (chart) => {
  const svg = chart.querySelector('svg');
  const box = svg.getBoundingClientRect();
  const texts = Array.from(svg.querySelectorAll('text'), (text) => text.getAttribute('fill'));
  const shapes = svg.querySelectorAll('path').length;
  return { drawn: chart.dataset.drawn, width: box.width, height: box.height, shapes, fills: texts };
})`;
const PROBLEMS = 'document.documentElement.dataset.problems ?? ""';
const HARM = 'document.documentElement.dataset.hostile ?? ""';
const allDrawn = (scheme: string): string =>
  `Array.from(document.querySelectorAll('.chart')).every(({ dataset }) => dataset.drawn?.endsWith(' ${scheme}'))`;

const browserTests = (program: string): void => {
  const folder = tempFolder();
  const urlOf = (name: string, content: string): string => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return pathToFileURL(file).href;
  };
  const charts = hostile.measurements.flatMap(chartsOf).length;
  let tab: Tab;
  test.before(async () => {
    tab = await startBrowser(program);
  });
  test.after(() => tab.close());

  test('in a browser every chart is drawn, by day and by night, wide and narrow, and nothing goes wrong', async () => {
    const url = urlOf('page.html', hostilePage);
    await tab.setScheme('light');
    await tab.open(url, 1_280);
    const look = async (scheme: 'light' | 'dark', width: number): Promise<void> => {
      await tab.until(allDrawn(scheme));
      const seen = await tab.evaluate<readonly Seen[]>(SEE);
      assert.is(seen.length, charts);
      const theme = scheme === 'light' ? LIGHT : DARK;
      for (const each of seen) {
        assert.ok(each.width > 200 && each.width <= width && each.height > 50, JSON.stringify(each));
        assert.ok(each.shapes > 2 && each.fills.length > 2, JSON.stringify(each));
        for (const fill of each.fills) assert.ok([theme.text, theme.muted].includes(fill), fill);
      }
      // Nothing sticks out: tables scroll in their own boxes.
      assert.ok(await tab.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'), `${width}`);
    };
    await look('light', 1_280);
    await tab.setScheme('dark');
    await look('dark', 1_280);
    await tab.setWidth(400);
    await tab.until(`Array.from(document.querySelectorAll('.chart svg')).every((svg) => svg.clientWidth < 400)`);
    await look('dark', 400);
    await tab.setScheme('light');
    await look('light', 400);

    assert.is(await tab.evaluate<string>(PROBLEMS), '');
    assert.is(await tab.evaluate<string>(HARM), '');
    assert.is(await tab.evaluate<number>('document.images.length'), 0);
    assert.equal(tab.said, []);
    assert.equal(tab.requested, [url]);
  });

  test('in a browser what is pointed at is told as text', async () => {
    await tab.setScheme('light');
    const pointed = makeResult({ hostile: true, only: [HOSTILE.quotes] });
    await tab.open(urlOf('pointed.html', writePage(pointed)), 1_280);
    await tab.until(allDrawn('light'));
    const last = `Array.from(document.querySelectorAll('.chart')).slice(-2)`;
    for (const [at, title] of [
      [0, HOSTILE.image],
      [1, HOSTILE.comment],
    ] as const) {
      await tab.evaluate(`${last}[${at}].scrollIntoView({ block: 'center' })`);
      const box = await tab.evaluate<{ x: number; y: number; width: number; height: number }>(
        `${last}[${at}].getBoundingClientRect().toJSON()`,
      );
      // The first place of the curves; the bar in the middle, which is the longest.
      await tab.point(box.x + box.width * (at === 0 ? 0.12 : 0.4), box.y + (at === 0 ? box.height / 2 : 6 + 45));
      await tab.until(`${last}[${at}].querySelector('.tip-title') !== null`);
      const told = await tab.evaluate<string>(`${last}[${at}].querySelector('.tip-title').parentElement.textContent`);
      assert.ok(told.includes(title), told);
    }
    assert.is(await tab.evaluate<string>(PROBLEMS), '');
    assert.is(await tab.evaluate<string>(HARM), '');
    assert.equal(tab.said, []);
  });

  test('in a browser hostile text that were not escaped would do harm, and what the policy forbids is noticed', async () => {
    const planted = (html: string): string => html.replace('<main>', () => `<main>${HOSTILE.script}${HOSTILE.image}`);
    const small = writePage(makeResult({ only: ['lone'] }));
    const bare = small.replace(/<meta http-equiv[^>]*>/, '');
    await tab.open(urlOf('bare.html', planted(bare)), 1_280);
    await tab.until(`${HARM} !== ''`);
    assert.ok(tab.requested.length > 1, 'and its image is asked for');

    await tab.open(urlOf('planted.html', planted(small)), 1_280);
    await tab.until(`(${PROBLEMS}).includes('policy: script-src') && (${PROBLEMS}).includes('policy: img-src')`);
    assert.is(await tab.evaluate<string>(HARM), '');
    assert.ok(tab.said.length > 0, 'the browser says so too');
  });
};

const program = findBrowser();
if (program === undefined) {
  test.skip('in a browser every chart is drawn', 'there is no chromium or google-chrome on the PATH, nor CHROME_PATH');
} else browserTests(program);

test.run();
