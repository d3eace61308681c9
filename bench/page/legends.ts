// What the colours and shapes of a chart mean. It is HTML beside the chart: it wraps, and is read aloud.
import type { Role } from '../measure.js';
import type { JudgedRow } from '../result.js';
import { colourIndex, isDashed, SYMBOLS } from './curves.js';
import { html, type Markup, trusted } from './html.js';
import type { Curves } from './shape.js';
import { roleOf } from './theme.js';

const NAMES: Readonly<Record<Role, string>> = {
  strongroom: 'Strongroom',
  peer: 'others',
  baseline: 'baseline',
  ceiling: 'what the machine can do',
};
const ORDER: readonly Role[] = ['strongroom', 'peer', 'baseline', 'ceiling'];

/** The shapes are ours: no text goes into them. */
const icon = (shape: string, width = 16): Markup =>
  trusted(`<svg width="${width}" height="12" viewBox="0 0 ${width} 12" aria-hidden="true">${shape}</svg>`);
const FILLED = icon('<rect x="0" y="1" width="16" height="10" rx="1" fill="currentColor"/>');
const OUTLINE = icon(
  '<rect x="1" y="1.75" width="14" height="8.5" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="3 2"/>',
);
const WHISKER = icon('<path d="M1 2v8M15 2v8M1 6h14" fill="none" stroke="currentColor" stroke-width="1.5"/>');
const TICK = icon('<path d="M3 0v12" stroke="currentColor" stroke-width="2.5"/>', 6);

const entry = (name: string, key: string, shape: Markup): Markup =>
  html`<li><span class="${key}">${shape}</span>${name}</li>`;

export const barsLegend = (rows: readonly JudgedRow[]): Markup => {
  const roles = new Set(rows.map((row) => roleOf(row, rows)));
  return html`<ul class="legend">${ORDER.filter((role) => roles.has(role)).map((role) =>
    entry(NAMES[role], `key-${role}`, role === 'ceiling' ? OUTLINE : FILLED),
  )}${rows.some(({ value }) => value.min !== value.max) ? entry('least to greatest', 'key-spread', WHISKER) : undefined}${
    rows.some(({ aim }) => aim !== undefined) ? entry('aim', 'key-aim', TICK) : undefined
  }</ul>`;
};

const SHAPES: Readonly<Record<(typeof SYMBOLS)[number], string>> = {
  circle: '<circle cx="13" cy="6" r="4" fill="currentColor"/>',
  rect: '<rect x="9" y="2" width="8" height="8" fill="currentColor"/>',
  triangle: '<path d="M13 1.5l4.5 8.5h-9z" fill="currentColor"/>',
  diamond: '<path d="M13 1l4 5-4 5-4-5z" fill="currentColor"/>',
  arrow: '<path d="M13 1l4 10-4-2.5L9 11z" fill="currentColor"/>',
};

export const curvesLegend = (curves: Curves): Markup =>
  html`<ul class="legend">${curves.curves.map((curve, i) => {
    const dash = isDashed(curve) ? ' stroke-dasharray="4 3"' : '';
    const shape = SHAPES[SYMBOLS[i % SYMBOLS.length]!];
    const colour = colourIndex(curve, curves);
    const key = colour === undefined ? `key-${curve.role}` : `curve${colour}`;
    return entry(
      curve.name,
      key,
      icon(`<path d="M0 6h26" stroke="currentColor" stroke-width="2"${dash}/>${shape}`, 26),
    );
  })}</ul>`;
