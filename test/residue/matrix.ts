// The matrix: keys of every type from every source, in one process; what is left of each at every moment of its life.
// Each key has a secret of its own, so what is found says whose it is.
import { setTimeout } from 'node:timers/promises';
import type { KeyType } from 'strongroom';
import { tempFolder } from '../support/temp.js';
import { findGenerated, makeKey, publicKeyOf, type Source, type TestKey } from './keys.js';
import { type Answer, type Program, startProgram } from './program.js';
import { compilePatterns, type PatternSet } from './scanner/patterns.js';
import { type Hit, scanProcess } from './scanner/scan.js';

export type Provider = 'native' | 'noble';

export const MOMENTS = [
  'loaded',
  'signed',
  'released',
  'closed',
  'failed start',
  'signer killed',
  'killed, released',
  'vault ended',
] as const;
export type Moment = (typeof MOMENTS)[number];

/** Moments at which the key is in the vault; at all others nothing of it may be anywhere. */
export const HELD_MOMENTS: readonly Moment[] = ['loaded', 'signed', 'signer killed'];

export interface Finding {
  readonly type: KeyType;
  readonly source: Source;
  readonly provider: Provider;
  readonly moment: Moment;
  /** Whole copies in the arena. */
  readonly inArena: number;
  /** Whole copies elsewhere, in any form. */
  readonly outside: number;
  /** Windows of 16 bytes, in parts of forms. */
  readonly windows: number;
  readonly hits: readonly Hit[];
  /** What the promise allows, and whether it is kept. */
  readonly kept: boolean;
}

export interface MatrixOptions {
  readonly types: readonly KeyType[];
  readonly sources: readonly Source[];
  readonly provider: Provider;
  readonly threads: number;
  readonly scenarios: readonly Scenario[];
  /** Signatures of each key in each scheme. */
  signatures(scheme: string): number;
}

const SCHEMES: Readonly<Record<KeyType, readonly string[]>> = {
  ed25519: ['ed25519'],
  secp256k1: ['ecdsa', 'ecdsa-recoverable', 'schnorr'],
  'bls12-381': ['bls12-381'],
  x25519: [],
};

/** Whether memory is as promised: no trace after the end; one copy, in the arena, before. noble promises the arena only. */
const isKept = ({ provider, moment, inArena, outside, windows }: Omit<Finding, 'kept'>): boolean =>
  inArena === (HELD_MOMENTS.includes(moment) ? 1 : 0) && (provider === 'noble' || outside + windows === 0);

interface Rig {
  readonly options: MatrixOptions;
  readonly program: Program;
  readonly keys: readonly TestKey[];
  open(): Promise<void>;
  /** Sign with every key in every scheme: this share of the signatures. */
  sign(share: number): Promise<void>;
  /** Check that the vault's keys are those of their sources, and find the generated ones. */
  prove(answer: Answer, keys: readonly TestKey[]): void;
  /** Scan for some keys; for all of them by default. */
  look(moment: Moment, keys?: readonly TestKey[]): void;
}

/** Signers that are ended one after the other, and how long they sign before. */
const KILLS = 3;
const KILL_PAUSE_MS = 150;

/** What one process goes through. */
export type Scenario = 'life' | 'register' | 'close' | 'failed start' | 'signer killed' | 'vault ended';

const SCENARIOS: Readonly<Record<Scenario, (rig: Rig) => Promise<void>>> = {
  async life({ options, program, keys, open, sign, look }) {
    await open();
    look('loaded');
    await sign(1);
    look('signed');
    // Type by type: what releasing one does (collecting garbage) must not help another.
    for (const type of [...options.types].sort((a, b) => Number(a === 'bls12-381') - Number(b === 'bls12-381'))) {
      const own = keys.filter((key) => key.type === type);
      await program.run({ do: 'release', ids: own.map(({ id }) => id) });
      look('released', own);
    }
  },

  /** One key after the other: nothing that follows a registration or a release covers its traces. */
  async register({ options, program, keys, prove, look }) {
    await program.run(openCommand(options, []));
    for (const key of keys) {
      const { id, type, from } = key;
      prove(await program.run({ do: 'register', id, type, from }), [key]);
      look('loaded', [key]);
      await program.run({ do: 'release', ids: [id] });
      look('released', [key]);
    }
  },

  async close({ program, open, sign, look }) {
    await open();
    await sign(0.1);
    await program.run({ do: 'close' });
    look('closed');
  },

  async 'failed start'({ options, program, keys, look }) {
    const bad = { 'bad/last': { type: 'ed25519' as const, from: { file: '/nowhere/key' } } };
    await program.run(openCommand(options, keys, bad), 'ERR_VAULT_STARTUP');
    look('failed start');
  },

  async 'signer killed'({ program, keys, open, sign, look }) {
    await open();
    await sign(0.1);
    const signing = sign(0.5).catch(() => undefined); // an operation under which several signers die is given up
    for (let kill = 0; kill < KILLS; kill++) {
      await setTimeout(KILL_PAUSE_MS);
      await program.run({ do: 'kill signers', count: 1 });
    }
    await signing;
    look('signer killed');
    await program.run({ do: 'release', ids: keys.map(({ id }) => id) });
    look('killed, released');
  },

  async 'vault ended'({ program, open, sign, look }) {
    await open();
    const signing = sign(0.5).catch(() => undefined); // whatever is not signed yet is rejected
    await setTimeout(KILL_PAUSE_MS);
    await program.run({ do: 'end the vault' });
    await signing;
    look('vault ended');
  },
};
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as Scenario[];

const openCommand = (options: MatrixOptions, keys: readonly TestKey[], more = {}) => ({
  do: 'open' as const,
  settings: { threads: options.threads, provider: options.provider },
  keys: { ...Object.fromEntries(keys.map(({ id, type, from }) => [id, { type, from }])), ...more },
});

const runScenario = async (scenario: Scenario, options: MatrixOptions): Promise<Finding[]> => {
  const folder = tempFolder();
  const keys = options.types
    .flatMap((type) => options.sources.map((source) => makeKey(type, source, folder)))
    .filter((key) => key !== undefined)
    // A generated key of a failed start is known to nobody.
    .filter(({ source }) => scenario !== 'failed start' || source !== 'generate');
  const program = await startProgram({
    env: Object.fromEntries(keys.flatMap(({ variable }) => (variable === undefined ? [] : [variable]))),
    input: Buffer.concat(
      keys.flatMap(({ from, secret }) => (from === 'bytes' ? [secret?.bytes ?? []] : [])) as Uint8Array[],
    ),
  });
  const findings: Finding[] = [];
  const compiled = new Map<string, PatternSet>();
  /** Compiled once for the same keys. */
  const patternsOf = (looked: readonly TestKey[]): PatternSet => {
    const secrets = looked.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
    const name = secrets.map(({ label }) => label).join(' ');
    const known = compiled.get(name) ?? compilePatterns(secrets);
    compiled.set(name, known);
    return known;
  };

  const rig: Rig = {
    options,
    program,
    keys,
    async open() {
      rig.prove(await program.run(openCommand(options, keys)), keys);
    },
    prove(answer, opened) {
      const publicKeys = new Map(answer.keys?.map(({ id, publicKey }) => [id, publicKey]));
      findGenerated(program.pid, opened, publicKeys);
      for (const { id, type, secret } of opened) {
        if (secret === undefined || publicKeyOf(type, secret.bytes) !== publicKeys.get(id)) {
          throw new Error(`the vault has another key under ${id} than its source`);
        }
      }
    },
    async sign(share) {
      // All at once: every signer has keys of every type in hand.
      await Promise.all(
        options.types.flatMap((type) =>
          SCHEMES[type].map(async (scheme) => {
            const ids = keys.filter((key) => key.type === type).map(({ id }) => id);
            const count = Math.max(1, Math.round(options.signatures(scheme) * share));
            const answer = await program.start({ do: 'sign', ids, scheme, count });
            if (answer.code !== undefined) throw new Error(`signing (${scheme}) failed with ${answer.code}`);
          }),
        ),
      );
    },
    look(moment, looked = keys) {
      const { hits } = scanProcess(program.pid, patternsOf(looked));
      for (const { id, type, source } of looked) {
        const own = hits.filter(({ secret }) => secret === id);
        const whole = own.filter((hit) => hit.whole);
        const finding = {
          type,
          source,
          provider: options.provider,
          moment,
          inArena: whole.filter((hit) => hit.inArena).length,
          outside: whole.filter((hit) => !hit.inArena).length,
          windows: own.filter((hit) => !hit.whole).reduce((sum, hit) => sum + hit.windows, 0),
          hits: own,
        };
        findings.push({ ...finding, kept: isKept(finding) });
      }
    },
  };

  try {
    await SCENARIOS[scenario](rig);
  } finally {
    await program.end();
  }
  return findings;
};

/** Run each scenario once, each in a process of its own. */
export const runMatrix = async (options: MatrixOptions): Promise<Finding[]> => {
  const findings: Finding[] = [];
  for (const scenario of options.scenarios) findings.push(...(await runScenario(scenario, options)));
  return findings;
};
