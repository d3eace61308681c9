// The README's chart: what a signature costs by each way, for each key type, as one small SVG. It is drawn here, without a
// browser. It brings its own ground, by day and by night, for a reader's theme is not always the one that the picture sees.
import type { EChartsOption, TitleComponentOption } from 'echarts';
import { BarChart, CustomChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { JudgedRow, MeasurementResult, Result } from '../result.js';
import { barSeries, overlay } from './bars.js';
import { figure, times } from './format.js';
import { escapeText } from './html.js';
import { FONT } from './style.js';
import { DARK, LIGHT, type Theme } from './theme.js';

use([BarChart, CustomChart, GridComponent, TitleComponent, SVGRenderer]);

const WIDTH = 880;
const NAMES = 226;
const TOP = 92;
const ROW = 28;
const BAR = 14;
const BOTTOM = 34;
const MARGIN = 20;
const GUTTER = 14;
/** For the figure behind the longest bar. */
const FIGURE = 64;

interface Way {
  readonly name: string;
  /** Finds the way's row of a measurement. */
  of(rows: readonly JudgedRow[]): JudgedRow | undefined;
}

const labelled =
  (...patterns: readonly RegExp[]) =>
  (rows: readonly JudgedRow[]): JudgedRow | undefined =>
    rows.find(({ label, role }) => role !== 'strongroom' && patterns.every((pattern) => pattern.test(label)));

const ours = (rows: readonly JudgedRow[], pattern: RegExp): JudgedRow[] =>
  rows.filter(({ label, role }) => role === 'strongroom' && pattern.test(label));

/** How many calls are in flight, by a label. */
const callsText = ({ label }: JudgedRow): string | undefined => /([\d,]+) (?:in flight|calls)/.exec(label)?.[1];
const inFlight = (row: JudgedRow): number => Number(callsText(row)?.replaceAll(',', '') ?? Number.NaN);

const inPiscina = labelled(/piscina/i, /native/i);
const signs = (rows: readonly JudgedRow[]): JudgedRow[] =>
  ours(rows, /in flight/).sort((a, b) => inFlight(b) - inFlight(a));

const WAYS: readonly Way[] = [
  { name: 'noble, direct', of: labelled(/noble/i, /^(?!.*piscina)/i) },
  { name: 'node:crypto', of: labelled(/node:crypto/, /^(?!.*(callback|piscina))/i) },
  { name: 'native in Piscina', of: inPiscina },
  { name: 'native in a bare loop, one core', of: (rows) => rows.find(({ role }) => role === 'baseline') },
  {
    // Under Piscina's load; and under the greatest, below.
    name: 'Strongroom sign()',
    of: (rows) => {
      const peer = inPiscina(rows);
      const [most, ...fewer] = signs(rows);
      return peer && most && fewer.find((row) => inFlight(row) === inFlight(peer));
    },
  },
  { name: 'Strongroom sign()', of: (rows) => signs(rows)[0] },
  { name: 'Strongroom signMany()', of: (rows) => ours(rows, /signMany/)[0] },
];

/** A way, with its load where the rows tell it. */
const namedBy = (way: Way, rows: readonly (JudgedRow | undefined)[]): Way => {
  const calls = rows.flatMap((row) => (row === undefined ? [] : (callsText(row) ?? [])))[0];
  return calls === undefined ? way : { ...way, name: `${way.name}, ${calls} in flight` };
};

interface Panel {
  readonly title: string;
  /** By way: undefined where there is no such row. */
  readonly rows: readonly (JudgedRow | undefined)[];
}

/** Measurements that have a panel: the schemes that everybody knows. */
const PANELS: Readonly<Record<string, string>> = {
  ed25519: 'ed25519',
  ecdsa: 'secp256k1 ecdsa',
  'bls12-381': 'bls12-381',
};

const panelOf = ({ name, rows }: MeasurementResult): Panel => ({
  title: PANELS[name] ?? name,
  rows: WAYS.map((way) => way.of(rows)),
});

/** What is aimed for belongs to the page. */
const withoutAim = ({ aim: _, met: __, ...row }: JudgedRow): JudgedRow => row;

const caption = ({ environment, vault, rounds, smoke }: Result): string => {
  const { cpu, cores, node, loadBefore } = environment;
  if (smoke) return 'A smoke run: its figures mean nothing.';
  const spread = rounds === 1 ? 'one round' : `medians of ${rounds} rounds, lines from least to greatest`;
  const load = (loadBefore[0] ?? 0).toFixed(1);
  return `${cpu}, ${cores} cores; Node ${node}; ${vault.threads} signer threads; load before ${load}; ${spread}`;
};

const option = (result: Result, ways: readonly Way[], panels: readonly Panel[], theme: Theme): EChartsOption => {
  const width = (WIDTH - MARGIN - NAMES - MARGIN) / Math.max(panels.length, 1);
  const heading = (text: string, left: number, top: number, size: number, colour: string): TitleComponentOption => ({
    text,
    left,
    top,
    padding: 0,
    textStyle: { color: colour, fontSize: size, fontWeight: size > 12 ? 'bold' : 'normal', fontFamily: FONT },
  });
  return {
    animation: false,
    textStyle: { fontFamily: FONT, color: theme.text },
    title: [
      heading('Signatures per second', MARGIN, 18, 17, theme.text),
      heading('more is better; each key type has a scale of its own', MARGIN, 42, 12, theme.muted),
      ...panels.map(({ title }, i) => heading(title, MARGIN + NAMES + i * width, TOP - 24, 13, theme.text)),
      heading(caption(result), MARGIN, TOP + ways.length * ROW + 12, 11, theme.muted),
    ],
    grid: panels.map((_, i) => ({
      left: MARGIN + NAMES + i * width,
      width: width - GUTTER - FIGURE,
      top: TOP,
      height: ways.length * ROW,
    })),
    xAxis: panels.map((_, i) => ({ type: 'value', gridIndex: i, min: 0, show: false, max: 'dataMax' })),
    yAxis: panels.map((_, i) => ({
      type: 'category',
      gridIndex: i,
      inverse: true,
      data: ways.map(({ name }) => name),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: theme.muted }, onZero: false },
      axisLabel: { show: i === 0, color: theme.text, fontSize: 12.5, margin: 10, interval: 0 },
    })),
    series: panels.flatMap(({ rows }, i) => {
      const lines = [...rows.keys()].filter((line) => rows[line] !== undefined);
      const drawn = lines.map((line) => withoutAim(rows[line]!));
      const axes = { xAxisIndex: i, yAxisIndex: i };
      const input = { rows: drawn, lines, theme, font: FONT, bar: BAR, names: false, ratios: false };
      return [
        { ...barSeries(drawn, theme, BAR, lines), ...axes, silent: true },
        { ...overlay(input), ...axes },
      ];
    }),
  };
};

/** The figures in words. */
const description = (result: Result, ways: readonly Way[], panels: readonly Panel[]): string =>
  [
    ...panels.map(({ title, rows }) => {
      const figures = ways.flatMap(({ name }, i) => {
        const row = rows[i];
        if (row === undefined) return [];
        const ratio = row.ratio === undefined ? '' : ` (${times(row.ratio.median)})`;
        return `${name} ${figure(row.value.median)}${ratio}`;
      });
      return `${title}: ${figures.join(', ')}.`;
    }),
    caption(result),
  ].join(' ');

/** Colours by night: in place of those by day, wherever they stand. */
const nightStyle = (): string => {
  const colours = ['text', 'muted', 'line', 'card', 'strongroom', 'peer', 'baseline', 'ceiling'] as const;
  const rules = colours.flatMap((name) => [
    `[fill="${LIGHT[name]}"]{fill:${DARK[name]}}`,
    `[stroke="${LIGHT[name]}"]{stroke:${DARK[name]}}`,
  ]);
  return `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
};

/** An SVG of the throughput, for a README: the same for the same result. */
export const writeChart = (result: Result): string => {
  const all = result.measurements
    .filter(({ group, name }) => group === 'throughput' && Object.hasOwn(PANELS, name))
    .map(panelOf);
  const known = all.filter(({ rows }) => rows.some((row) => row !== undefined));
  // A way that nobody went has no line.
  const present = WAYS.map((_, i) => known.some(({ rows }) => rows[i] !== undefined));
  const ways = WAYS.flatMap((way, i) =>
    present[i] === true
      ? namedBy(
          way,
          known.map(({ rows }) => rows[i]),
        )
      : [],
  );
  const panels = known.map(({ title, rows }) => ({ title, rows: rows.filter((_, i) => present[i]) }));

  const height = TOP + ways.length * ROW + BOTTOM + 8;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  let drawn: string;
  try {
    chart.setOption(option(result, ways, panels, LIGHT));
    drawn = chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
  const { card, line } = LIGHT;
  const ground = `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10" fill="${card}" stroke="${line}"/>`;
  const words = `<title>Signatures per second, by key type and way of signing</title><desc>${escapeText(description(result, ways, panels))}</desc>`;
  // What ECharts notes for its own scripts, and for a pointer over the chart: numbered from one chart to the next.
  const svg = drawn
    .replace(/ (?:ecmeta_\w+|class|pointer-events)="[^"]*"/g, '')
    .replace(/<style ?><!\[CDATA\[[^\]]*\]\]>\s*<\/style>\n?/, '');
  const start = svg.indexOf('>');
  return `<svg role="img"${svg.slice('<svg'.length, start + 1)}${words}${nightStyle()}${ground}${svg.slice(start + 1)}\n`;
};
