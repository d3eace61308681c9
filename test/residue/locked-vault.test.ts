// While a vault is locked, nothing of its keys is in the process: nor of what opens their files. Read from outside, for
// every type from every encrypted source (some in each run), before, between and after; each zero has its control in the ones before and after.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KeySpec, KeyType } from 'strongroom';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { isSlowRun, share } from '../support/share.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { ALL_TYPES, type LockedSource, makeKey, makeSecret, type TestKey } from './keys.js';
import { asSecrets, deliver, makeKeys, makePassword, makeSealedFile, PATHS, sealedTraces } from './locked-keys.js';
import type { LockAnswer, LockCommand } from './locked-vault-program.js';
import type { Secret } from './scanner/forms.js';
import { compilePatterns, type PatternSet } from './scanner/patterns.js';
import { scanProcess } from './scanner/scan.js';
import { whyNoScan } from './scanner/support.js';
import { deriveAlong, stepsOf } from './scanner/trees.js';

const random = seededRandom('residue/locked-vault');
const test = suite('what a locked vault leaves in the process');
test.timeout(90_000);
const PROGRAM = fileURLToPath(new URL('./locked-vault-program.js', import.meta.url));

const TYPES: readonly KeyType[] = [...ALL_TYPES, 'aead', 'hmac'];
/** A keystore holds keys of two types: one of these, and some of the others. */
const someTypes = (): KeyType[] => [
  ...share(random, ['secp256k1', 'bls12-381'] as const, 1 / 2),
  ...share(
    random,
    TYPES.filter((type) => type !== 'secp256k1' && type !== 'bls12-381'),
    2 / 5,
  ),
];
const SOURCES: readonly LockedSource[] = ['sealed', 'keystore scrypt', 'keystore pbkdf2'];

interface Keys {
  readonly specs: Readonly<Record<string, KeySpec>>;
  readonly secrets: readonly Secret[];
  readonly traces: readonly Secret[];
  /** Files, with their passwords. */
  readonly passwords: readonly (readonly [path: string, password: Uint8Array])[];
  /** Ids of keys that no encrypted source brings back. */
  readonly plain: readonly string[];
}

/** Seeds in a sealed file of its own, and what derives from them. */
const derivedKeys = (folder: string): TestKey[] => {
  const path = join(folder, 'seed.sealed');
  const password = makePassword();
  const seed = makeSecret('seed');
  makeSealedFile(path, password, [['sealed/seed', 'seed', seed]]);
  const from = { sealed: path, password: deliver(password, 'file', folder).secret };
  const own: TestKey = {
    id: 'sealed/seed',
    type: 'seed',
    source: 'sealed',
    from,
    secret: { label: 'sealed/seed', type: 'seed', bytes: seed },
    traces: asSecrets('sealed/seed', sealedTraces(path, password)),
  };
  const derived = Object.entries(PATHS).map(([type, keyPath]): TestKey => {
    const id = `derived/${type}`;
    const { secret, traces } = deriveAlong(type as KeyType, seed, stepsOf(keyPath));
    return {
      id,
      type: type as KeyType,
      source: 'path',
      from: { seed: 'sealed/seed', path: keyPath },
      secret: { label: id, type, bytes: secret },
      traces: asSecrets(id, traces),
    };
  });
  return [own, ...derived];
};

const secretOf = ({ secret }: TestKey): Secret => {
  if (secret === undefined) throw new Error('its secret is not known');
  return secret;
};

const makeAll = (): Keys => {
  const folder = tempFolder();
  const encrypted = [
    ...someTypes().flatMap((type) => SOURCES.flatMap((source) => makeKeys(type, source, folder, false, 'file'))),
    ...derivedKeys(folder),
  ];
  const plain = (['ed25519', 'bls12-381', 'seed'] as const).flatMap((type) => makeKey(type, 'file raw', folder) ?? []);
  const keys = [...encrypted, ...plain];
  const passwords = encrypted.flatMap(({ from }) => {
    if (typeof from === 'string' || !('password' in from) || !('file' in from.password)) return [];
    const path = 'keystore' in from ? from.keystore : from.sealed;
    return [[path, Uint8Array.from(readFileSync(from.password.file)).slice(0, -1)] as const];
  });
  return {
    specs: Object.fromEntries(keys.map(({ id, type, from }) => [id, { type, from } as KeySpec])),
    secrets: keys.map(secretOf),
    traces: keys.flatMap(({ traces = [] }) => traces),
    passwords,
    plain: plain.map(({ id }) => id),
  };
};

interface Program {
  /** Everything that was found of these. */
  scan(patterns: PatternSet): { readonly inArena: string[]; readonly elsewhere: string[] };
  run(command: LockCommand, expectedCode?: string): Promise<LockAnswer>;
  write(bytes: Uint8Array): void;
  end(): Promise<void>;
}

const startProgram = async (): Promise<Program> => {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const gone = exited.then(([code, signal]) => Promise.reject(new Error(`the program ended: ${code ?? signal}`)));
  gone.catch(() => undefined);
  await Promise.race([once(child, 'message'), gone]);
  return {
    scan(patterns) {
      const { hits } = scanProcess(child.pid as number, patterns);
      return {
        inArena: hits.flatMap(({ inArena, whole, secret }) => (inArena && whole ? [secret] : [])).sort(),
        elsewhere: hits
          .filter(({ inArena, whole }) => !inArena || !whole)
          .map(({ secret, form, bytes, where }) => `${secret}: ${bytes} bytes of ${form} in ${where}`),
      };
    },
    async run(command, expectedCode) {
      const answered = once(child, 'message') as Promise<[LockAnswer]>;
      child.send(command);
      const [answer] = await Promise.race([answered, gone]);
      assert.is(answer.code, expectedCode, command.do);
      return answer;
    },
    write: (bytes) => void child.stdin?.write(bytes),
    async end() {
      child.kill('SIGKILL');
      await exited;
    },
  };
};

const withProgram = async (body: (program: Program) => Promise<void>): Promise<void> => {
  const program = await startProgram();
  try {
    await body(program);
  } finally {
    await program.end();
  }
};

const idsOf = (keys: Keys, without: readonly string[] = []): string[] =>
  keys.secrets
    .map(({ label }) => label)
    .filter((id) => !without.includes(id))
    .sort();

const NOTHING = { inArena: [], elsewhere: [] };

const reason = whyNoScan();
if (reason !== undefined) test.skip('a locked vault holds nothing', reason);
else {
  test('native: each key is there once while it is loaded, and nothing of any while the vault is locked', async () => {
    await withProgram(async (program) => {
      const keys = makeAll();
      const { plain, passwords } = keys;
      const patterns = compilePatterns([...keys.secrets, ...keys.traces]);
      const settings = { threads: 2, provider: 'native' } as const;
      const all = { inArena: idsOf(keys), elsewhere: [] };
      const back = { inArena: idsOf(keys, plain), elsewhere: [] };

      await program.run({ do: 'open', settings, keys: keys.specs });
      assert.equal(program.scan(patterns), all, 'loaded');
      await program.run({ do: 'use', count: 100 });
      assert.equal(program.scan(patterns), all, 'used');
      const { locked, gone } = await program.run({ do: 'lock under load', count: 300 });
      assert.equal(program.scan(patterns), NOTHING, 'locked under load');
      assert.equal([...(gone ?? [])].sort(), [...plain].sort());
      assert.equal([...(locked ?? [])].sort(), back.inArena);

      await program.run({ do: 'unlock' });
      assert.equal(program.scan(patterns), back, 'unlocked by files');
      await program.run({ do: 'use', count: 100 });
      await program.run({ do: 'lock' });
      assert.equal(program.scan(patterns), NOTHING, 'locked again');

      // Wrong passwords, with everything that they make of a file, for all files at once.
      const wrong = new TextEncoder().encode(makePassword());
      const sealed = passwords.filter(([path]) => path.endsWith('.sealed')).map(([path]) => path);
      const text = new TextDecoder().decode(wrong);
      const ofWrong = sealed.flatMap((path) => asSecrets(path, sealedTraces(path, text)));
      for (const _ of passwords) program.write(wrong);
      const files = passwords.map(([path]) => [path, wrong.length] as const);
      await program.run({ do: 'unlock by bytes', files }, 'ERR_PASSWORD');
      assert.equal(program.scan(patterns), NOTHING, 'after a wrong password');
      assert.equal(program.scan(compilePatterns(ofWrong)), NOTHING, 'of the wrong password');

      await new Promise((resolve) => void setTimeout(resolve, 600));
      await program.run({ do: 'lock while unlocking' });
      assert.equal(program.scan(patterns), NOTHING, 'locked while unlocking');

      for (const [, password] of passwords) program.write(password);
      await program.run({ do: 'unlock by bytes', files: passwords.map(([path, { length }]) => [path, length]) });
      assert.equal(program.scan(patterns), back, 'unlocked by bytes');

      // Released while it is locked; and the end, locked or not.
      await program.run({ do: 'lock' });
      const released = 'sealed/seed';
      const derived = back.inArena.filter((id) => id.startsWith('derived/'));
      await program.run({ do: 'release', ids: [released] });
      await program.run({ do: 'unlock' });
      const rest = { inArena: idsOf(keys, [...plain, released, ...derived]), elsewhere: [] };
      assert.equal(program.scan(patterns), rest, 'unlocked without what was released');
      await program.run({ do: 'close' });
      assert.equal(program.scan(patterns), NOTHING, 'closed');

      // The control of the passwords: one that is kept is found.
      const [, password = new Uint8Array()] = passwords[0] ?? [];
      program.write(password);
      await program.run({ do: 'keep', bytes: password.length });
      const { elsewhere } = program.scan(patterns);
      assert.ok(elsewhere.length > 0 && elsewhere.every((found) => /password/.test(found)), elsewhere.join('\n'));
    });
  });

  test('native: a key that is being loaded when the vault is locked is not there when it is, and what opens it neither', async () => {
    await withProgram(async (program) => {
      const folder = tempFolder();
      const password = makePassword();
      const [path, other] = [join(folder, 'slow.sealed'), join(folder, 'other.sealed')];
      const bytes = makeSecret('bls12-381');
      const otherBytes = makeSecret('ed25519');
      makeSealedFile(path, password, [['slow', 'bls12-381', bytes]], { passes: 20, memoryKiB: 32_768 });
      makeSealedFile(other, password, [['other', 'ed25519', otherBytes]]);
      const secret = deliver(password, 'file', folder).secret as { readonly file: string };
      const patterns = compilePatterns([
        { label: 'slow', type: 'bls12-381', bytes },
        { label: 'other', type: 'ed25519', bytes: otherBytes },
        { label: 'password', type: 'text', bytes: new TextEncoder().encode(password) },
        ...asSecrets('slow', sealedTraces(path, password)),
      ]);
      const keys = { other: { type: 'ed25519', from: { sealed: other, password: secret } } } as const;
      const key = { type: 'bls12-381', from: { sealed: path, password: secret } } as const;
      await program.run({ do: 'open', settings: { threads: 1, provider: 'native' }, keys });
      assert.equal(program.scan(patterns), { inArena: ['other'], elsewhere: [] }, 'loaded');
      await program.run({ do: 'lock while loading', id: 'slow', key });
      assert.equal(program.scan(patterns), NOTHING);
    });
  });

  test('noble: no key is in the arena while the vault is locked; what noble computed with is elsewhere', async () => {
    await withProgram(async (program) => {
      const folder = tempFolder();
      const made = (['ed25519', 'secp256k1', 'seed'] as const).flatMap((type) =>
        makeKeys(type, 'sealed', folder, false, 'file'),
      );
      const specs = Object.fromEntries(made.map(({ id, type, from }) => [id, { type, from } as KeySpec]));
      const patterns = compilePatterns(made.map(secretOf));
      const ids = made.map(({ id }) => id).sort();
      await program.run({ do: 'open', settings: { threads: 1, provider: 'noble' }, keys: specs });
      for (let round = 0; round < (isSlowRun() ? 2 : 1); round++) {
        assert.equal(program.scan(patterns).inArena, ids);
        await program.run({ do: 'use', count: 20 });
        await program.run({ do: 'lock' });
        const { inArena, elsewhere } = program.scan(patterns);
        assert.equal(inArena, []);
        assert.ok(elsewhere.length > 0, 'the scan tells the difference');
        await program.run({ do: 'unlock' });
      }
      await program.run({ do: 'close' });
      assert.equal(program.scan(patterns).inArena, []);
    });
  });
}

test.run();
