// Runs the program whose every message is recorded (fixtures/messages.ts), with keys made here, and searches its records
// and outputs for each of them.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KeyType } from 'strongroom';
import { tempFolder } from '../support/temp.js';
import type { RecordedMessage } from './fixtures/message-record.js';
import type { Plan, PlannedKey, PlannedSource, Progress } from './fixtures/messages.js';
import { findGenerated, makeKey, publicKeyOf, SOURCES, type TestKey, TYPES } from './keys.js';
import type { Secret } from './scanner/forms.js';
import { compilePatterns } from './scanner/patterns.js';
import { type Hit, scanFile } from './scanner/scan.js';
import { workersAround } from './workers-around.js';

export type ThreadKind = 'main' | 'vault' | 'signer';

/** One thread's messages. */
export interface ThreadRecord {
  readonly thread: ThreadKind;
  readonly messages: readonly RecordedMessage[];
  readonly bytesScanned: number;
}

/** A secret in a message. */
export interface Place {
  readonly hit: Hit;
  readonly thread: ThreadKind;
  readonly message: RecordedMessage;
}

export interface MessageRun {
  readonly records: readonly ThreadRecord[];
  readonly places: readonly Place[];
  /** What the program printed, by stream. */
  readonly outputs: readonly { readonly name: string; readonly hits: readonly Hit[]; readonly bytesScanned: number }[];
  /** Each operation that had to fail, and its code. */
  readonly failures: readonly (readonly [string, string])[];
  /** Buffers that were given to the vault and are not detached. */
  readonly attached: number;
  /** Keys that only main can see, in the order in which it hands them off. */
  readonly crossing: readonly string[];
  /** What is planted in messages of each thread, and printed. */
  readonly control: string;
}

const makeSecret = (label: string, type = 'plain', highBits = 0x20): Secret => {
  const bytes = Uint8Array.from(randomBytes(32));
  bytes[0] = ((bytes[0] as number) & 0x1f) | highBits;
  return { label, type, bytes };
};
const hexOf = ({ bytes }: Secret): string => Buffer.from(bytes).toString('hex');

/** A key that the program makes something of before it hands it off. */
const handedKey = (type: KeyType, from: 'hex' | 'variable'): TestKey => {
  const id = `${type}/${from}`;
  return { id, type, source: 'bytes', from: 'bytes', secret: makeSecret(id, type) };
};

interface BadKey {
  readonly key: PlannedKey;
  readonly secret: Secret;
  readonly variables?: readonly (readonly [string, string])[];
}

/** Keys that must fail, each with a secret in it that no error may show. */
const makeBadKeys = (folder: string): BadKey[] => {
  const bad = (name: string, type: KeyType, make: (secret: Secret) => PlannedSource): BadKey => {
    const id = `bad/${name}`;
    const secret = makeSecret(id, type, 0xe0); // above the order of BLS
    return { key: { id, type, from: make(secret) }, secret };
  };
  const inFile = (content: Uint8Array | string, mode = 0o600): PlannedSource => {
    const file = join(folder, randomBytes(8).toString('hex'));
    writeFileSync(file, content, { mode });
    return { file };
  };
  const inVariable = bad('variable', 'secp256k1', () => ({ env: 'BAD_KEY' }));
  return [
    bad('letters', 'ed25519', (secret) => inFile(`${hexOf(secret).slice(0, -2)}zz`)),
    bad('length', 'ed25519', (secret) => inFile(Buffer.concat([secret.bytes, randomBytes(1)]))),
    bad('shared-file', 'ed25519', (secret) => inFile(secret.bytes, 0o644)),
    bad('range', 'bls12-381', (secret) => inFile(secret.bytes)),
    bad('handed-range', 'bls12-381', () => 'bytes'),
    bad('set-by-the-program', 'bls12-381', () => 'variable'),
    { ...inVariable, variables: [['BAD_KEY', `${hexOf(inVariable.secret)}zz`]] },
  ];
};

const planned = ({ id, type, from }: TestKey): PlannedKey => ({ id, type, from: from as PlannedSource });

const recordingWorkers = (folder: string, control: string): URL => {
  const start = (thread: ThreadKind) => `fixture.recordMessages(${JSON.stringify(folder)}, '${thread}')`;
  const controls = `fixture.sendControls('${control}');`;
  return workersAround({
    module: new URL('./fixtures/message-record.js', import.meta.url),
    beforeVault: `const record = ${start('vault')};
      parentPort.on('message', (message) => record.note('received', message));
      ${controls}`,
    beforeSigner: `${start('signer')}; ${controls}`,
  });
};

const readRecords = (folder: string): (Omit<ThreadRecord, 'bytesScanned'> & { readonly bytes: string })[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.index'))
    .map((name) => ({
      thread: name.slice(0, name.indexOf('-')) as ThreadKind,
      messages: readFileSync(join(folder, name), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as RecordedMessage),
      bytes: join(folder, name.replace('.index', '.bytes')),
    }));

/** Start the program, follow it to its end; `whenLoaded` looks at it while all keys are registered. */
const runProgram = async (
  folder: string,
  plan: Plan,
  env: Readonly<Record<string, string>>,
  input: Uint8Array,
  whenLoaded: (pid: number, publicKeys: ReadonlyMap<string, string>) => void,
): Promise<Extract<Progress, { now: 'done' }>> => {
  const program = fileURLToPath(new URL('./fixtures/messages.js', import.meta.url));
  const workers = recordingWorkers(folder, plan.control);
  const files = ['stdout', 'stderr'].map((name) => openSync(join(folder, name), 'a'));
  const child = spawn(process.execPath, [program, folder, workers.href], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', ...files, 'ipc'],
  });
  files.forEach(closeSync);
  const exited = once(child, 'exit');
  const progress = async <N extends Progress['now']>(now: N): Promise<Extract<Progress, { now: N }>> => {
    const ended = exited.then(([code, signal]) => {
      throw new Error(`the program ended before it was ${now}: ${code ?? signal}`);
    });
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [Progress];
    if (message.now !== now) throw new Error(`the program is ${message.now}, not ${now}`);
    return message as Extract<Progress, { now: N }>;
  };
  try {
    await progress('ready');
    child.stdin?.write(input);
    child.send(plan);
    whenLoaded(child.pid as number, new Map((await progress('loaded')).publicKeys));
    child.send({ go: true });
    const done = await progress('done');
    await exited;
    return done;
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
};

/** Everything once. The records hold secrets: they are in a folder that goes with this process. */
export const runMessages = async (): Promise<MessageRun> => {
  const folder = tempFolder();
  const control = makeSecret('control');
  const made = TYPES.flatMap((type) => SOURCES.flatMap((source) => makeKey(type, source, folder) ?? []));
  const variable = handedKey('ed25519', 'variable');
  const hex = handedKey('secp256k1', 'hex');
  const bad = makeBadKeys(folder);
  const isLater = ({ type, source }: TestKey): boolean => type === 'bls12-381' && source !== 'file raw';
  const plan: Plan = {
    keys: [...made.filter((key) => !isLater(key)).map(planned), { ...planned(variable), from: 'variable' }],
    later: [{ ...planned(hex), from: 'hex' }, ...made.filter(isLater).map(planned)],
    bad: bad.map(({ key }) => key),
    control: hexOf(control),
  };
  const secrets = new Map(bad.map(({ key, secret }) => [key.id, secret]));
  for (const { id, secret } of [...made, variable, hex]) if (secret !== undefined) secrets.set(id, secret);
  const crossing = [...plan.keys, ...plan.later, ...plan.bad]
    .filter(({ from }) => typeof from === 'string' && from !== 'generate')
    .map(({ id }) => id);
  const variables = [...made, ...bad].flatMap(({ variables: own = [] }) => own);
  const input = Buffer.concat(crossing.map((id) => secrets.get(id)?.bytes ?? new Uint8Array()));

  const done = await runProgram(folder, plan, Object.fromEntries(variables), input, (pid, publicKeys) => {
    findGenerated(pid, made, publicKeys);
    for (const { id, type, secret } of [...made, variable, hex]) {
      if (secret === undefined || publicKeyOf(type, secret.bytes) !== publicKeys.get(id)) {
        throw new Error(`the vault has another key under ${id} than its source`);
      }
      secrets.set(id, secret);
    }
  });

  const patterns = compilePatterns([...secrets.values(), control]);
  const places: Place[] = [];
  const records = readRecords(folder).map(({ thread, messages, bytes }): ThreadRecord => {
    const { hits, bytesScanned } = scanFile(bytes, patterns);
    for (const hit of hits) {
      const message = messages.find(({ start, end }) => hit.address >= start && hit.address < end);
      if (message === undefined) throw new Error(`${hit.secret} outside of every message`);
      places.push({ hit, thread, message });
    }
    return { thread, messages, bytesScanned };
  });
  const outputs = ['stdout', 'stderr'].map((name) => ({ name, ...scanFile(join(folder, name), patterns) }));
  return { records, places, outputs, ...done, crossing, control: control.label };
};
