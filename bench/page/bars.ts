// The chart of bars: one lying bar for each row, a whisker from least to greatest, a tick where the aim is, and the figure.
import type {
  BarSeriesOption,
  CustomSeriesOption,
  EChartsOption,
  XAXisComponentOption,
  YAXisComponentOption,
} from 'echarts';
import type { Role } from '../measure.js';
import type { JudgedRow } from '../result.js';
import { scaleOf } from './axis.js';
import { figure, times } from './format.js';
import type { Bars } from './shape.js';
import { roleOf, type Theme } from './theme.js';

/** Below this width labels stand above their bars. */
const NARROW = 560;
const BAR = 16;
const WIDE_ROW = 30;
const NARROW_ROW = 46;
const AXES = 56;
const CAP = 4;
/** About as wide as a letter of a figure. */
const LETTER = 7;
const GAP = 7;
const LABEL_COLUMN = 230;

export const barsHeight = (count: number, width: number): number =>
  count * (width < NARROW ? NARROW_ROW : WIDE_ROW) + AXES;

/** The aim as a value: a ratio's, by what the row makes for its ratio. */
const aimValue = ({ aim, ratio, value }: JudgedRow): number | undefined => {
  if (aim === undefined) return undefined;
  if (ratio === undefined) return aim.limit;
  return ratio.median > 0 ? (value.median / ratio.median) * aim.limit : undefined;
};

/** A ceiling is an outline: it is no contestant. */
const barStyle = (role: Role, theme: Theme): BarSeriesOption['itemStyle'] =>
  role === 'ceiling'
    ? { color: 'transparent', borderColor: theme.ceiling, borderWidth: 1.5, borderType: 'dashed' }
    : { color: theme[role] };

interface Overlay {
  readonly rows: readonly JudgedRow[];
  /** The line of each row, where they do not simply follow each other. */
  readonly lines?: readonly number[];
  readonly theme: Theme;
  readonly font: string;
  /** Height of a bar. */
  readonly bar: number;
  /** Names above the bars. */
  readonly names: boolean;
  readonly ratios: boolean;
}

/** What is drawn upon the bars and behind them. */
export const overlay = ({ rows, lines, theme, font, bar, names, ratios }: Overlay): CustomSeriesOption => ({
  type: 'custom',
  silent: true,
  z: 5,
  data: rows.map((row, i) => [
    row.value.median,
    lines?.[i] ?? i,
    row.value.min,
    row.value.max,
    aimValue(row) ?? row.value.median,
  ]),
  encode: { x: [0, 2, 3, 4], y: 1 },
  renderItem: (params, api) => {
    const row = rows[params.dataIndex]!;
    const { value, ratio } = row;
    const left = (params.coordSys as unknown as { readonly x: number }).x;
    const aim = aimValue(row);
    const place = (figure: number): number[] => api.coord([figure, api.value(1)]);
    const at = (figure: number): number => place(figure)[0]!;
    const y = place(value.median)[1]!;
    const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, lineWidth: number) => ({
      type: 'line' as const,
      shape: { x1, y1, x2, y2 },
      style: { stroke, lineWidth },
    });
    const text = (x: number, top: number, content: string, fill: string, weight: 'normal' | 'bold') => ({
      type: 'text' as const,
      style: { x, y: top, text: content, fill, font: `${weight} 12px ${font}`, verticalAlign: 'middle' as const },
    });
    const low = at(value.min);
    const high = at(value.max);
    const shown =
      ratios && ratio !== undefined ? `${figure(value.median)}  ·  ${times(ratio.median)}` : figure(value.median);
    // Behind the bar, and behind the aim where it would stand in the way.
    const tick = aim === undefined ? 0 : at(aim);
    const end =
      (tick > high && tick < high + shown.length * LETTER + 2 * GAP ? tick : Math.max(high, at(value.median), at(0))) +
      GAP;
    const isOurs = roleOf(row, rows) === 'strongroom';
    return {
      type: 'group',
      children: [
        ...(value.min === value.max
          ? []
          : [
              line(low, y, high, y, theme.text, 1.25),
              line(low, y - CAP, low, y + CAP, theme.text, 1.25),
              line(high, y - CAP, high, y + CAP, theme.text, 1.25),
            ]),
        ...(aim === undefined ? [] : [line(at(aim), y - bar / 2 - 3, at(aim), y + bar / 2 + 3, theme.aim, 2.5)]),
        text(end, y, shown, theme.text, isOurs ? 'bold' : 'normal'),
        ...(names ? [text(left + 1, y - bar / 2 - 9, row.label, theme.text, isOurs ? 'bold' : 'normal')] : []),
      ],
    };
  },
});

export const barSeries = (
  rows: readonly JudgedRow[],
  theme: Theme,
  bar: number,
  lines?: readonly number[],
): BarSeriesOption => ({
  type: 'bar',
  barWidth: bar,
  data: rows.map((row, i) => ({
    value: [row.value.median, lines?.[i] ?? i],
    itemStyle: barStyle(roleOf(row, rows), theme) ?? {},
  })),
  emphasis: { disabled: true },
});

export const nameAxis = (rows: readonly JudgedRow[], theme: Theme): YAXisComponentOption => ({
  type: 'category',
  inverse: true,
  data: rows.map(({ label }) => label),
  axisTick: { show: false },
  axisLine: { lineStyle: { color: theme.muted }, onZero: false },
  axisLabel: { color: theme.text, fontSize: 12.5, width: LABEL_COLUMN, overflow: 'truncate', interval: 0 },
});

export const barsOption = ({ rows, unit }: Bars, theme: Theme, font: string, width: number): EChartsOption => {
  const isNarrow = width < NARROW;
  const values = rows.flatMap((row) => [row.value.min, row.value.max, aimValue(row) ?? row.value.max]);
  const names = nameAxis(rows, theme);
  const valueAxis: XAXisComponentOption = {
    // From zero, and never logarithmic: a bar's length is its figure, and the least have theirs beside them in words.
    ...scaleOf(values, undefined, { color: theme.muted, fontSize: 12, hideOverlap: true, formatter: figure }),
    name: unit,
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: { color: theme.muted, fontSize: 12 },
    splitLine: { lineStyle: { color: theme.line } },
    splitNumber: isNarrow ? 3 : 5,
  };
  return {
    animation: false,
    textStyle: { fontFamily: font, color: theme.text },
    grid: {
      left: isNarrow ? 2 : 8,
      right: isNarrow ? 84 : 128,
      top: isNarrow ? 14 : 6,
      bottom: 26,
      containLabel: true,
    },
    xAxis: valueAxis,
    yAxis: isNarrow ? { ...names, axisLabel: { show: false } } : names,
    series: [barSeries(rows, theme, BAR), overlay({ rows, theme, font, bar: BAR, names: isNarrow, ratios: !isNarrow })],
  };
};
