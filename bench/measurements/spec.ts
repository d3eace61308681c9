// What the list of measurements says of each, before it is made.
import type { Context } from '../context.js';
import type { Group, Measurement } from '../measure.js';

export interface MeasurementSpec {
  readonly name: string;
  readonly group: Group;
  /** Only with --full, or where --only names it. */
  readonly full?: true;
  /** What it cannot do without: the package that is missing. */
  missing?(context: Context): string | undefined;
  /** Starts what only this measurement needs: only called when its turn comes. */
  make(context: Context): Measurement | Promise<Measurement>;
}
