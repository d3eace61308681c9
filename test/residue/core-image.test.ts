// Core images of a process with keys in its vault, by gdb and by the kernel: nothing of any key is in them, since the
// arena is left out and nothing else holds a key while the vault is idle.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { findGenerated, makeKey, publicKeyOf, SOURCES, type TestKey, TYPES } from './keys.js';
import { type Program, type ProgramStart, startProgram } from './program.js';
import type { Secret } from './scanner/forms.js';
import { isArena, readMappings } from './scanner/maps.js';
import { compilePatterns, type PatternSet } from './scanner/patterns.js';
import { scanFile, scanProcess } from './scanner/scan.js';
import { whyNoScan } from './scanner/support.js';

const test = suite('core images');
test.timeout(120_000);

/**
 * Without it the engine reserves 10 GiB of address space around the arena, to catch accesses beyond a WebAssembly
 * memory. gdb and some kernels write such reservations out as zeros. It changes nothing of the arena itself.
 */
const SMALL_IMAGE = '--disable-wasm-trap-handler';
const IMAGE_BYTES = 4 * 1024 ** 3;

interface Rig {
  readonly program: Program;
  readonly folder: string;
  readonly keys: readonly TestKey[];
  /** Kept in ordinary memory of the same process. */
  readonly planted: Secret;
  readonly patterns: PatternSet;
  /** Where the arena is, as the system tells. */
  readonly arena: { readonly start: number; readonly end: number };
}

/** A process with keys of every type and source in its vault, that has signed and is idle. */
const withLoadedProcess = async (start: Partial<ProgramStart>, run: (rig: Rig) => Promise<void>): Promise<void> => {
  const folder = tempFolder();
  const keys = TYPES.flatMap((type) => SOURCES.map((source) => makeKey(type, source, folder) ?? [])).flat();
  const planted: Secret = { label: 'planted', type: 'plain', bytes: Uint8Array.from(randomBytes(32)) };
  const handed = keys.flatMap(({ from, secret }) => (from === 'bytes' && secret !== undefined ? [secret.bytes] : []));
  const program = await startProgram({
    env: Object.fromEntries(keys.flatMap(({ variables = [] }) => variables)),
    input: Buffer.concat([...handed, planted.bytes]),
    folder,
    ...start,
  });
  try {
    const specs = Object.fromEntries(keys.map(({ id, type, from }) => [id, { type, from }]));
    const opened = await program.run({ do: 'open', settings: { threads: 1, provider: 'native' }, keys: specs });
    const publicKeys = new Map(opened.keys?.map(({ id, publicKey }) => [id, publicKey]));
    findGenerated(program.pid, keys, publicKeys);
    const secrets = keys.map(({ id, type, secret }): Secret => {
      if (secret === undefined || publicKeyOf(type, secret.bytes) !== publicKeys.get(id)) throw new Error(`not ${id}`);
      return secret;
    });
    await program.run({ do: 'keep', as: 'bytes' });
    for (const [type, scheme] of [
      ['ed25519', 'ed25519'],
      ['secp256k1', 'schnorr'],
      ['bls12-381', 'bls12-381'],
    ]) {
      const ids = keys.filter((key) => key.type === type).map(({ id }) => id);
      await program.run({ do: 'sign', ids, scheme: scheme as string, count: 64 });
    }
    const [arena] = readMappings(program.pid).filter(isArena);
    if (arena === undefined) throw new Error('the process has no arena');
    const patterns = compilePatterns([...secrets, planted]);
    await run({ program, folder, keys, planted, patterns, arena });
  } finally {
    await program.end();
  }
};

/** The parts of memory that an image holds: ELF-64's program headers of type PT_LOAD that have bytes in the file. */
const loadedParts = (image: string): { readonly start: number; readonly end: number }[] => {
  const file = openSync(image, 'r');
  try {
    const header = Buffer.alloc(64);
    readSync(file, header, 0, header.length, 0);
    assert.is(header.readUInt32BE(0), 0x7f454c46, 'an ELF file');
    const [size, count] = [header.readUInt16LE(54), header.readUInt16LE(56)];
    const entries = Buffer.alloc(size * count);
    readSync(file, entries, 0, entries.length, Number(header.readBigUInt64LE(32)));
    return Array.from({ length: count }, (_, i) => entries.subarray(i * size, (i + 1) * size))
      .filter((entry) => entry.readUInt32LE(0) === 1 && entry.readBigUInt64LE(32) > 0n)
      .map((entry) => {
        const start = Number(entry.readBigUInt64LE(16));
        return { start, end: start + Number(entry.readBigUInt64LE(32)) };
      });
  } finally {
    closeSync(file);
  }
};

const assertHoldsNoKey = ({ planted, patterns, arena }: Rig, image: string): void => {
  const parts = loadedParts(image);
  assert.ok(parts.length > 20, 'an image of all the process');
  assert.not.ok(
    parts.some(({ start, end }) => start < arena.end && arena.start < end),
    'the arena is not a part of it',
  );
  const { hits, bytesScanned, bytesUnreadable } = scanFile(image, patterns);
  assert.ok(bytesScanned > 50 * 1024 * 1024 && bytesUnreadable === 0);
  // The control: a secret in ordinary memory of the same process is there, as the patterns see it.
  assert.ok(
    hits.some(({ secret, whole }) => secret === planted.label && whole),
    'the planted secret is found',
  );
  const keys = hits.filter(({ secret }) => secret !== planted.label);
  assert.equal(
    keys.map(({ secret, form, bytes, where }) => `${secret}: ${form} (${bytes} bytes) ${where}`),
    [],
  );
};

/** The same search, of the process: each key once, in the arena. */
const assertInArena = ({ program, keys, planted, patterns }: Rig): void => {
  const { hits } = scanProcess(program.pid, patterns);
  const found = hits.filter(({ secret }) => secret !== planted.label);
  assert.equal(
    found.map(({ secret, inArena }) => `${secret} ${inArena}`).sort(),
    keys.map(({ id }) => `${id} true`).sort(),
  );
};

/** Why no image can be written here; `undefined` where it can. */
const whyNoImage = (): string | undefined => {
  const reason = whyNoScan();
  if (reason !== undefined) return reason;
  const { bavail, bsize } = statfsSync(tmpdir());
  if (bavail * bsize < IMAGE_BYTES) return `an image may take 4 GiB, and the temporary folder has less`;
  return process.allowedNodeEnvironmentFlags.has(SMALL_IMAGE) ? undefined : `this node has no ${SMALL_IMAGE}`;
};

/** gcore needs ptrace, which systems refuse in their own ways: so it is tried. */
const whyNoGcore = (): string | undefined => {
  const reason = whyNoImage();
  if (reason !== undefined) return reason;
  const version = /(\d+)\.\d+/.exec(spawnSync('gdb', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
  if (version === undefined) return 'gdb, with its gcore, is not installed';
  if (Number(version) < 8) return `gdb ${version} is too old to leave out what a process has excluded`;
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const image = join(tempFolder(), 'try');
    const { status } = spawnSync('gcore', ['-o', image, String(child.pid)], { stdio: 'ignore' });
    return status === 0 ? undefined : 'gcore is not allowed to look at a process here';
  } finally {
    child.kill('SIGKILL');
  }
};

const whyNoKernelCore = (): string | undefined => {
  const reason = whyNoImage();
  if (reason !== undefined) return reason;
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'latin1').trim();
  if (!/^[^|/]+$/.test(pattern)) return `the kernel does not write core images into the working directory (${pattern})`;
  const { status } = spawnSync('sh', ['-c', 'ulimit -c unlimited'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'the limit of core images (ulimit -c) cannot be raised';
};

const NO_SCAN = whyNoScan();
if (NO_SCAN !== undefined) {
  test.skip('the arena is locked, not dumped and not inherited, as the system tells', NO_SCAN);
} else {
  test('the arena is locked, not dumped and not inherited, as the system tells', async () => {
    const program = await startProgram({ env: {}, input: new Uint8Array() });
    try {
      const { arenaBytes } = await program.run({
        do: 'open',
        settings: { memory: { lock: 'require' }, threads: 1 },
        keys: { key: { type: 'ed25519', from: 'generate' } },
      });
      const mappings = readMappings(program.pid);
      const arenas = mappings.filter(({ start, end, perms }) => end - start === arenaBytes && perms.startsWith('rw'));
      assert.equal(
        arenas.map(({ flags }) => ['lo', 'dd', 'dc'].filter((flag) => flags.includes(flag))),
        [['lo', 'dd', 'dc']],
      );
      // The control: no other memory is.
      const marked = mappings.filter(({ flags }) => flags.includes('lo') || flags.includes('dd'));
      assert.equal(marked, arenas);
      await program.run({ do: 'close' });
    } finally {
      await program.end();
    }
  });
}

const NO_KERNEL_CORE = whyNoKernelCore();
/** gdb writes out as zeros what the engine only reserves, 2 GB. Both leave out what the system has marked, as tested above. */
const NO_GCORE =
  NO_KERNEL_CORE === undefined && process.env.STRONGROOM_SLOW !== '1'
    ? 'it takes 15 seconds, and the image that the kernel takes is searched in the same way; STRONGROOM_SLOW=1 runs it'
    : whyNoGcore();
if (NO_GCORE !== undefined) {
  test.skip('an image that gdb takes of an idle process holds nothing of any key', NO_GCORE);
} else {
  test('an image that gdb takes of an idle process holds nothing of any key', () =>
    withLoadedProcess({ flags: [SMALL_IMAGE] }, async (rig) => {
      assertInArena(rig);
      const image = join(rig.folder, 'image');
      const gcore = spawn('gcore', ['-o', image, String(rig.program.pid)], { stdio: 'ignore' });
      await new Promise((resolve) => gcore.once('exit', resolve));
      const file = `${image}.${rig.program.pid}`;
      try {
        assertHoldsNoKey(rig, file);
      } finally {
        rmSync(file, { force: true });
      }
    }));
}

if (NO_KERNEL_CORE !== undefined) {
  test.skip('an image that the kernel takes of a process that crashes holds nothing of any key', NO_KERNEL_CORE);
} else {
  test('an image that the kernel takes of a process that crashes holds nothing of any key', () =>
    withLoadedProcess(
      { flags: [SMALL_IMAGE], through: ['sh', '-c', 'ulimit -c unlimited; exec "$0" "$@"'] },
      async (rig) => {
        assertInArena(rig);
        const before = new Set(readdirSync(rig.folder));
        await rig.program.end('SIGABRT');
        const made = readdirSync(rig.folder).filter((name) => !before.has(name));
        try {
          assert.is(made.length, 1, 'one image was written');
          assertHoldsNoKey(rig, join(rig.folder, made[0] as string));
        } finally {
          for (const name of made) rmSync(join(rig.folder, name), { force: true });
        }
      },
    ));
}

test.run();
