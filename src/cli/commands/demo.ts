// strongroom demo: what `npm start` runs.
import { type Command, InvalidArgumentError } from 'commander';
import { launchDemo } from '../demo/launch.js';
import { DEMO_VARIABLE } from '../demo/plan.js';
import { EXIT } from '../exit-codes.js';
import type { GlobalOptions } from '../options.js';
import { printJson } from '../output.js';

const DEFAULT_COUNT = 60_000;
const MIN_COUNT = 100;
const MAX_COUNT = 1_000_000;

const EXAMPLES = `
Examples:
  strongroom demo
  strongroom demo --count 5000
  strongroom demo --json | jq .signed.byType

One key comes from the environment: ${DEMO_VARIABLE}, an ed25519 seed of 32 bytes as hex. If it is
not set, the demo starts itself again with a random one in it, as a service manager would start your
program.`;

const parseCount = (text: string): number => {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= MIN_COUNT && count <= MAX_COUNT) return count;
  throw new InvalidArgumentError(`Expected a whole number from ${MIN_COUNT} to ${MAX_COUNT}.`);
};

export const addDemo = (program: Command, exitWith: (code: number) => void, version: string): void => {
  program
    .command('demo')
    .description('watch a vault load keys, sign, be verified, release and close')
    .option('--count <n>', 'about how many messages to sign', parseCount, DEFAULT_COUNT)
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, command: Command) => {
      const { count, json } = command.optsWithGlobals<GlobalOptions & { count: number }>();
      if (!(DEMO_VARIABLE in process.env)) {
        exitWith(await launchDemo());
        return;
      }
      // Only the demo needs it, and the JavaScript curves that it verifies with take a while to load.
      const { runDemo } = await import('../demo/run.js');
      const facts = await runDemo({ count, version, quiet: json === true });
      if (json) printJson(facts);
      exitWith(EXIT.ok);
    });
};
