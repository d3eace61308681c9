// Looks at the process that is about to hold keys: flags, variables and switches that let others read its memory, write
// it to a file, or run code before the program. It names flags and variables, never their values, and knows no key.
import type { SettingsProblem } from './errors.js';
import { VaultError } from './errors.js';
import { warnOnce } from './warn.js';
import { type Check, oneOf } from './wire/check.js';

export const HARDENINGS = ['strict', 'warn', 'off'] as const;
export type Hardening = (typeof HARDENINGS)[number];
export const hardeningCheck: Check<Hardening> = oneOf(HARDENINGS);

/** What is looked at, so that a test can show something else than its own process. */
export interface Runtime {
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly report: Readonly<Partial<Record<keyof typeof REPORT_FLAGS, boolean>>> | undefined;
  readonly inspectorUrl: string | undefined;
}

/** How often an open inspector is looked for, under 'strict'. A look costs a microsecond; a debugger needs more to attach. */
const INSPECTOR_POLL_MS = 100;

const DEBUGGER = 'lets a debugger read every thread';
const PRELOAD = 'runs code before the program';
const REPORT = 'writes reports that hold the environment';

/** Flags after normalisation. What they do is said in the words that follow their name. */
const UNSAFE_FLAGS: readonly (readonly [RegExp, string])[] = [
  [/^--(?:inspect(?:-.+)?|debug-port)$/, DEBUGGER],
  [/^--heapsnapshot-.+$/, 'writes the heap to a file'],
  [/^--heap-prof(?:-.+)?$/, 'writes a profile of the heap to a file'],
  [/^--cpu-prof(?:-.+)?$/, 'writes a profile of what runs to a file'],
  [/^--report-(?:on-.+|signal|uncaught-exception)$/, REPORT],
  [/^--abort-on-uncaught-exception$/, 'leaves an image of the memory behind'],
  [/^--expose-internals$/, "opens the runtime's internals to any code"],
  [/^--allow-natives-syntax$/, "opens the engine's internals to any code"],
  [/^(?:-r|--require|--import|--loader|--experimental-loader|--snapshot-blob)$/, PRELOAD],
  [/^--experimental-(?:default-)?config-file$/, 'takes flags from a file, unseen here'],
];

/** The switches of `process.report`, and the flags that turn them on. The program may have done so itself. */
const REPORT_FLAGS = {
  reportOnFatalError: ['--report-on-fatalerror'],
  reportOnSignal: ['--report-on-signal', '--report-signal'],
  reportOnUncaughtException: ['--report-uncaught-exception'],
} as const;

/** Variables by which the system's loader puts the code of others into the process. */
const loaderVariables = (platform: NodeJS.Platform): readonly string[] => {
  if (platform === 'win32') return [];
  return platform === 'darwin' ? ['DYLD_INSERT_LIBRARIES'] : ['LD_PRELOAD', 'LD_AUDIT'];
};

/** NODE_OPTIONS in pieces, as Node cuts it: at spaces outside of double quotes, with backslashes inside of them. */
export const splitNodeOptions = (text: string): string[] => {
  const pieces: string[] = [];
  let quoted = false;
  let fresh = true;
  for (let at = 0; at < text.length; at++) {
    let character = text[at]!;
    if (character === '\\' && quoted) {
      at++;
      if (at === text.length) break; // Node does not start with such a value
      character = text[at]!;
    } else if (character === ' ' && !quoted) {
      fresh = true;
      continue;
    } else if (character === '"') {
      quoted = !quoted;
      continue;
    }
    if (fresh) pieces.push(character);
    else pieces[pieces.length - 1] += character;
    fresh = false;
  }
  return pieces;
};

/** The flags among arguments, without values, in Node's spelling: it takes `_` for `-`. A value never begins with `-`. */
const flagsOf = (args: readonly string[]): string[] => {
  const names = args.filter((arg) => arg.startsWith('-')).map((arg) => arg.split('=', 1)[0]!.replaceAll('_', '-'));
  return [...new Set(names)];
};

const ownVariable = ({ env }: Runtime, name: string): string => (Object.hasOwn(env, name) ? (env[name] ?? '') : '');

/** Every unsafe circumstance of a process: where it was seen, and what it does. */
export const findUnsafe = (runtime: Runtime): SettingsProblem[] => {
  const problems: SettingsProblem[] = [];
  const seen = new Set<string>();
  const places = [
    ['execArgv', runtime.execArgv],
    ['NODE_OPTIONS', splitNodeOptions(ownVariable(runtime, 'NODE_OPTIONS'))],
  ] as const;
  for (const [path, args] of places) {
    for (const flag of flagsOf(args)) {
      const unsafe = UNSAFE_FLAGS.find(([pattern]) => pattern.test(flag));
      if (unsafe === undefined) continue;
      seen.add(flag);
      problems.push({ path, reason: `${flag} ${unsafe[1]}` });
    }
  }
  for (const [name, flags] of Object.entries(REPORT_FLAGS)) {
    if (runtime.report?.[name as keyof typeof REPORT_FLAGS] === true && !flags.some((flag) => seen.has(flag))) {
      problems.push({ path: `process.report.${name}`, reason: `it ${REPORT}` });
    }
  }
  for (const name of loaderVariables(runtime.platform)) {
    if (ownVariable(runtime, name) !== '') problems.push({ path: name, reason: 'it loads native code of others' });
  }
  if (runtime.inspectorUrl !== undefined) problems.push({ path: 'inspector', reason: `it is open and ${DEBUGGER}` });
  return problems;
};

/** The address of an open inspector. Node can be built without one. */
const inspectorUrl = (): string | undefined =>
  process.features.inspector ? process.getBuiltinModule('node:inspector').url() : undefined;

const thisRuntime = (): Runtime => ({
  execArgv: process.execArgv,
  env: process.env,
  platform: process.platform,
  report: process.report,
  inspectorUrl: inspectorUrl(),
});

const listed = (problems: readonly SettingsProblem[]): string =>
  problems.map(({ path, reason }) => `${path}: ${reason}`).join('; ');

const unsafeError = (problems: readonly SettingsProblem[], when: string): VaultError =>
  new VaultError('ERR_UNSAFE_RUNTIME', `the process is not safe for keys${when}: ${listed(problems)}`, { problems });

/**
 * Judge this process before keys come into it.
 *
 * @throws {VaultError} ERR_UNSAFE_RUNTIME - under 'strict'; `problems` lists every reason.
 */
export const assertHardened = (hardening: Hardening): void => {
  if (hardening === 'off') return;
  const problems = findUnsafe(thisRuntime());
  if (problems.length === 0) return;
  if (hardening === 'strict') throw unsafeError(problems, '');
  warnOnce(`the process is not safe for keys ("hardening" can refuse or allow it): ${listed(problems)}`);
};

/**
 * Under 'strict': call back once if an inspector opens, by `inspector.open()` or a signal. Returns how to stop looking.
 * While a debugger halts this thread nothing is seen: that is a limit of looking from inside.
 */
export const watchInspector = (hardening: Hardening, onOpen: (error: VaultError) => void): (() => void) => {
  if (hardening !== 'strict') return () => undefined;
  const timer = setInterval(() => {
    if (inspectorUrl() === undefined) return;
    clearInterval(timer);
    onOpen(unsafeError([{ path: 'inspector', reason: `it was opened and ${DEBUGGER}` }], ' any more'));
  }, INSPECTOR_POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
};
