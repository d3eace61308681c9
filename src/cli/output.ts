// All that the program prints: results on standard output, errors and warnings on standard error, one line each or
// one JSON object each.
import { styleText } from 'node:util';
import { VaultError } from '../errors.js';
import { failureOf } from './exit-codes.js';

const NAME = 'strongroom';

/** A reader that went away (`strongroom keys | head -1`) is no failure. */
export const keepOutputQuiet = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
};

export const print = (text: string): void => void process.stdout.write(`${text}\n`);

export const printBytes = (bytes: Uint8Array): void => void process.stdout.write(bytes);

export const printJson = (value: unknown): void => print(JSON.stringify(value));

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const plural = (count: number, noun: string): string =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;

type Style = Parameters<typeof styleText>[0];

/** Colours are for people at a terminal who did not decline them. */
export const styled = (style: Style, text: string): string =>
  process.stdout.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;

/** Rows as columns, two spaces apart; the last column keeps its length. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i]!) : cell))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

/** A file's name may hold what a terminal obeys. */
const oneLine = (text: string): string =>
  text
    .replace(/\s*[\r\n]+\s*/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd')
    .trim();

interface Report {
  readonly message: string;
  /** One for each key or setting that is at fault. */
  readonly details: readonly string[];
}

const reportOf = (error: unknown): Report => {
  if (error instanceof VaultError && error.failures !== undefined) {
    return {
      message: `the vault did not start: ${plural(error.failures.length, 'key')} could not be registered`,
      details: error.failures.map(({ id, code, reason }) => `${id}: ${code}: ${reason}`),
    };
  }
  if (error instanceof VaultError && error.problems !== undefined) {
    return {
      message: `${plural(error.problems.length, 'mistake')} in the settings`,
      details: error.problems.map(({ path, reason }) => `${path}: ${reason}`),
    };
  }
  return { message: error instanceof Error ? error.message : 'something that is no error was thrown', details: [] };
};

/** Print an error on standard error. Returns the exit code that goes with it. */
export const printError = (error: unknown, json: boolean): number => {
  const { code, exitCode } = failureOf(error);
  const { message, details } = reportOf(error);
  if (json) {
    const { keyId, failures, problems } = error instanceof VaultError ? error : {};
    const record = { error: { code, message: oneLine(message), exitCode, keyId, failures, problems } };
    process.stderr.write(`${JSON.stringify(record)}\n`);
  } else {
    const lines = [`${NAME}: ${code}: ${oneLine(message)}`, ...details.map((detail) => `  ${oneLine(detail)}`)];
    process.stderr.write(`${lines.join('\n')}\n`);
  }
  return exitCode;
};

export const printWarning = ({ name, message }: Error): void => {
  const kind = name === 'StrongroomWarning' ? '' : `${name}: `;
  process.stderr.write(`${NAME}: warning: ${kind}${oneLine(message)}\n`);
};
