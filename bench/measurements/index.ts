// Everything that can be measured, in the order of the report.
import { cpu } from './cpu.js';
import { delay } from './delay.js';
import { derive } from './derive.js';
import { keystores } from './keystores.js';
import { latency } from './latency.js';
import { lone } from './lone.js';
import { manyKeys } from './many-keys.js';
import { memory } from './memory.js';
import { mixed } from './mixed.js';
import { ports, quietPort } from './ports.js';
import { register } from './register.js';
import { sizes } from './sizes.js';
import type { MeasurementSpec } from './spec.js';
import { start } from './start.js';
import { threads } from './threads.js';
import { THROUGHPUT } from './throughput.js';

/** These do with whatever types there are, and not without any. */
const noTypes: MeasurementSpec['missing'] = ({ missing, secrets }) =>
  secrets.size === 0 ? [...missing.values()][0] : undefined;

export const MEASUREMENTS: readonly MeasurementSpec[] = [
  ...THROUGHPUT,
  { name: 'threads', group: 'scaling', full: true, make: threads },
  { name: 'keys', group: 'scaling', make: manyKeys },
  { name: 'sizes', group: 'scaling', full: true, make: sizes },
  {
    name: 'mixed',
    group: 'scaling',
    full: true,
    missing: noTypes,
    make: mixed,
  },
  { name: 'ports', group: 'scaling', full: true, missing: noTypes, make: ports },
  { name: 'lone', group: 'latency', missing: ({ missing }) => missing.get('ed25519'), make: lone },
  { name: 'latency', group: 'latency', missing: ({ missing }) => missing.get('ed25519'), make: latency },
  { name: 'quiet', group: 'latency', full: true, missing: noTypes, make: quietPort },
  { name: 'delay', group: 'latency', make: delay },
  { name: 'start', group: 'cost', make: start },
  { name: 'register', group: 'cost', make: register },
  { name: 'derive', group: 'cost', full: true, make: derive },
  { name: 'keystores', group: 'cost', full: true, make: keystores },
  { name: 'memory', group: 'cost', make: memory },
  { name: 'cpu', group: 'cost', make: cpu },
];

export const MEASUREMENT_NAMES: readonly string[] = MEASUREMENTS.map(({ name }) => name);
