// Reads a result that --json wrote, and says what is wrong with a file that is none. Nothing is computed here.
import { readFileSync } from 'node:fs';
import { RESULT_FORMAT, RESULT_VERSION, type Result } from './result.js';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const inWords = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
};

const check = (holds: boolean, what: string, expected: string, got: unknown): void => {
  if (!holds) throw new Error(`${what}: expected ${expected}, got ${inWords(got)}`);
};

const fieldsOf = (value: unknown, what: string): Fields => {
  check(isFields(value), what, 'an object', value);
  return value as Fields;
};
const listOf = (value: unknown, what: string): readonly unknown[] => {
  check(Array.isArray(value), what, 'a list', value);
  return value as readonly unknown[];
};
const checkText = (value: unknown, what: string): void => check(typeof value === 'string', what, 'a text', value);
const checkNumber = (value: unknown, what: string): void => check(Number.isFinite(value), what, 'a number', value);

const checkRow = (value: unknown, what: string): void => {
  const row = fieldsOf(value, what);
  checkText(row.label, `${what}.label`);
  for (const name of ['sample', 'role', 'series']) {
    if (row[name] !== undefined) checkText(row[name], `${what}.${name}`);
  }
};

const checkMeasurement = (value: unknown, what: string): void => {
  const measurement = fieldsOf(value, what);
  for (const name of ['name', 'title', 'unit']) checkText(measurement[name], `${what}.${name}`);
  const { better } = measurement;
  check(better === 'more' || better === 'less', `${what}.better`, '"more" or "less"', better);
  for (const [name, figures] of Object.entries(fieldsOf(measurement.samples, `${what}.samples`))) {
    const place = `${what}.samples[${JSON.stringify(name)}]`;
    const list = listOf(figures, place);
    check(list.length > 0, place, 'a figure or more', 'none');
    for (const figure of list) checkNumber(figure, place);
  }
  listOf(measurement.rows, `${what}.rows`).forEach((row, i) => void checkRow(row, `${what}.rows[${i}]`));
};

const checkSurroundings = (result: Fields): void => {
  const environment = fieldsOf(result.environment, 'environment');
  for (const name of ['cpu', 'node', 'system']) checkText(environment[name], `environment.${name}`);
  for (const name of ['cores', 'memoryGiB']) checkNumber(environment[name], `environment.${name}`);
  listOf(environment.flags, 'environment.flags');
  fieldsOf(environment.packages, 'environment.packages');
  const vault = fieldsOf(result.vault, 'vault');
  checkNumber(vault.threads, 'vault.threads');
  fieldsOf(vault.providers, 'vault.providers');
  fieldsOf(vault.memory, 'vault.memory');
  fieldsOf(result.sizes, 'sizes');
  checkText(result.startedAt, 'startedAt');
  checkNumber(result.seconds, 'seconds');
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('expected JSON, got something else');
  }
};

/**
 * The result in a file: every field that a comparison reads is checked.
 *
 * @throws {Error} the file cannot be read, is no result, or is one of another version. The message names the file and
 *   the field.
 */
export const readResult = (path: string): Result => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`);
  }
  try {
    const result = fieldsOf(parse(text), 'the file');
    check(result.format === RESULT_FORMAT, 'format', `"${RESULT_FORMAT}"`, result.format);
    check(result.version === RESULT_VERSION, 'version', String(RESULT_VERSION), result.version);
    checkSurroundings(result);
    listOf(result.measurements, 'measurements').forEach(
      (measurement, i) => void checkMeasurement(measurement, `measurements[${i}]`),
    );
    return result as unknown as Result;
  } catch (error) {
    throw new Error(`${path} is not a result of this benchmark: ${(error as Error).message}`);
  }
};
