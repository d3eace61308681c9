// Every step of loading a key, of starting and of signing fails, before its work or after it as the run chooses, and sources are refused at every step of our own
// code. Whatever fails: nothing of the key is left in the process's memory, and the vault goes on.
import type { KeyType } from 'strongroom';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { isSlowRun } from '../support/share.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import {
  arenaUses,
  type Claim,
  describeHits,
  fileSource,
  lookFor,
  MAX_KEYS,
  makeSecret,
  NO_FAULT,
  scanFor,
  sweepClaims,
  sweepRegistration,
  sweepSigning,
  type Target,
  THREADS,
  targetOf,
  whatBroke,
} from './faults.js';
import { badSources, outOfRange } from './fixtures/bad-sources.js';
import { type Fault, faultId, faultVariable } from './fixtures/faulty-workers/orders.js';
import { type LockedSource, makeKey, type Source, type TestKey, TYPES } from './keys.js';
import { plainSource, refusedInSigner, sealedKey } from './locked-faults.js';
import { asSecrets, makeKeys, PATHS } from './locked-keys.js';
import { type Program, type ProgramSource, startProgram } from './program.js';
import type { Secret } from './scanner/forms.js';
import { whyNoScan } from './scanner/support.js';
import { deriveAlong, stepsOf } from './scanner/trees.js';

const test = suite('what a fault leaves behind');
test.timeout(120_000);

const WHENS: readonly Fault['when'][] = ['before', 'after'];
/** Every source with one type, and with the others those that they have to themselves. */
const KEYS: readonly (readonly [KeyType, Exclude<Source, 'env'>])[] = [
  ['ed25519', 'file raw'],
  ['ed25519', 'file hex'],
  ['ed25519', 'file PEM'],
  ['ed25519', 'bytes'],
  ['ed25519', 'generate'],
  ['secp256k1', 'file raw'],
  ['secp256k1', 'file PEM'],
  ['bls12-381', 'file raw'],
  ['bls12-381', 'generate'],
  ['x25519', 'bytes'],
];
const SETTINGS = { threads: THREADS, provider: 'native', memory: { maxKeys: MAX_KEYS } } as const;
const SCHEMES: readonly (readonly [KeyType, string])[] = [
  ['ed25519', 'ed25519'],
  ['secp256k1', 'ecdsa'],
  ['secp256k1', 'ecdsa-recoverable'],
  ['secp256k1', 'schnorr'],
  ['bls12-381', 'bls12-381'],
];
/** Messages of a frame that only signers sign. */
const FRAME = { ed25519: 400, 'bls12-381': 20 } as const;

const random = seededRandom('steps that fail');
/** A start takes long: some of its steps, others in each run. */
const someFaults = (count: number, stride: number): Fault[] =>
  Array.from({ length: count }, (_, i) => ({ at: 1 + i * stride + random.int(stride), when: random.pick(WHENS) }));
const STARTING = isSlowRun() ? someFaults(4, 36) : someFaults(2, 72);
/** The first cannot be survived; some of the others may. */
const LOADING: readonly Fault[] = [{ at: 1, when: 'before' }, ...(isSlowRun() ? someFaults(2, 9) : someFaults(1, 18))];

/** Sources with a password or a mnemonic, each with a type of its own. */
const LOCKED_KEYS = [
  ['bls12-381', 'keystore scrypt'],
  ['secp256k1', 'keystore pbkdf2'],
  ['x25519', 'sealed'],
  ['ed25519', 'sealed create'],
  ['seed', 'mnemonic file'],
] as const satisfies readonly (readonly [KeyType, LockedSource])[];
const STEPS_OF: Readonly<Partial<Record<LockedSource, readonly string[]>>> = {
  'keystore scrypt': ['readSync', 'createDecipheriv', 'createHash', 'TypedArray.set'],
  'keystore pbkdf2': ['readSync', 'createDecipheriv', 'publicKeyCreate', 'TypedArray.set'],
  sealed: ['readSync', 'crypto_aead_xchacha20poly1305_ietf_decrypt', 'TypedArray.set'],
  'sealed create': ['crypto_aead_xchacha20poly1305_ietf_encrypt', 'writeSync', 'fsyncSync', 'renameSync'],
  'mnemonic file': ['readSync', 'crypto_hash_sha512_update', 'crypto_hash_sha256'],
};
/** The first steps one by one, then ever fewer: a derivation has thousands. */
const fewer = (at: number): number => (at < 160 ? at + 1 : at + random.int(at >> 1) + 1);

const FAULTY = new URL('./fixtures/faulty-workers/', import.meta.url);
const folder = tempFolder();

interface Rig {
  readonly program: Program;
  readonly target: Target;
  /** A key that is registered all the time. */
  readonly control: Secret;
  readonly broken: string[];
  /** The end: nothing of the secrets is anywhere, the control is where it belongs, and no failure broke anything. */
  conclude(secrets: readonly Secret[]): void;
}

const withRig = async (
  env: Readonly<Record<string, string>>,
  run: (rig: Rig) => Promise<void>,
  type: KeyType = 'ed25519',
): Promise<void> => {
  const program = await startProgram({
    env: { ...env, NODE_NO_WARNINGS: '1' },
    input: new Uint8Array(),
    workers: FAULTY,
  });
  const control: Secret = { label: 'control', type, bytes: makeSecret() };
  const broken: string[] = [];
  try {
    const from = fileSource(folder, control.bytes, { name: 'control' });
    await program.run({ do: 'open', settings: SETTINGS, keys: { control: { type, from } } });
    await run({
      program,
      target: targetOf(program),
      control,
      broken,
      conclude(secrets) {
        const found = scanFor(program, secrets, control);
        assert.is([...broken, describeHits(found.left)].join('\n').trim(), '');
        // The control of the scan: it sees the key that the vault has.
        assert.is(found.control.length, 1);
        assert.ok(found.control[0]?.whole && found.control[0].inArena);
      },
    });
  } finally {
    await program.end();
  }
};

const assertSeen = (steps: readonly string[], expected: readonly string[]): void =>
  assert.equal(
    expected.filter((step) => !steps.includes(step)),
    [],
    `steps that did not fail; those that did: ${[...new Set(steps)].join(' ')}`,
  );

const reason = whyNoScan();
if (reason !== undefined) {
  test.skip('a fault leaves nothing', reason);
} else {
  test('a fault at any step of loading a key leaves nothing, and the vault goes on', () =>
    withRig({}, async ({ program, target, broken, conclude }) => {
      const secrets: Secret[] = [];
      const steps: string[] = [];
      for (const [type, name] of KEYS) {
        for (const when of WHENS) {
          const key = makeKey(type, name, folder);
          if (key === undefined) continue;
          const secret = key.secret && { ...key.secret, label: `${key.id}, ${when}` };
          if (secret !== undefined) secrets.push(secret);
          const source = (): ProgramSource => {
            if (key.from === 'bytes') program.write(secret?.bytes as Uint8Array);
            return key.from;
          };
          const look = name === 'file raw' ? lookFor(program, secret as Secret, 0) : undefined;
          const sweep = await sweepRegistration(target, type, source, when, look);
          steps.push(...sweep.steps);
          broken.push(...sweep.broken.map((text) => `${name}, ${text}`));
        }
      }
      conclude(secrets);
      assertSeen(steps, ['openSync', 'fstatSync', 'readSync', 'closeSync', 'writeSync', 'randomFillSync']);
      assertSeen(steps, ['crypto_sign_seed_keypair', 'crypto_scalarmult_base', 'publicKeyCreate', 'toPublicKey']);
      assertSeen(steps, ['TypedArray.set', 'TypedArray.copyWithin', 'Map.set', 'Reflect.apply']);
    }));

  for (const [type, name] of LOCKED_KEYS) {
    test(`a fault while a ${type} key of a ${name} is loaded leaves nothing, and the vault goes on`, () =>
      withRig({}, async ({ program, target, broken, conclude }) => {
        const { key, source } = name.startsWith('sealed')
          ? sealedKey(folder, type, name === 'sealed create')
          : plainSource(makeKeys(type, name, folder, false, 'file') as [TestKey]);
        const steps: string[] = [];
        for (const when of WHENS) {
          const sweep = await sweepRegistration(target, type, source, when, undefined, fewer);
          steps.push(...sweep.steps);
          broken.push(...sweep.broken);
        }
        await refusedInSigner(folder, program, target, type, name, broken);
        conclude([...(key.secret === undefined ? [] : [key.secret]), ...(key.traces ?? [])]);
        assertSeen(steps, STEPS_OF[name] ?? []);
      }));
  }

  test('a fault while a key is derived from a seed leaves nothing, and the vault goes on', () =>
    withRig(
      {},
      async ({ target, control, broken, conclude }) => {
        const secrets: Secret[] = [];
        const steps: string[] = [];
        for (const type of TYPES) {
          const path = PATHS[type] as string;
          const { secret, traces } = deriveAlong(type, control.bytes, stepsOf(path));
          secrets.push({ label: type, type, bytes: secret }, ...asSecrets(type, traces));
          for (const when of WHENS) {
            const sweep = await sweepRegistration(
              target,
              type,
              () => ({ seed: 'control', path }),
              when,
              undefined,
              fewer,
            );
            steps.push(...sweep.steps);
            broken.push(...sweep.broken);
          }
        }
        conclude(secrets);
        assertSeen(steps, ['crypto_hash_sha512_update', 'crypto_hash_sha512_final', 'publicKeyCreate']);
      },
      'seed',
    ));

  test('a source that is refused leaves nothing, and the vault goes on', async () => {
    const variables = TYPES.map((type) => {
      const bytes = makeSecret();
      return { type, bytes, name: `BAD_${type.replace('-', '_').toUpperCase()}` };
    });
    const env = variables.map(({ name, bytes }) => [name, `${Buffer.from(bytes).toString('hex').slice(0, -1)}x`]);
    await withRig(Object.fromEntries(env), async ({ program, target, broken, conclude }) => {
      const secrets: Secret[] = [];
      const refuse = async (
        name: string,
        type: KeyType,
        from: ProgramSource,
        code: string,
        id = 'bad',
      ): Promise<void> => {
        const answer = await program.start({ do: 'register', id, type, from });
        if (answer.code !== code) broken.push(`${type}, ${name}: ${answer.code}, not ${code}`);
        const what = await whatBroke(target, answer, 1, [type]);
        if (what !== undefined) broken.push(`${type}, ${name}: ${what}`);
      };
      for (const { type, bytes, name } of variables) {
        const pem = makeKey(type, 'file PEM', folder)?.secret;
        const other = makeKey(type === 'ed25519' ? 'x25519' : 'ed25519', 'file PEM', folder)?.secret as Secret;
        const plain: Secret = { label: `${type}, bad`, type, bytes: makeSecret() };
        const large = outOfRange(makeSecret());
        // What the group's order begins with is in every process.
        const own: Secret = { label: `${type}, out of range`, type: 'number', bytes: large.slice(16) };
        secrets.push(plain, { ...other, label: `${type}, of another type` }, { label: `${type}, env`, type, bytes });
        if (pem !== undefined) secrets.push({ ...pem, label: `${type}, PEM` });
        for (const bad of badSources(type, plain.bytes, pem?.sourceText, other.sourceText as Uint8Array)) {
          const { mode = 0o600, encoding } = bad;
          const from = fileSource(folder, bad.content, { mode, ...(encoding && { encoding }) });
          await refuse(bad.name, type, from, bad.code);
        }
        await refuse('a variable with a bad last digit', type, { env: name }, 'ERR_KEY_ENCODING');
        await refuse('an id that is taken', type, fileSource(folder, plain.bytes), 'ERR_KEY_EXISTS', 'control');
        if (type === 'secp256k1' || type === 'bls12-381') {
          secrets.push(own);
          program.write(large);
          await refuse('bytes out of range', type, 'bytes', 'ERR_KEY_RANGE');
        }
        await program.run({ do: 'register', id: 'filler', type, from: 'generate' });
        const full = { do: 'register', id: 'bad', type, from: fileSource(folder, plain.bytes) } as const;
        await program.run(full, 'ERR_ARENA_FULL');
        await program.run({ do: 'release', ids: ['filler'] });
      }
      conclude(secrets);
    });
  });

  test('a fault while the vault takes a variable leaves nothing of it, unless the system keeps it', async () => {
    const claims = WHENS.flatMap((when) =>
      Array.from({ length: when === 'before' ? 36 : 18 }, (_, i): Claim => {
        const fault = { at: i + 1, when };
        const variable = faultVariable(fault);
        return { variable, fault, secret: { label: variable, type: 'ed25519', bytes: makeSecret() } };
      }),
    );
    const env = claims.map(({ variable, secret }) => [variable, Buffer.from(secret.bytes).toString('hex')]);
    await withRig(Object.fromEntries(env), async ({ target, broken, conclude }) => {
      const sweep = await sweepClaims(target, claims);
      broken.push(...sweep.broken);
      assertSeen(sweep.steps, ['openSync', 'readSync', 'writeSync', 'closeSync', 'TypedArray.set', 'Map.set']);
      assert.not(sweep.refused.includes(NO_FAULT));
      conclude(sweep.taken);
    });
  });

  test('a start that fails at a step leaves nothing', () =>
    withRig({}, async ({ program }) => {
      await program.run({ do: 'close' });
      const secret: Secret = { label: 'start', type: 'ed25519', bytes: makeSecret() };
      const from = fileSource(folder, secret.bytes);
      const codes: (string | undefined)[] = [];
      const steps: string[] = [];
      const open = async (id: string, fault?: Fault): Promise<void> => {
        const keys = { first: { type: 'secp256k1', from }, [id]: { type: 'ed25519', from } } as const;
        const answer = await program.start({ do: 'open', settings: SETTINGS, keys, ...(fault && { fault }) });
        if (answer.code === undefined) await program.run({ do: 'close' });
        for (const use of arenaUses(program.pid)) assert.equal(use, { keys: 0, others: [] });
        codes.push(answer.code);
        steps.push(answer.fault ?? NO_FAULT);
      };
      for (const fault of STARTING) await open('key', fault);
      for (const fault of LOADING) await open(faultId(fault, 'key'));
      await open('key');
      assert.equal(codes.splice(-1), [undefined], 'a start without a fault');
      assert.ok(
        codes.every((code) => code === undefined || code.startsWith('ERR_')),
        codes.join(' '),
      );
      assert.ok(codes.includes('ERR_VAULT_STARTUP'), codes.join(' '));
      assert.ok(steps.some((step) => step !== NO_FAULT));
      const none: Secret = { ...secret, label: 'none', bytes: makeSecret() };
      assert.is(describeHits(scanFor(program, [secret], none).left), '');
    }));

  test('a signature that throws leaves nothing but the key in its slot, and then the key signs', () =>
    withRig({}, async ({ program, target, broken, conclude }) => {
      const secrets: Secret[] = [];
      const steps: string[] = [];
      for (const [type, scheme] of SCHEMES) {
        const secret: Secret = { label: scheme, type, bytes: makeSecret() };
        secrets.push(secret);
        await program.run({ do: 'register', id: scheme, type, from: fileSource(folder, secret.bytes) });
        const look = lookFor(program, secret, 1);
        const many = FRAME[type === 'bls12-381' ? type : 'ed25519'];
        for (const count of [1, many]) {
          for (const when of WHENS) {
            const sweep = await sweepSigning(target, scheme, scheme, count, when, look);
            steps.push(...sweep.steps);
            broken.push(...sweep.broken);
          }
        }
        await program.run({ do: 'release', ids: [scheme] });
      }
      conclude(secrets);
      assertSeen(steps, ['crypto_sign_detached', 'ecdsaSign', 'crypto_hash_sha256_final', 'publicKeyCreate']);
      assertSeen(steps, ['sign', 'toBytes', 'writeSync', 'ArrayBuffer.slice', 'ERR_INTERNAL of a signer']);
    }));
}

test.run();
