// Runs in the page: draws each chart from the result that the page holds, and again when its width or the theme changes.
import type { EChartsOption } from 'echarts';
import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Result } from '../result.js';
import { barsHeight, barsOption } from './bars.js';
import { curvesOption } from './curves.js';
import type { PageElement, PageWindow } from './dom.js';
import { placeText, rowDetails } from './format.js';
import { type Bars, type Chart, type Curves, chartsOf } from './shape.js';
import { FONT } from './style.js';
import { DARK, LIGHT, type Theme } from './theme.js';

declare const window: PageWindow;

use([BarChart, CustomChart, LineChart, GridComponent, TooltipComponent, SVGRenderer]);

const { document } = window;
const CURVES_HEIGHT = 360;
const night = window.matchMedia('(prefers-color-scheme: dark)');

/** Text only: it goes into the page as text, never as HTML. */
const textElement = (className: string, text: string): PageElement => {
  const element = document.createElement('div');
  element.className = className;
  element.textContent = text;
  return element;
};

const tipOf = (title: string, rows: readonly { readonly name?: string; readonly lines: readonly string[] }[]) => {
  const tip = document.createElement('div');
  tip.append(textElement('tip-title', title));
  for (const { name, lines } of rows) {
    if (name !== undefined) tip.append(textElement('tip-name', name));
    tip.append(...lines.map((text) => textElement('tip-line', text)));
  }
  return tip;
};

/** What ECharts hands to a formatter, as far as it is used. */
interface Pointed {
  readonly dataIndex: number;
  readonly seriesName?: string;
  readonly seriesType?: string;
}

const tooltip = (
  theme: Theme,
  trigger: 'item' | 'axis',
  content: (pointed: unknown) => PageElement,
): EChartsOption => ({
  tooltip: {
    trigger,
    confine: true,
    backgroundColor: theme.card,
    borderColor: theme.line,
    textStyle: { color: theme.text, fontFamily: FONT, fontSize: 12.5 },
    axisPointer: { type: trigger === 'axis' ? 'line' : 'none', lineStyle: { color: theme.muted } },
    // ECharts appends an element as it is; a string it would take for HTML.
    formatter: content as (pointed: unknown) => never,
  },
});

const barsTip =
  ({ rows, unit }: Bars) =>
  (pointed: unknown): PageElement => {
    const row = rows[(pointed as Pointed).dataIndex]!;
    return tipOf(row.label, [{ lines: rowDetails(row, unit) }]);
  };

const curvesTip =
  ({ axis, unit, percentiles, curves }: Curves) =>
  (pointed: unknown): PageElement => {
    const points = (pointed as readonly Pointed[])
      .filter(({ seriesType }) => seriesType === 'line')
      .flatMap(({ seriesName, dataIndex }) => curves.find(({ name }) => name === seriesName)?.points[dataIndex] ?? []);
    const [first] = points;
    if (first === undefined) return tipOf('', []);
    const place = placeText(axis, first.x, percentiles);
    return tipOf(
      percentiles ? place : `${axis.label}: ${place}`,
      points.map((point) => ({ name: point.series, lines: rowDetails(point, unit) })),
    );
  };

const optionOf = (chart: Chart, theme: Theme, width: number): EChartsOption & { readonly height: number } => {
  if (chart.kind === 'curves') {
    const option = curvesOption(chart, theme, FONT, width);
    return { height: CURVES_HEIGHT, ...option, ...tooltip(theme, 'axis', curvesTip(chart)) };
  }
  const option = barsOption(chart, theme, FONT, width);
  return { height: barsHeight(chart.rows.length, width), ...option, ...tooltip(theme, 'item', barsTip(chart)) };
};

const main = (): void => {
  const data = document.getElementById('result')?.textContent ?? '';
  const { measurements } = JSON.parse(data) as Result;
  const redraws = Array.from(document.querySelectorAll('.chart'), (element) => {
    const { measurement, chart: index } = element.dataset;
    const shown = chartsOf(measurements[Number(measurement)]!)[Number(index)]!;
    const draw = (): void => {
      const width = element.clientWidth;
      if (width === 0) return;
      const { height, ...option } = optionOf(shown, night.matches ? DARK : LIGHT, width);
      element.style.height = `${height}px`;
      chart.resize({ width, height });
      chart.setOption(option, true);
      element.dataset.drawn = `${width} ${height} ${night.matches ? 'dark' : 'light'}`;
    };
    const chart = init(element as never, null, { renderer: 'svg', width: 1, height: 1 });
    draw();
    return { element, draw };
  });
  night.addEventListener('change', () => {
    for (const { draw } of redraws) draw();
  });
  const observer = new window.ResizeObserver((entries) => {
    // A chart's height follows from its width: changed at once, it would be reported to the observer that is at work.
    window.requestAnimationFrame(() => {
      for (const { target } of entries) {
        // The observer reports once for a width that was drawn already.
        if (target.dataset.drawn?.startsWith(`${target.clientWidth} `) === true) continue;
        redraws.find(({ element }) => element === target)?.draw();
      }
    });
  });
  for (const { element } of redraws) observer.observe(element);
  document.documentElement.dataset.charts = String(redraws.length);
};

main();
