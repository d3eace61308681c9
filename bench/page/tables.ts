// The figures as tables: what the charts show, and for those who do not see them.
import type { JudgedRow, Result } from '../result.js';
import { aimText, figure, percent, placeText, range, times, verdictOf } from './format.js';
import { type Content, html, type Markup } from './html.js';
import type { Bars, Curves, Point } from './shape.js';
import { roleOf } from './theme.js';

export const verdict = (row: JudgedRow): Markup | undefined => {
  switch (verdictOf(row)) {
    case 'met':
      return html`<span class="met">✓ met</span>`;
    case 'missed':
      return html`<span class="missed">✗ missed</span>`;
    case undefined:
      return undefined;
  }
};

/** A table that is too wide is scrolled, by keyboard too. */
const scrolled = (label: string, table: Markup): Markup =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`;

interface Column {
  readonly name: string;
  cell(row: JudgedRow): Content;
}

const COLUMNS: readonly Column[] = [
  { name: 'least–greatest', cell: ({ value }) => range(value, figure) },
  { name: 'ratio', cell: ({ ratio }) => (ratio === undefined ? '' : times(ratio.median)) },
  { name: 'least–greatest', cell: ({ ratio }) => (ratio === undefined ? '' : range(ratio, times)) },
  { name: 'of ceiling', cell: ({ ofCeiling }) => (ofCeiling === undefined ? '' : percent(ofCeiling)) },
  { name: 'aim', cell: (row) => (row.aim === undefined ? '' : aimText(row.aim, row)) },
  { name: 'verdict', cell: (row) => verdict(row) ?? '' },
];

export const rowsTable = (title: string, { unit, rows }: Omit<Bars, 'kind'>, what = 'what'): Markup => {
  // A column in which nothing stands is left out.
  const columns = COLUMNS.filter(({ cell }) => rows.some((row) => cell(row) !== ''));
  return scrolled(
    title,
    html`<table>
<thead><tr><th scope="col">${what}</th><th scope="col">${unit}</th>${columns.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
      (row) =>
        html`<tr class="${roleOf(row, rows)}"><th scope="row">${row.label}</th><td><b>${figure(row.value.median)}</b></td>${columns.map(({ cell }) => html`<td>${cell(row)}</td>`)}</tr>
`,
    )}</tbody></table>`,
  );
};

const pointCell = (row: Point): Markup => {
  const { value, ratio, ofCeiling, aim } = row;
  const spread = range(value, figure);
  const ratios = ratio === undefined ? '' : range(ratio, times);
  return html`<b>${figure(value.median)}</b>${spread === '' ? undefined : html`<small>${spread}</small>`}${
    ratio === undefined ? undefined : html`<small>${times(ratio.median)}${ratios === '' ? '' : ` (${ratios})`}</small>`
  }${ofCeiling === undefined ? undefined : html`<small>${percent(ofCeiling)} of ceiling</small>`}${
    aim === undefined ? undefined : html`<small>${aimText(aim, row)} ${verdict(row)}</small>`
  }`;
};

/** A column for each curve, a line for each place on the axis. A curve alone has room for columns of its figures. */
export const curvesTable = (title: string, curves: Curves): Markup => {
  const { axis, unit, places, percentiles } = curves;
  const [first, second] = curves.curves;
  if (first !== undefined && second === undefined) {
    const rows = first.points.map((point) => ({ ...point, label: placeText(axis, point.x, percentiles) }));
    return rowsTable(title, { unit, rows }, axis.label);
  }
  return scrolled(
    title,
    html`<table><caption>${unit}: median, below it least–greatest</caption>
<thead><tr><th scope="col">${axis.label}</th>${curves.curves.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${places.map(
      (place) =>
        html`<tr><th scope="row">${placeText(axis, place, percentiles)}</th>${curves.curves.map(
          ({ points }) => html`<td>${points.filter(({ x }) => x === place).map(pointCell)}</td>`,
        )}</tr>
`,
    )}</tbody></table>`,
  );
};

/** Every aim of the run, the missed ones first. */
export const aimsTable = ({ measurements }: Result): Markup => {
  const judged = measurements.flatMap(({ title, rows }) =>
    rows.flatMap((row) => (row.aim === undefined ? [] : { title, row, aim: row.aim })),
  );
  const ordered = [...judged.filter(({ row }) => row.met !== true), ...judged.filter(({ row }) => row.met === true)];
  return scrolled(
    'Aims',
    html`<table>
<thead><tr><th scope="col">measurement</th><th scope="col" class="text">what</th><th scope="col">measured</th><th scope="col">aim</th><th scope="col">verdict</th></tr></thead>
<tbody>${ordered.map(
      ({ title, row, aim }) =>
        html`<tr><th scope="row">${title}</th><td class="text">${row.label}</td><td>${
          row.ratio === undefined ? figure(row.value.median) : times(row.ratio.median)
        }</td><td>${aimText(aim, row)}</td><td>${verdict(row)}</td></tr>
`,
    )}</tbody></table>`,
  );
};
