// The chart of curves: a line for each series, whiskers from least to greatest at its points.
import type { CustomSeriesOption, EChartsOption, LineSeriesOption } from 'echarts';
import { scaleOf } from './axis.js';
import { figure, placeText } from './format.js';
import { areApart, type Curve, type Curves, logScale, type Point, stemOf } from './shape.js';
import { LIGHT, type Theme } from './theme.js';

/** They repeat when there are more curves: shape and colour together tell them apart. */
export const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'arrow'] as const;
const CAP = 4;
const NARROW = 560;
/** Curves have the same slope for the same gain on a logarithmic axis, wherever they lie. */
const APART = 20;

/** Comparisons are dashed. */
export const isDashed = ({ role }: Curve): boolean => role === 'baseline' || role === 'ceiling';

/** Of the theme's colours, the one of a curve: a comparison has that of what is compared with it, or none. */
export const colourIndex = (curve: Curve, { curves }: Curves): number | undefined => {
  const coloured = curves.filter((each) => !isDashed(each));
  const index = isDashed(curve)
    ? coloured.findIndex((each) => stemOf(each) === stemOf(curve))
    : coloured.indexOf(curve);
  return index === -1 ? undefined : index % LIGHT.curves.length;
};

const colourOf = (curve: Curve, curves: Curves, theme: Theme): string => {
  const index = colourIndex(curve, curves);
  return index === undefined ? theme[curve.role] : theme.curves[index]!;
};

/** Places as ECharts takes them: by name on an axis of percentiles, else by value. */
const placeOf = ({ axis, percentiles }: Curves, { x }: Point): number | string =>
  percentiles ? placeText(axis, x, true) : x;

const whiskers = (curves: Curves, { points }: Curve, color: string): CustomSeriesOption => ({
  type: 'custom',
  silent: true,
  z: 1,
  data: points.map((point) => [placeOf(curves, point), point.value.median, point.value.min, point.value.max]),
  encode: { x: 0, y: [1, 2, 3] },
  renderItem: (params, api) => {
    const { value } = points[params.dataIndex]!;
    if (value.min === value.max) return null;
    const [x = 0, low = 0] = api.coord([api.value(0), Math.max(value.min, Number.MIN_VALUE)]);
    const [, high = 0] = api.coord([api.value(0), value.max]);
    const line = (x1: number, y1: number, x2: number, y2: number) => ({
      type: 'line' as const,
      shape: { x1, y1, x2, y2 },
      style: { stroke: color, lineWidth: 1.25, opacity: 0.6 },
    });
    return {
      type: 'group',
      children: [line(x, low, x, high), line(x - CAP, low, x + CAP, low), line(x - CAP, high, x + CAP, high)],
    };
  },
});

const lineOf = (curves: Curves, curve: Curve, i: number, color: string): LineSeriesOption => ({
  type: 'line',
  name: curve.name,
  z: curve.role === 'strongroom' ? 4 : 3,
  data: curve.points.map((point) => [placeOf(curves, point), point.value.median]),
  symbol: SYMBOLS[i % SYMBOLS.length]!,
  symbolSize: 8,
  showAllSymbol: true,
  itemStyle: { color },
  lineStyle: { color, width: curve.role === 'strongroom' ? 2.5 : 1.75, type: isDashed(curve) ? 'dashed' : 'solid' },
  emphasis: { focus: 'series' },
});

export const curvesOption = (curves: Curves, theme: Theme, font: string, width: number): EChartsOption => {
  const { axis, unit, percentiles, places } = curves;
  const spreads = curves.curves.flatMap(({ points }) => points.flatMap(({ value }) => [value.min, value.max]));
  const positive = spreads.every((value) => value > 0);
  const log = positive && (percentiles || areApart(spreads, APART)) ? logScale(spreads) : undefined;
  const label = { color: theme.muted, fontSize: 12, hideOverlap: true };
  const name = { nameTextStyle: { color: theme.muted, fontSize: 12 } };
  const show = (place: number): string => placeText(axis, place, false);
  const isLogX = axis.scale === 'log' && places[0]! > 0;
  return {
    animation: false,
    textStyle: { fontFamily: font, color: theme.text },
    grid: { left: 8, right: width < NARROW ? 16 : 32, top: 36, bottom: 28, containLabel: true },
    xAxis: {
      ...name,
      name: percentiles ? '' : `${axis.label}${isLogX ? ' (log)' : ''}`,
      nameLocation: 'middle',
      nameGap: 30,
      axisLine: { lineStyle: { color: theme.line }, onZero: false },
      splitLine: { show: false },
      ...(percentiles
        ? { type: 'category', data: places.map((place) => placeText(axis, place, true)), axisLabel: label }
        : {
            type: isLogX ? 'log' : 'value',
            min: places[0]!,
            max: places.at(-1)!,
            axisTick: { show: true, customValues: [...places], lineStyle: { color: theme.line } },
            axisLabel: { ...label, customValues: [...places], formatter: show },
          }),
    },
    yAxis: {
      ...name,
      name: `${unit}${log === undefined ? '' : ' (log)'}`,
      nameTextStyle: { color: theme.muted, fontSize: 12, align: 'left', padding: [0, 0, 0, -32] },
      ...scaleOf(spreads, log, { ...label, formatter: figure }),
      splitLine: { lineStyle: { color: theme.line } },
    },
    series: curves.curves.flatMap((curve, i) => {
      const color = colourOf(curve, curves, theme);
      return [lineOf(curves, curve, i, color), whiskers(curves, curve, color)];
    }),
  };
};
