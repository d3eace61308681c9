// The STRONGROOM_* variables that override settings. Variables that hold keys are never read here.
import envVar from 'env-var';
import type { SettingsProblem } from '../errors.js';
import { type Hardening, hardeningCheck } from '../hardening.js';
import type { Check } from '../wire/check.js';
import { filePath } from '../wire/sources.js';
import { CONFIG_CHECKS, type WireConfig } from '../wire/specs.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings that variables override: those that are set and valid, and no others. */
export interface Overrides {
  readonly config: Partial<Pick<WireConfig, 'threads' | 'provider' | 'lock' | 'maxKeys'>>;
  readonly hardening: Hardening | undefined;
}

/** The variable that names the settings file, used when the caller gave no settings. */
export const SETTINGS_VARIABLE = 'STRONGROOM_SETTINGS';

type Variable = ReturnType<typeof envVar.get>;

const readVariable = <T>(
  environment: Environment,
  name: string,
  parse: (variable: Variable) => unknown,
  check: Check<T>,
  problems: SettingsProblem[],
): T | undefined => {
  const given = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (given === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = parse(envVar.from({ [name]: given }).get(name));
  } catch {
    parsed = given; // env-var's own message may quote the value; the check that follows does not
  }
  return check(parsed, name, problems);
};

const asWholeNumber = (variable: Variable): unknown => variable.asIntPositive();
const asString = (variable: Variable): unknown => variable.asString();

/** Read every override; a variable that is set to something invalid is a problem at its name. */
export const readOverrides = (environment: Environment, problems: SettingsProblem[]): Overrides => {
  const checks = CONFIG_CHECKS;
  const threads = readVariable(environment, 'STRONGROOM_THREADS', asWholeNumber, checks.threads, problems);
  const provider = readVariable(environment, 'STRONGROOM_PROVIDER', asString, checks.provider, problems);
  const lock = readVariable(environment, 'STRONGROOM_MEMORY_LOCK', asString, checks.lock, problems);
  const maxKeys = readVariable(environment, 'STRONGROOM_MAX_KEYS', asWholeNumber, checks.maxKeys, problems);
  const hardening = readVariable(environment, 'STRONGROOM_HARDENING', asString, hardeningCheck, problems);
  return {
    config: {
      ...(threads !== undefined && { threads }),
      ...(provider !== undefined && { provider }),
      ...(lock !== undefined && { lock }),
      ...(maxKeys !== undefined && { maxKeys }),
    },
    hardening,
  };
};

/** The path in STRONGROOM_SETTINGS, if it is set and can be one. */
export const readSettingsPath = (environment: Environment, problems: SettingsProblem[]): string | undefined =>
  readVariable(environment, SETTINGS_VARIABLE, asString, filePath, problems);
