// The demo itself: a vault from start to end, told step by step. Works in a temporary folder, which is removed at the
// end, also after a failure or a signal.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { VaultError } from '../../errors.js';
import type { KeyInfo, Vault, VaultInfo } from '../../vault.js';
import { CliError } from '../exit-codes.js';
import { onInterrupt } from '../interrupt.js';
import { plural, print, styled, toHex } from '../output.js';
import { startProgress } from '../progress.js';
import { makeKeyFile, withVault } from '../with-vault.js';
import {
  countJobs,
  DEMO_VARIABLE,
  demoSettings,
  FILE_KEYS,
  type Jobs,
  KEY_IDS,
  keyFile,
  planJobs,
  SIGN_OPTIONS,
  SIGNED_TYPES,
  type SignedType,
} from './plan.js';
import {
  fileKeyLine,
  keysTable,
  line,
  memoryLines,
  type Speed,
  speedOf,
  speedTable,
  step,
  title,
  verifiedTable,
} from './report.js';
import { type Signed, signAll } from './sign-all.js';
import { verifyAll, verifyTogether } from './verify.js';

export interface DemoFigures extends VaultInfo {
  readonly ok: true;
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  readonly cores: number;
  readonly variableGone: boolean;
  readonly keys: readonly Pick<KeyInfo, 'id' | 'type' | 'source'>[];
  readonly signed: Speed & { readonly byType: ByType<Speed> };
  readonly verified: { readonly count: number; readonly failed: number; readonly seconds: number };
  readonly together: { readonly keys: number; readonly valid: boolean };
  readonly released: { readonly id: string; readonly refusedWith: string };
  readonly seconds: number;
}

export interface DemoOptions {
  readonly count: number;
  readonly version: string;
  readonly quiet: boolean;
}

type ByType<T> = Record<SignedType, T>;
type Say = (text: string) => void;

/** Key files are made one after the other, each by a vault of its own. */
const makeKeyFiles = async (folder: string, say: Say): Promise<void> => {
  say(step(1, 'Make keys that exist only in files (mode 0600, written by the vault thread)'));
  for (const id of Object.keys(FILE_KEYS) as (keyof typeof FILE_KEYS)[]) {
    const path = keyFile(folder, id);
    const publicKey = await makeKeyFile(FILE_KEYS[id], path);
    say(fileKeyLine(id, FILE_KEYS[id], path, publicKey));
  }
};

const signEverything = async (vault: Vault, jobs: Jobs, say: Say) => {
  const total = countJobs(jobs);
  say(step(3, `Sign ${plural(total, 'message')} with all of them, 2,000 in flight`));
  const signed = {} as ByType<Signed[]>;
  const speeds = {} as ByType<Speed>;
  let milliseconds = 0;
  for (const type of SIGNED_TYPES) {
    const progress = startProgress(`signing, ${type}`, jobs[type].length);
    try {
      const begin = performance.now();
      signed[type] = await signAll(vault, jobs[type], SIGN_OPTIONS[type], progress.advance);
      const took = performance.now() - begin;
      milliseconds += took;
      speeds[type] = speedOf(jobs[type].length, took);
    } finally {
      progress.stop();
    }
  }
  const all = speedOf(total, milliseconds);
  say(speedTable(speeds, all));
  return { signed, speeds, all };
};

const verifyEverything = async (
  vault: Vault,
  { signed, speeds, all }: Awaited<ReturnType<typeof signEverything>>,
  say: Say,
) => {
  say(step(4, 'Verify every signature, by other implementations than those that signed'));
  const publicKeys = new Map(vault.keys().map(({ id, publicKey }) => [id, publicKey]));
  const progress = startProgress('verifying', all.count);
  try {
    const begin = performance.now();
    const failed = await verifyAll(signed, publicKeys, progress.advance);
    const { seconds } = speedOf(all.count, performance.now() - begin);
    progress.stop();
    say(verifiedTable(speeds, failed, vault.info(), seconds));
    const failures = SIGNED_TYPES.reduce((sum, type) => sum + failed[type], 0);
    if (failures > 0) throw new CliError('ERR_DEMO', `${failures} of ${all.count} signatures did not verify`);
    return { count: all.count, failed: 0, seconds };
  } finally {
    progress.stop();
  }
};

const signTogether = async (vault: Vault, say: Say) => {
  const ids = KEY_IDS['bls12-381'];
  say(step(5, `Let ${plural(ids.length, 'validator')} sign one message together`));
  const message = new TextEncoder().encode('strongroom demo, signed together');
  const signature = await vault.signTogether(ids, message);
  const keys = await Promise.all(ids.map((id) => vault.publicKey(id)));
  if (!verifyTogether(signature, message, keys)) {
    throw new CliError('ERR_DEMO', 'the aggregate signature did not verify');
  }
  say(line(`one signature of ${signature.length} bytes, valid by noble: ${toHex(signature).slice(0, 32)}…`));
  return { keys: ids.length, valid: true };
};

/** Expect a call to be refused; anything else is a failure of the demo. */
const refusal = async (call: Promise<unknown>, expected: string): Promise<string> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof VaultError && error.code === expected) return error.code;
    throw error;
  }
  throw new CliError('ERR_DEMO', `a call was answered that ought to be refused with ${expected}`);
};

const releaseOne = async (vault: Vault, say: Say) => {
  const id = KEY_IDS.secp256k1[0]!;
  say(step(6, `Release ${id}: its bytes are wiped in every thread`));
  await vault.release(id);
  const refusedWith = await refusal(vault.sign(id, new Uint8Array(32), SIGN_OPTIONS.secp256k1), 'ERR_KEY_NOT_FOUND');
  say(line(`a signature by ${id} is refused now: ${refusedWith}`));
  say(line(`${plural(vault.info().memory.keysUsed, 'key')} left`));
  return { id, refusedWith };
};

const tell = async (folder: string, { count, version }: DemoOptions, say: Say): Promise<DemoFigures> => {
  const begin = performance.now();
  say(title(version));
  await makeKeyFiles(folder, say);
  say(step(2, 'Open a vault with keys from files, from the environment and by generation'));
  const facts = await withVault(demoSettings(folder), async (vault) => {
    const keys = vault.keys();
    const info = vault.info();
    const variableGone = !(DEMO_VARIABLE in process.env);
    say(`${keysTable(keys, info)}\n\n${memoryLines(info, DEMO_VARIABLE, variableGone)}`);
    const signing = await signEverything(vault, planJobs(count), say);
    const verified = await verifyEverything(vault, signing, say);
    const together = await signTogether(vault, say);
    const released = await releaseOne(vault, say);
    say(step(7, 'Close: every key is wiped, every thread ended'));
    await vault.close();
    const closed = await refusal(vault.sign(KEY_IDS.ed25519[0]!, new Uint8Array(1)), 'ERR_VAULT_CLOSED');
    say(line(`any call is refused now: ${closed}`));
    return {
      ...info,
      variableGone,
      keys: keys.map(({ id, type, source }) => ({ id, type, source })),
      signed: { ...signing.all, byType: signing.speeds },
      verified,
      together,
      released,
    };
  });
  const seconds = Math.round(performance.now() - begin) / 1000;
  const signatures = `${plural(facts.signed.count, 'signature')}, every one verified`;
  say(`\n${styled('green', 'Done.')} ${signatures}; ${seconds.toFixed(1)} s from start to end.`);
  const { version: node, platform, arch } = process;
  return { ok: true, version, node, platform, arch, cores: availableParallelism(), ...facts, seconds };
};

/**
 * Run the demo. The variable {@link DEMO_VARIABLE} must hold an ed25519 key.
 *
 * @returns the figures.
 * @throws {CliError} ERR_DEMO - a signature did not verify, or a refusal was missing.
 */
export const runDemo = async (options: DemoOptions): Promise<DemoFigures> => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-demo-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = onInterrupt(remove);
  try {
    return await tell(folder, options, options.quiet ? () => undefined : print);
  } finally {
    remove();
    forget();
  }
};
