// The colours of the page, of its charts and of the README's chart: one set by day, one by night. The curves' colours are
// Okabe and Ito's, which people who see few colours can tell apart, made lighter or darker for their background.
import type { Role } from '../measure.js';

export interface Theme {
  readonly page: string;
  readonly card: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly strongroom: string;
  readonly peer: string;
  readonly baseline: string;
  readonly ceiling: string;
  readonly aim: string;
  readonly good: string;
  readonly bad: string;
  readonly warning: string;
  readonly curves: readonly string[];
}

export const LIGHT: Theme = {
  page: '#f5f6f8',
  card: '#ffffff',
  text: '#1c2430',
  muted: '#59636f',
  line: '#e2e6eb',
  strongroom: '#0b6bcb',
  peer: '#a9b4c0',
  baseline: '#6b7885',
  ceiling: '#7d8894',
  aim: '#c2410c',
  good: '#0f7a4d',
  bad: '#b3261e',
  warning: '#fff4d6',
  curves: ['#0072b2', '#d55e00', '#00875f', '#b4508f', '#b07800', '#3b93c9', '#5b4bb7'],
};

export const DARK: Theme = {
  page: '#0e1318',
  card: '#161c23',
  text: '#e7ecf1',
  muted: '#9aa6b2',
  line: '#2a333d',
  strongroom: '#4ba3ff',
  peer: '#56636f',
  baseline: '#8b98a5',
  ceiling: '#7f8b97',
  aim: '#ff9a5c',
  good: '#4cc38a',
  bad: '#ff8a80',
  warning: '#3a3016',
  curves: ['#56b4e9', '#ff8a3d', '#2fc997', '#e39cc8', '#e6b422', '#8fb8ff', '#b3a5ff'],
};

/** What a row is drawn as. In a measurement without roles nobody is compared: all of it is the vault's. */
export const roleOf = (row: { readonly role?: Role }, rows: readonly { readonly role?: Role }[]): Role =>
  row.role ?? (rows.some(({ role }) => role !== undefined) ? 'peer' : 'strongroom');

/** The theme as custom properties, for what is drawn by CSS. */
export const themeProperties = ({ curves, ...colours }: Theme): string =>
  [
    ...Object.entries(colours).map(([name, colour]) => `--${name}:${colour}`),
    ...curves.map((colour, i) => `--curve${i}:${colour}`),
  ].join(';');
