// The axis of values: from zero, from below it where there are such values, or logarithmic.
import type { LogScale } from './shape.js';

/** A part of an axis's options: ECharts types both kinds apart, and x from y. */
export interface Scale<Label> {
  readonly type: 'value' | 'log';
  readonly min?: number;
  readonly max?: number;
  readonly axisTick?: { readonly customValues: number[] };
  readonly axisLabel: Label | (Label & { readonly customValues: number[] });
}

export const scaleOf = <Label>(values: readonly number[], log: LogScale | undefined, label: Label): Scale<Label> => {
  if (log === undefined) return { type: 'value', ...(Math.min(...values) < 0 ? {} : { min: 0 }), axisLabel: label };
  const { min, max } = log;
  const customValues = [...log.ticks];
  return { type: 'log', min, max, axisTick: { customValues }, axisLabel: { ...label, customValues } };
};
