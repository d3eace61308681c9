// The matrix: keys of every type from every source, in one process; what is left of each at every moment of its life.
// Each key has a secret of its own, so what is found says whose it is.
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { KeyType, Operation } from 'strongroom';
import { tempFolder } from '../support/temp.js';
import { findGenerated, type LockedSource, publicKeyOf, type Source, type TestKey } from './keys.js';
import { asSecrets, deliver, exportTraces, makeKeys, makePassword, sealedTraces } from './locked-keys.js';
import { type Answer, type Program, startProgram } from './program.js';
import type { Secret } from './scanner/forms.js';
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
  'refused',
  'written',
] as const;
export type Moment = (typeof MOMENTS)[number];

/** Moments at which the key is in the vault; at all others nothing of it may be anywhere. */
export const HELD_MOMENTS: readonly Moment[] = ['loaded', 'signed', 'signer killed', 'written'];

export interface Finding {
  readonly type: KeyType;
  readonly source: Source | LockedSource;
  readonly provider: Provider;
  readonly moment: Moment;
  /** Whole copies in the arena; of what leads to the key too, which may not be there. */
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
  readonly sources: readonly (Source | LockedSource)[];
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
  seed: [],
  aead: [],
  hmac: [],
};

/** Whether memory is as promised: no trace after the end; one copy, in the arena, before. noble promises the arena only. */
const isKept = ({ provider, moment, inArena, outside, windows }: Omit<Finding, 'kept'>): boolean =>
  inArena === (HELD_MOMENTS.includes(moment) ? 1 : 0) && (provider === 'noble' || outside + windows === 0);

interface Rig {
  readonly options: MatrixOptions;
  readonly program: Program;
  readonly keys: readonly TestKey[];
  /** Each key, with the seed that it needs before it. */
  readonly groups: readonly (readonly TestKey[])[];
  readonly folder: string;
  open(): Promise<void>;
  /** More that must not be found, of a key. */
  learn(key: TestKey, traces: readonly Secret[]): void;
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
export type Scenario =
  | 'life'
  | 'register'
  | 'close'
  | 'failed start'
  | 'signer killed'
  | 'vault ended'
  | 'refused'
  | 'written';

const SCENARIOS: Readonly<Record<Scenario, (rig: Rig) => Promise<void>>> = {
  async life({ program, keys, open, sign, look }) {
    await open();
    look('loaded');
    await sign(1);
    look('signed');
    // Type by type: what releasing one does (collecting garbage) must not help another.
    for (const type of [...new Set(keys.map((key) => key.type))].sort(
      (a, b) => Number(a === 'bls12-381') - Number(b === 'bls12-381'),
    )) {
      const own = keys.filter((key) => key.type === type);
      await program.run({ do: 'release', ids: own.map(({ id }) => id) });
      look('released', own);
    }
  },

  /** One key after the other: nothing that follows a registration or a release covers its traces. */
  async register({ options, program, groups, prove, look }) {
    await program.run(openCommand(options, []));
    for (const group of groups) {
      for (const key of group) {
        const { id, type, from } = key;
        prove(await program.run({ do: 'register', id, type, from }), [key]);
      }
      look('loaded', group);
      await program.run({ do: 'release', ids: group.map(({ id }) => id) });
      look('released', group);
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

  /** A wrong password, a mnemonic with a wrong checksum: nothing of them stays, nor of what they made. */
  async refused({ options, program, keys, look }) {
    await program.run(openCommand(options, []));
    for (const key of keys) {
      const { id, type, from, source } = key;
      const code = source.startsWith('mnemonic') ? 'ERR_MNEMONIC' : 'ERR_PASSWORD';
      await program.run({ do: 'register', id, type, from }, code);
      look('refused', [key]);
    }
  },

  /** Every key into a keystore, where its type has one, and all into a sealed file. */
  async written({ program, keys, folder, open, learn, look }) {
    await open();
    for (const key of keys) {
      const { id, type, secret } = key;
      if (secret === undefined || (type !== 'bls12-381' && type !== 'secp256k1')) continue;
      const file = join(folder, `${id.replaceAll('/', '-')}.exported.json`);
      const password = makePassword();
      await program.run({ do: 'export', id, file, password: deliver(password, 'file', folder).secret });
      learn(key, exportTraces(type, file, password, secret.bytes));
    }
    const file = join(folder, 'all.sealed');
    const password = makePassword();
    const ids = keys.map(({ id }) => id);
    // Twice: a new file, and a file that is there.
    for (const some of [ids.slice(1), ids.slice(0, 1)]) {
      await program.run({ do: 'seal', file, ids: some, password: deliver(password, 'file', folder).secret });
    }
    learn(keys[0] as TestKey, asSecrets(file, sealedTraces(file, password)));
    look('written');
  },
};
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as Scenario[];

/** For keys that are written to files: whatever their types do of these. */
const ALLOWED_TO_WRITE: Readonly<Record<KeyType, readonly Operation[]>> = {
  ed25519: ['export'],
  secp256k1: ['export'],
  'bls12-381': ['export'],
  x25519: ['export'],
  seed: ['derive', 'extendedPublicKey', 'export'],
  aead: ['export'],
  hmac: ['export'],
};

const openCommand = (
  options: MatrixOptions,
  keys: readonly TestKey[],
  more = {},
  allow?: Readonly<Record<KeyType, readonly Operation[]>>,
) => ({
  do: 'open' as const,
  settings: { threads: options.threads, provider: options.provider },
  keys: {
    ...Object.fromEntries(keys.map(({ id, type, from }) => [id, { type, from, ...(allow && { allow: allow[type] }) }])),
    ...more,
  },
});

const runScenario = async (scenario: Scenario, options: MatrixOptions): Promise<Finding[]> => {
  const folder = tempFolder();
  const groups = options.types
    .flatMap((type) => options.sources.map((source) => makeKeys(type, source, folder, scenario === 'refused')))
    // The files of sealed keys do not allow that they are written elsewhere.
    .filter(([key]) => scenario !== 'written' || !key?.source.startsWith('sealed'))
    // A generated key of a failed start is known to nobody.
    .filter(([key]) => key !== undefined && (scenario !== 'failed start' || key.source !== 'generate'));
  const keys = groups.flat();
  const program = await startProgram({
    env: Object.fromEntries(keys.flatMap(({ variables = [] }) => variables)),
    input: Buffer.concat(
      keys.flatMap(({ from, secret, input = [] }) =>
        from === 'bytes' && secret !== undefined ? [secret.bytes] : input,
      ),
    ),
  });
  const findings: Finding[] = [];
  const compiled = new Map<string, PatternSet>();
  /** Compiled once for the same keys. */
  const patternsOf = (looked: readonly TestKey[]): PatternSet => {
    const secrets = looked.flatMap((key) => secretsOf(key));
    const name = secrets.map(({ label }) => label).join(' ');
    const known = compiled.get(name) ?? compilePatterns(secrets);
    compiled.set(name, known);
    return known;
  };

  const learned = new Map<TestKey, readonly Secret[]>();
  /** The key's own secret, and its traces. */
  const secretsOf = (key: TestKey): readonly Secret[] => [
    ...(key.secret === undefined ? [] : [key.secret]),
    ...(key.traces ?? []),
    ...(learned.get(key) ?? []),
  ];

  const settle = (looked: readonly TestKey[]): void => {
    for (const key of looked) {
      const traces = learned.has(key) ? [] : (key.settle?.() ?? []);
      if (traces.length > 0) rig.learn(key, traces);
    }
  };

  const rig: Rig = {
    options,
    program,
    keys,
    groups,
    folder,
    async open() {
      const allow = scenario === 'written' ? ALLOWED_TO_WRITE : undefined;
      rig.prove(await program.run(openCommand(options, keys, {}, allow)), keys);
    },
    learn(key, traces) {
      learned.set(key, [...(learned.get(key) ?? []), ...traces]);
    },
    prove(answer, opened) {
      const publicKeys = new Map(answer.keys?.map(({ id, publicKey }) => [id, publicKey]));
      findGenerated(program.pid, opened, publicKeys);
      settle(opened);
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
      settle(looked);
      const { hits } = scanProcess(program.pid, patternsOf(looked));
      for (const key of looked) {
        const { type, source } = key;
        const labels = new Set(secretsOf(key).map(({ label }) => label));
        const own = hits.filter(({ secret }) => labels.has(secret));
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
