#!/usr/bin/env node
// The program's entry: what concerns the whole process, and nothing else. program.ts has the commands.
import { listenForInterrupts } from './interrupt.js';
import { keepOutputQuiet, printError, printWarning } from './output.js';
import { runProgram } from './program.js';

const args = process.argv.slice(2);
const json = args.includes('--json');

keepOutputQuiet();
listenForInterrupts();
process.removeAllListeners('warning'); // Node's own listener would print two lines with a process id
process.on('warning', printWarning);
process.on('uncaughtException', (error) => process.exit(printError(error, json)));

process.exitCode = await runProgram(args, json);
