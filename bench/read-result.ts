// Reads a result that --json wrote, and says what is wrong with a file that is none. Nothing is computed here.
import { readFileSync } from 'node:fs';
import { type Aim, GROUPS, type Role } from './measure.js';
import { RESULT_FORMAT, RESULT_VERSION, type Result } from './result.js';

const ROLES: readonly Role[] = ['baseline', 'ceiling', 'peer', 'strongroom'];
const SENSES: readonly Aim['sense'][] = ['at least', 'at most', 'below'];
/** Far more than any run has of anything, and few enough to compute with. */
const MOST = 10_000;

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
/** Line breaks and tabs do no harm; other controls would command the terminal that a report is printed to. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const checkText = (value: unknown, what: string): void => {
  check(typeof value === 'string', what, 'a text', value);
  check(!CONTROLS.test(value as string), what, 'a text without control characters', value);
};
const checkNumber = (value: unknown, what: string): void => check(Number.isFinite(value), what, 'a number', value);
const checkBoolean = (value: unknown, what: string): void =>
  check(typeof value === 'boolean', what, 'true or false', value);
const checkOneOf = (values: readonly string[], value: unknown, what: string): void =>
  check(values.includes(value as string), what, values.map((each) => JSON.stringify(each)).join(' or '), value);

type Check = (value: unknown, what: string) => void;
const checkEach = (value: unknown, what: string, each: Check): void => {
  const list = listOf(value, what);
  check(list.length <= MOST, what, `a list of ${MOST} at most`, list.length);
  list.forEach((item, i) => void each(item, `${what}[${i}]`));
};
const checkFields = (value: unknown, what: string, names: readonly string[], each: Check): void => {
  const fields = fieldsOf(value, what);
  for (const name of names) each(fields[name], `${what}.${name}`);
};
/** Whatever the names are: they are shown as well. */
const checkRecord = (value: unknown, what: string, each: Check): void => {
  const entries = Object.entries(fieldsOf(value, what));
  check(entries.length <= MOST, what, `${MOST} fields at most`, entries.length);
  for (const [name, item] of entries) {
    checkText(name, `a name in ${what}`);
    each(item, `${what}[${JSON.stringify(name)}]`);
  }
};

const checkSpread: Check = (value, what) => checkFields(value, what, ['median', 'min', 'max'], checkNumber);

const checkAim: Check = (value, what) => {
  const { sense, limit } = fieldsOf(value, what);
  checkOneOf(SENSES, sense, `${what}.sense`);
  checkNumber(limit, `${what}.limit`);
};

const OF_ROW: Readonly<Record<string, Check>> = {
  sample: checkText,
  series: checkText,
  unit: checkText,
  role: (value, what) => checkOneOf(ROLES, value, what),
  x: checkNumber,
  ratio: checkSpread,
  ofCeiling: checkNumber,
  aim: checkAim,
  met: checkBoolean,
};

const checkRow: Check = (value, what) => {
  const row = fieldsOf(value, what);
  checkText(row.label, `${what}.label`);
  checkSpread(row.value, `${what}.value`);
  for (const [name, each] of Object.entries(OF_ROW)) if (row[name] !== undefined) each(row[name], `${what}.${name}`);
};

const checkFigures: Check = (value, what) => {
  checkEach(value, what, (figure) => checkNumber(figure, what));
  check(listOf(value, what).length > 0, what, 'a figure or more', 'none');
};

const checkAxis: Check = (value, what) => {
  const { label, scale } = fieldsOf(value, what);
  checkText(label, `${what}.label`);
  checkOneOf(['linear', 'log'], scale, `${what}.scale`);
};

const checkMeasurement: Check = (value, what) => {
  const measurement = fieldsOf(value, what);
  checkFields(measurement, what, ['name', 'title', 'unit'], checkText);
  checkOneOf(['more', 'less'], measurement.better, `${what}.better`);
  checkOneOf(GROUPS, measurement.group, `${what}.group`);
  if (measurement.axis !== undefined) checkAxis(measurement.axis, `${what}.axis`);
  checkEach(measurement.absent, `${what}.absent`, (each, place) =>
    checkFields(each, place, ['name', 'reason'], checkText),
  );
  checkRecord(measurement.samples, `${what}.samples`, checkFigures);
  checkEach(measurement.rows, `${what}.rows`, checkRow);
};

const checkSurroundings = (result: Fields): void => {
  const environment = fieldsOf(result.environment, 'environment');
  checkFields(environment, 'environment', ['cpu', 'node', 'system', 'v8', 'openssl'], checkText);
  checkFields(environment, 'environment', ['cores', 'memoryGiB'], checkNumber);
  checkEach(environment.loadBefore, 'environment.loadBefore', checkNumber);
  checkEach(environment.flags, 'environment.flags', checkText);
  checkRecord(environment.packages, 'environment.packages', checkText);
  const vault = fieldsOf(result.vault, 'vault');
  checkFields(vault, 'vault', ['threads', 'openMs'], checkNumber);
  checkRecord(vault.providers, 'vault.providers', checkText);
  checkFields(vault.memory, 'vault.memory', ['locked', 'excludedFromDumps'], checkBoolean);
  checkFields(vault.memory, 'vault.memory', ['keysUsed'], checkNumber);
  checkRecord(result.sizes, 'sizes', checkNumber);
  checkText(result.startedAt, 'startedAt');
  for (const name of ['seconds', 'rounds', 'signaturesChecked']) checkNumber(result[name], name);
  for (const name of ['smoke', 'full']) checkBoolean(result[name], name);
  checkEach(result.notes, 'notes', checkText);
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('expected JSON, got something else');
  }
};

/**
 * The result in a file: every field that is shown or compared is checked.
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
    checkEach(result.measurements, 'measurements', checkMeasurement);
    return result as unknown as Result;
  } catch (error) {
    throw new Error(`${path} is not a result of this benchmark: ${(error as Error).message}`);
  }
};
