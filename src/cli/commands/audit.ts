// strongroom audit verify: is the log of a vault whole, and signed by its key?
import { createReadStream } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Expectations, type LogReport, verifyLog } from '../audit/verify-log.js';
import { CliError, EXIT } from '../exit-codes.js';
import type { GlobalOptions } from '../options.js';
import { plural, print, printJson, table } from '../output.js';

const EXAMPLES = `
Examples:
  strongroom audit verify audit.log --public-key b7a1…
  strongroom audit verify audit.log --public-key b7a1… --head 90fe… --unfinished

The public key comes from where the log cannot be changed, as from strongroom keys. Without it the log is believed
about its key, which shows only that it is consistent with itself. A log that was cut at the end of a run looks whole:
only a hash that was noted elsewhere (the head that this prints, or vault.stats()) shows it.

Exits with 0 if the log is whole, and with 65 if it is not.`;

/** 32 bytes of ed25519, 33 of secp256k1, 48 of bls12-381. */
const PUBLIC_KEY_BYTES: readonly number[] = [32, 33, 48];

const parsePublicKey = (text: string): string => {
  const hex = text.toLowerCase();
  if (/^(?:[0-9a-f]{2})+$/.test(hex) && PUBLIC_KEY_BYTES.includes(hex.length / 2)) return hex;
  throw new InvalidArgumentError('Expected hex of 32, 33 or 48 bytes.');
};

const parseHash = (text: string): string => {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('Expected hex of 32 bytes.');
};

const printReport = ({ fault, records, signed, signatures, key, from, to, head, notes }: LogReport): void => {
  const rows = [
    ['records', records === 0 ? '0' : `${records.toLocaleString('en-US')}, ${from} to ${to}`],
    ['signed', key === undefined ? 'no' : `${signed.toLocaleString('en-US')}, by ${plural(signatures, 'signature')}`],
    ...(key === undefined ? [] : [['key', `${key.id} (${key.type}) ${key.publicKey}`]]),
    ['head', head],
  ];
  const verdict = fault === undefined ? 'whole' : `not whole: line ${fault.line}: ${fault.kind}: ${fault.reason}`;
  print([verdict, table(rows), ...notes.map((note) => `note: ${note}`)].join('\n'));
};

const run = async (file: string, options: Expectations & GlobalOptions): Promise<number> => {
  const { publicKey, head, unfinished, json } = options;
  let report: LogReport;
  try {
    report = await verifyLog(createReadStream(file, { highWaterMark: 1024 * 1024 }), {
      ...(publicKey !== undefined && { publicKey }),
      ...(head !== undefined && { head }),
      ...(unfinished !== undefined && { unfinished }),
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    throw new CliError('ERR_INPUT', `${file} could not be read (${code})`);
  }
  const whole = report.fault === undefined;
  if (json) printJson({ file, whole, ...report });
  else printReport(report);
  return whole ? EXIT.ok : EXIT.badData;
};

export const addAudit = (program: Command, exitWith: (code: number) => void): void => {
  program
    .command('audit')
    .description("the vault's audit log")
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .command('verify')
    .description('verify the chain and the signatures of an audit log')
    .argument('<file>', 'the log')
    .addOption(new Option('--public-key <hex>', 'the key that must have signed it').argParser(parsePublicKey))
    .addOption(
      new Option('--head <hash>', 'the hash of a record, noted earlier, that must be in it').argParser(parseHash),
    )
    .addOption(new Option('--unfinished', 'the end need not be closed and signed: the vault runs, or was killed'))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, _options: unknown, command: Command) => {
      exitWith(await run(file, command.optsWithGlobals<Expectations & GlobalOptions>()));
    });
};
