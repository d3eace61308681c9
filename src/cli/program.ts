// The command line: the commands, the help, and how an ending becomes an exit code.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addAudit } from './commands/audit.js';
import { addCheck } from './commands/check.js';
import { addDemo } from './commands/demo.js';
import { addDerive } from './commands/derive.js';
import { addExport } from './commands/export.js';
import { addGenerate } from './commands/generate.js';
import { addImport } from './commands/import.js';
import { addInit } from './commands/init.js';
import { addKeys } from './commands/keys.js';
import { addPasswd } from './commands/passwd.js';
import { addSign } from './commands/sign.js';
import { addVerify } from './commands/verify.js';
import { CliError, EXIT } from './exit-codes.js';
import { isInterrupted } from './interrupt.js';
import { addGlobalOptions } from './options.js';
import { printError } from './output.js';

const EXAMPLES = `
Examples:
  strongroom demo                                        watch a vault at work
  strongroom init                                        settings, and a new key under a password
  strongroom sign --key node/identity --in message.bin   a signature by it
  strongroom generate ed25519 --out keys/identity.hex    a new key, only in that file
  strongroom check --settings strongroom.json            do all keys load?
  echo -n hello | strongroom sign --key hot/eth --hash sha256 --in -

Exit codes:
  0    done; the signature is valid
  1    the signature is not valid, or the operation failed
  64   the command line is wrong
  65   a keystore, sealed file or audit log is damaged, or of another kind
  66   an input is missing or cannot be read
  70   a bug in strongroom, or its vault crashed
  73   the output cannot be created: it exists already
  75   the file is being written by another program
  77   the password is wrong, or the key does not allow it
  78   the settings are wrong, or the vault did not start
  130  interrupted; the vault was wiped first`;

const readVersion = (): string => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return version as string;
};

const createProgram = (exitWith: (code: number) => void): Command => {
  const version = readVersion();
  const program = new Command('strongroom')
    .description('A secret vault: keys live in one worker thread and sign by id.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    // Errors are printed by printError, in one form for all.
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  addGlobalOptions(program);
  addInit(program, exitWith);
  addCheck(program, exitWith);
  addKeys(program, exitWith);
  addGenerate(program, exitWith);
  addSign(program, exitWith);
  addVerify(program, exitWith);
  addDerive(program, exitWith);
  addImport(program, exitWith);
  addExport(program, exitWith);
  addPasswd(program, exitWith);
  addAudit(program, exitWith);
  addDemo(program, exitWith, version);
  return program;
};

/** Commander's own endings: help and version are successes, everything else is a wrong command line. */
const usageError = ({ code, message }: CommanderError): CliError => {
  const what = code === 'commander.help' ? 'expected a command' : message.replace(/^error: /, '');
  return new CliError('ERR_USAGE', `${what} (see strongroom --help)`);
};

/** Run one command. Resolves with the exit code; errors are printed. */
export const runProgram = async (args: readonly string[], json: boolean): Promise<number> => {
  let exitCode: number = EXIT.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // The signal's handler ends the process; what it broke on its way is not worth a line.
    if (isInterrupted()) return EXIT.interrupted;
    if (!(error instanceof CommanderError)) return printError(error, json);
    return error.exitCode === 0 ? EXIT.ok : printError(usageError(error), json);
  }
};
