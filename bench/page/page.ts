// A result as a page of its own: charts, every figure, and what a reader must know before believing them. It needs no
// network, and its policy lets it have none: only its own two scripts run, by their digests.
import { createHash } from 'node:crypto';
import { GROUPS, type Group } from '../measure.js';
import type { MeasurementResult, Result } from '../result.js';
import { bundleScripts } from './bundle.js';
import { figure } from './format.js';
import { type Content, embedJson, html, type Markup, trusted } from './html.js';
import { barsLegend, curvesLegend } from './legends.js';
import { type Chart, chartsOf } from './shape.js';
import { STYLE } from './style.js';
import { aimsTable, curvesTable, rowsTable } from './tables.js';

const TITLES: Readonly<Record<Group, string>> = {
  throughput: 'Throughput',
  scaling: 'Scaling',
  latency: 'Latency',
  cost: 'Cost',
};

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const summary = (result: Result): Markup => {
  const { signaturesChecked, measurements, vault, rounds, seconds } = result;
  const judged = measurements.flatMap(({ rows }) => rows.filter(({ met }) => met !== undefined));
  const met = judged.filter((row) => row.met === true).length;
  const tile = (value: string, text: string): Markup =>
    html`<div class="tile"><b>${value}</b><span>${text}</span></div>`;
  return html`<div class="tiles">${tile(figure(signaturesChecked), 'signatures verified outside of the timed parts, none wrong')}${
    judged.length === 0 ? undefined : tile(`${met} of ${judged.length}`, 'aims met')
  }${tile(figure(vault.threads), vault.threads === 1 ? 'signer thread' : 'signer threads')}${tile(
    `${rounds} × ${figure(seconds)} s`,
    'rounds that count, each at least that long for each contestant; one round more to warm up',
  )}</div>${
    judged.length === 0
      ? undefined
      : html`<details class="card"><summary>Aims: ${met} met, ${judged.length - met} missed</summary>${aimsTable(result)}</details>`
  }`;
};

const warnings = ({ smoke, notes }: Result): Markup =>
  html`${smoke ? html`<div class="smoke" role="note"><b>A smoke run: its figures mean nothing.</b></div>` : undefined}${
    notes.length === 0
      ? undefined
      : html`<section class="notes"><h2>Before you believe these figures</h2><ul>${notes.map((note) => html`<li>${note}</li>`)}</ul></section>`
  }`;

const environmentList = ({ environment, vault }: Result): Markup => {
  const { cpu, cores, memoryGiB, system, loadBefore, node, v8, openssl, flags, packages } = environment;
  const { memory, providers } = vault;
  const item = (name: string, value: Content): Markup => html`<dt>${name}</dt><dd>${value}</dd>
`;
  const pairs = (record: Readonly<Record<string, string>>): string =>
    Object.entries(record)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
  return html`<section class="card"><details open><summary>Environment</summary><dl>
${item('processor', `${cpu}, ${figure(cores)} cores, ${figure(memoryGiB)} GiB`)}${item('system', system)}${item(
  'load before',
  `${loadBefore.map((load) => load.toFixed(2)).join(', ')} (average of 1, 5 and 15 minutes)`,
)}${item('node', `${node}, V8 ${v8}, OpenSSL ${openssl}`)}${item(
  'flags of node',
  flags.length === 0 ? 'none' : flags.join(' '),
)}${item('packages', pairs(packages))}${item('providers', pairs(providers))}${item(
  'key memory',
  `${memory.locked ? 'locked' : 'NOT locked'}, ${memory.excludedFromDumps ? 'left out of' : 'part of'} core dumps; ${figure(memory.keysUsed)} keys`,
)}${item('vault opened in', `${figure(vault.openMs)} ms`)}</dl></details></section>`;
};

/** A chart's place, where the script draws it: which of which measurement. */
const place = (measurement: number, chart: number, title: string): Markup =>
  html`<div class="chart" data-measurement="${measurement}" data-chart="${chart}" role="img" aria-label="${`Chart: ${title}. Its figures are in the table below.`}"></div>`;

const chartBlock = (chart: Chart, measurement: number, index: number, title: string): Markup => {
  if (chart.kind === 'bars')
    return html`${barsLegend(chart.rows)}${place(measurement, index, title)}${rowsTable(title, chart)}`;
  const { part } = chart;
  const full = part === undefined ? title : `${title}; ${part}`;
  return html`${part === undefined ? undefined : html`<h4>${part}</h4>`}${curvesLegend(chart)}${place(measurement, index, full)}${curvesTable(full, chart)}`;
};

const absentList = ({ absent }: MeasurementResult): Markup | undefined =>
  absent.length === 0
    ? undefined
    : html`<div class="absent">Not on this machine, and so not measured:<ul>${absent.map(
        ({ name, reason }) => html`<li><b>${name}</b>: ${reason}</li>`,
      )}</ul></div>`;

const measurementCard = (measurement: MeasurementResult, index: number, rounds: number): Markup => {
  const { name, title, unit, better } = measurement;
  const medians = rounds === 1 ? 'one round' : `medians of ${rounds} rounds`;
  return html`<article class="card" data-name="${name}"><h3>${title}</h3><p class="unit">${unit}, ${better} is better; ${medians}</p>
${chartsOf(measurement).map((chart, i) => chartBlock(chart, index, i, title))}${absentList(measurement)}</article>
`;
};

/** A page that shows the result: HTML that needs nothing else. */
export const writePage = (result: Result): string => {
  const { measurements, rounds, startedAt, environment, full } = result;
  const scripts = bundleScripts();
  const groups = GROUPS.filter((group) => measurements.some((measurement) => measurement.group === group));
  const policy = `default-src 'none'; script-src ${digest(scripts.problems)} ${digest(scripts.charts)}; style-src ${digest(STYLE)}; base-uri 'none'; form-action 'none'`;
  const title = `Strongroom ${environment.packages.strongroom ?? ''}: benchmark`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(STYLE)}</style>
<script>${trusted(scripts.problems)}</script>
</head>
<body>
<header><h1>${title}</h1>
<p class="muted"><time datetime="${startedAt}">${startedAt.slice(0, 16).replace('T', ' ')} UTC</time>; ${full ? 'full run' : 'brief run'}; ${environment.cpu}, ${environment.cores} cores; Node ${environment.node}</p>
<nav aria-label="Chapters">${groups.map((group) => html`<a href="#${group}">${TITLES[group]}</a>`)}</nav></header>
<main>
${summary(result)}
${warnings(result)}
${environmentList(result)}
<noscript><p>The charts need scripts. Every figure is in the tables.</p></noscript>
${groups.map(
  (group) => html`<section id="${group}"><h2>${TITLES[group]}</h2>
${measurements.map((measurement, i) => (measurement.group === group ? measurementCard(measurement, i, rounds) : undefined))}</section>
`,
)}</main>
<footer>A ratio is taken within each round, between contestants that ran one after the other; then the median of the ratios is taken. Charts by Apache ECharts. The whole result, with every sample, is in this page as JSON.</footer>
<script type="application/json" id="result">${embedJson(result)}</script>
<script>${trusted(scripts.charts)}</script>
</body>
</html>
`.markup;
};
