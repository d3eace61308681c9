// Drives a vault whose steps fail, one at a time, and looks at its memory from outside: at the arena after each failure,
// at the whole process at the end.
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Encoding, KeyType } from 'strongroom';
import {
  layoutFor,
  SCRATCH_BYTES,
  SEAT_BYTES,
  SEAT_CONTROL_BYTES,
  SLOT_BYTES,
  SLOT_PUBLIC_BYTES,
  SLOT_PUBLIC_OFFSET,
  SLOT_SECRET_BYTES,
  SLOT_SECRET_OFFSET,
} from '../../dist/workers/arena/layout.js';
import { type Fault, faultId } from './fixtures/faulty-workers/orders.js';
import type { Answer, Program, ProgramSource } from './program.js';
import type { Secret } from './scanner/forms.js';
import { isArena, readMappings } from './scanner/maps.js';
import { compilePatterns } from './scanner/patterns.js';
import { type Hit, readArenas, scanProcess } from './scanner/scan.js';

export const THREADS = 1;
/** In place of a step's name, where none failed. */
export const NO_FAULT = 'none';
/** The control, and one more: a failure that kept a slot would leave no room for the next key. */
export const MAX_KEYS = 2;

const HALF = 0x3f;
/** A secret of any type, of full length in hex and decimal. */
export const makeSecret = (): Uint8Array => {
  const secret = Uint8Array.from(randomBytes(32));
  secret[0] = ((secret[0] as number) & HALF) | 1;
  return secret;
};

/** What is in an arena: how many keys, and which other areas that may hold a secret are not empty. */
export interface ArenaUse {
  readonly keys: number;
  readonly others: readonly string[];
}

const ZEROS = Buffer.alloc(64 * 1024);
/** By the system's comparison of memory: it is asked thousands of times. */
const isZero = (bytes: Uint8Array): boolean => {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (ZEROS.compare(part, 0, part.length, 0, part.length) !== 0) return false;
  }
  return true;
};

const useOf = (arena: Uint8Array): ArenaUse => {
  const layout = layoutFor(MAX_KEYS, 2 * THREADS + 2, THREADS + 1);
  const isUsed = (from: number, length: number): boolean => !isZero(arena.subarray(from, from + length));
  const others: string[] = [];
  for (let seat = 0; seat < layout.seatCount; seat++) {
    if (isUsed(layout.seatsOffset + seat * SEAT_BYTES + SEAT_CONTROL_BYTES, SCRATCH_BYTES)) others.push('scratch');
  }
  if (isUsed(layout.stagingOffset, layout.heldOffset - layout.stagingOffset)) others.push('staging');
  if (isUsed(layout.heldOffset, layout.lanesOffset - layout.heldOffset)) others.push('held values');
  if (isUsed(layout.lanesOffset, layout.slotsOffset - layout.lanesOffset)) others.push('lanes');
  let keys = 0;
  for (let slot = 0; slot < layout.slotCount; slot++) {
    const at = layout.slotsOffset + slot * SLOT_BYTES;
    if (isUsed(at + SLOT_SECRET_OFFSET, SLOT_SECRET_BYTES) || isUsed(at + SLOT_PUBLIC_OFFSET, SLOT_PUBLIC_BYTES))
      keys++;
  }
  return { keys, others };
};

/** Every arena of a process, the vault closed or not. */
export const arenaUses = (pid: number): ArenaUse[] => readArenas(pid).map(useOf);

/** A program, and its open vault's arena. */
export interface Target {
  readonly program: Program;
  use(): ArenaUse;
}

/** The arena is looked for once, and then read where it lies: that is quick. */
export const targetOf = (program: Program): Target => {
  const place = readMappings(program.pid).find(isArena);
  if (place === undefined) throw new Error('the vault has no arena');
  const { start, end } = place;
  const bytes = new Uint8Array(end - start);
  return {
    program,
    use() {
      const memory = openSync(`/proc/${program.pid}/mem`, 'r');
      try {
        if (readSync(memory, bytes, 0, bytes.length, start) !== bytes.length) throw new Error('the arena is gone');
      } finally {
        closeSync(memory);
      }
      return useOf(bytes);
    },
  };
};

/**
 * What a failure did that it must not do; undefined if it did nothing of the kind.
 *
 * @param types - of the keys that the vault must be able to register, use and release then; none asks nothing of it.
 */
export const whatBroke = async (
  { program, use }: Target,
  { code }: Answer,
  keys: number,
  types: readonly KeyType[],
): Promise<string | undefined> => {
  if (code !== undefined && !code.startsWith('ERR_')) return `no VaultError: ${code}`;
  const found = use();
  if (found.others.length > 0) return `left something in ${found.others.join(', ')}`;
  if (found.keys !== keys) return `${found.keys} keys in the arena, not ${keys}`;
  if (types.length === 0) return undefined;
  const trial = await program.start({ do: 'try out', types });
  return trial.code === undefined ? undefined : `the vault is of no use: ${trial.code}`;
};

export interface Sweep {
  /** Steps that failed, by name. */
  readonly steps: string[];
  /** What a failure left or broke. */
  readonly broken: string[];
}

/** Looks at the whole process; tells of what must not be there. */
export type Look = () => string | undefined;

/** @param held - whole copies of the secret that may be there, all in the arena. */
export const lookFor = (program: Program, secret: Secret, held: number): Look => {
  const patterns = compilePatterns([secret]);
  return () => {
    const { hits } = scanProcess(program.pid, patterns);
    const isKept = hits.length === held && hits.every(({ inArena, whole }) => inArena && whole);
    return isKept ? undefined : describeHits(hits) || 'the scan does not find the key';
  };
};

/** Steps that have a secret in the hands of a native library: what they leave may lie anywhere. Others have the arena. */
const IN_NATIVE_HANDS: ReadonlySet<string> = new Set([
  'crypto_sign_seed_keypair',
  'publicKeyCreate',
  'privateKeyTweakAdd',
  'ecdsaSign',
  'toPublicKey',
  'writeSync',
]);
const isInNativeHands = (step: string | undefined): boolean => step !== undefined && IN_NATIVE_HANDS.has(step);

/**
 * After so many failures the vault is tried out, and at the end of a sweep. A vault that one of them broke stays so until
 * then; what a failure leaves in the arena is looked at each time.
 */
const TRIAL_EVERY = 4;

/** Read anew for each attempt: what it reads is the attempt's alone. */
export type SourceMaker = (fault: Fault) => ProgramSource;

/**
 * Register a key again and again, each time with the next step failing, until no step is left to fail.
 *
 * @param next - which step comes after one: each, by default.
 */
export const sweepRegistration = async (
  target: Target,
  type: KeyType,
  source: SourceMaker,
  when: Fault['when'],
  look: Look | undefined,
  next: (at: number) => number = (at) => at + 1,
): Promise<Sweep> => {
  const { program } = target;
  const sweep: Sweep = { steps: [], broken: [] };
  for (let at = 1; ; at = next(at)) {
    const fault = { at, when };
    const id = faultId(fault, 'key');
    const answer = await program.start({ do: 'register', id, type, from: source(fault) });
    if (answer.code === undefined) await program.run({ do: 'release', ids: [id] });
    const isDone = answer.fault === undefined;
    const isTrial = sweep.steps.length % TRIAL_EVERY === 0;
    const seen = isInNativeHands(answer.fault) ? look?.() : undefined;
    const reason =
      isDone && answer.code !== undefined
        ? `it failed with ${answer.code}`
        : (seen ?? (await whatBroke(target, answer, 1, isDone ? [type] : isTrial ? ['ed25519'] : [])));
    if (reason !== undefined) sweep.broken.push(`${type}, ${when} ${answer.fault ?? 'all steps'} (${at}): ${reason}`);
    if (answer.fault === undefined) return sweep;
    sweep.steps.push(answer.fault);
  }
};

/** Native calls of one signature, at most. */
const STEPS_IN_SIGNER: Readonly<Record<string, number>> = { schnorr: 14, 'bls12-381': 3 };

/**
 * Sign with a key again and again, each time with the next step failing, until none is left. A lone signature is made
 * in the vault thread, which tells of the step; many are made by signers.
 */
export const sweepSigning = async (
  target: Target,
  id: string,
  scheme: string,
  count: number,
  when: Fault['when'],
  look: Look,
): Promise<Sweep> => {
  const { program } = target;
  const sweep: Sweep = { steps: [], broken: [] };
  const most = count === 1 ? Number.POSITIVE_INFINITY : (STEPS_IN_SIGNER[scheme] ?? 1);
  for (let at = 1; at <= most; at++) {
    const answer = await program.start({ do: 'sign with a fault', id, scheme, count, fault: { at, when } });
    const { keys, others } = target.use();
    const seen = isInNativeHands(answer.fault) ? look() : undefined;
    const sound = await program.start({ do: 'sign', ids: [id], scheme, count: 1 });
    const reason =
      answer.code !== undefined && !answer.code.startsWith('ERR_')
        ? `no VaultError: ${answer.code}`
        : sound.code !== undefined
          ? `no signature after it: ${sound.code}`
          : others.length > 0 || keys !== MAX_KEYS
            ? `${keys} keys in the arena, and something in ${others.join(', ')}`
            : seen;
    if (reason !== undefined) sweep.broken.push(`${scheme}, ${when} ${answer.fault ?? 'all steps'} (${at}): ${reason}`);
    if (count === 1 && answer.fault === undefined) return sweep;
    if (answer.code !== undefined) sweep.steps.push(answer.fault ?? `${answer.code} of a signer`);
  }
  return sweep;
};

export interface Claim {
  readonly variable: string;
  readonly secret: Secret;
  readonly fault: Fault;
}

export interface ClaimSweep extends Sweep {
  /** Secrets whose variable the vault took out of the environment. */
  readonly taken: Secret[];
  /** Steps at which it could not. */
  readonly refused: string[];
}

/** Register keys of variables, each time with the next step failing while the vault takes the variable. */
export const sweepClaims = async (target: Target, claims: readonly Claim[]): Promise<ClaimSweep> => {
  const { program } = target;
  const sweep: ClaimSweep = { steps: [], broken: [], taken: [], refused: [] };
  for (const { variable, secret, fault } of claims) {
    const answer = await program.start({ do: 'register', id: 'key', type: 'ed25519', from: { env: variable } });
    if (answer.code === undefined) await program.run({ do: 'release', ids: ['key'] });
    const step = answer.fault;
    if (step !== undefined) sweep.steps.push(step);
    else if (answer.code !== undefined) sweep.broken.push(`without a fault: ${answer.code}`);
    const reason = await whatBroke(target, answer, 1, ['ed25519']);
    if (reason !== undefined) sweep.broken.push(`${fault.when} ${step} (${fault.at}): ${reason}`);
    const isThere = readFileSync(`/proc/${program.pid}/environ`).includes(Buffer.from(secret.bytes).toString('hex'));
    if (isThere) sweep.refused.push(step ?? NO_FAULT);
    else sweep.taken.push(secret);
  }
  return sweep;
};

/** A file that is written for each attempt. */
export const fileSource = (
  folder: string,
  content: Uint8Array,
  { mode = 0o600, name = 'key', ...options }: { mode?: number; name?: string; encoding?: Encoding } = {},
): ProgramSource => {
  const file = join(folder, name);
  rmSync(file, { force: true });
  writeFileSync(file, content, { mode });
  return { file, ...options };
};

/** Where any of the secrets is, and where the control is. */
export const scanFor = (
  program: Program,
  secrets: readonly Secret[],
  control: Secret,
): { readonly left: readonly Hit[]; readonly control: readonly Hit[] } => {
  const { hits } = scanProcess(program.pid, compilePatterns([...secrets, control]));
  return {
    left: hits.filter(({ secret }) => secret !== control.label),
    control: hits.filter(({ secret }) => secret === control.label),
  };
};

export const describeHits = (hits: readonly Hit[]): string =>
  [...new Set(hits.map(({ secret, form, bytes, where }) => `${secret}: ${bytes} bytes of ${form} in ${where}`))]
    .slice(0, 20)
    .join('\n');
