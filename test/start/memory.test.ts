// What a vault says of its memory and its providers is what the system and the installation say.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openVault, type VaultInfo } from 'strongroom';
import { loadBlst, loadSecp256k1, loadSodium } from '../../dist/workers/providers/native/load.js';
import { assert, rejects } from '../support/assert.js';
import { runProgram } from '../support/child.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { repositoryRoot } from '../support/vectors.js';

const test = suite('memory and providers');
const isLinux = process.platform === 'linux';

/** The kernel's flags of each writable mapping of this size. */
const mappings = (bytes: number): Set<string>[] => {
  const found: Set<string>[] = [];
  let wanted = false;
  for (const line of readFileSync('/proc/self/smaps', 'latin1').split('\n')) {
    const [, start, end, mode] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
    if (start !== undefined) wanted = mode!.startsWith('rw') && Number(`0x${end}`) - Number(`0x${start}`) === bytes;
    else if (wanted && line.startsWith('VmFlags:')) found.push(new Set(line.slice(8).trim().split(' ')));
  }
  return found;
};

if (!isLinux) test.skip('the state of the arena is what the kernel says', 'only Linux tells');
else {
  for (const lock of ['require', 'warn', 'off'] as const) {
    test(`with lock '${lock}' the state of the arena is what the kernel says`, async () => {
      // A size that no other mapping is likely to have.
      const opening = openVault({ threads: 1, memory: { lock, maxKeys: 7177 } });
      const vault = await opening.catch((error: { code: string }) => {
        assert.equal([lock, error.code], ['require', 'ERR_MEMORY_LOCK']); // a machine that locks nothing
      });
      if (vault === undefined) return;
      const { locked, excludedFromDumps, bytes } = vault.info().memory;
      const arena = mappings(bytes);
      assert.ok(arena.length > 0, 'the arena is a mapping of its own');
      assert.is(
        arena.some((flags) => flags.has('lo')),
        locked,
      );
      assert.is(
        arena.some((flags) => flags.has('dd')),
        excludedFromDumps,
      );
      if (lock === 'off') assert.equal([locked, excludedFromDumps], [false, false]);
      if (lock === 'require') assert.is(locked, true);
      await vault.close();
    });
  }
}

/** Starts a program that may lock no memory: without root's privilege to do so, and with a limit of 64 KiB. */
const UNLOCKING: readonly string[] = [
  ...(process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-ipc_lock', '--inh-caps=-ipc_lock'] : []),
  'sh',
  '-c',
  'ulimit -l 64 && exec "$@"',
  'sh',
];
const mayNotLock = isLinux && spawnSync(UNLOCKING[0]!, [...UNLOCKING.slice(1), 'true']).status === 0;

interface Told {
  readonly code?: string;
  readonly message?: string;
  readonly memory?: VaultInfo['memory'];
  readonly warnings: string[];
}

const openUnlocked = async (lock: string): Promise<Told> => {
  const program = `
    import { openVault } from 'strongroom';
    const warnings = [];
    process.on('warning', ({ message }) => warnings.push(message));
    const told = { warnings };
    for (let i = 0; i < 2; i++) {
      try {
        const vault = await openVault({ threads: 1, hardening: 'off', memory: { lock: '${lock}' } });
        told.memory = vault.info().memory;
        await vault.close();
      } catch ({ code, message }) {
        Object.assign(told, { code, message });
      }
    }
    console.log(JSON.stringify(told));`;
  const node = [process.execPath, '--input-type=module', '--eval', program];
  const { stdout, stderr } = await runProgram(UNLOCKING[0]!, [...UNLOCKING.slice(1), ...node]);
  assert.ok(stdout.startsWith('{'), stderr);
  return JSON.parse(stdout) as Told;
};

for (const [lock, expected] of [
  ['require', 'stops the start'],
  ['warn', 'is one warning'],
  ['off', 'is no news'],
] as const) {
  const name = `with lock '${lock}', memory that cannot be locked ${expected}`;
  if (!mayNotLock || loadSodium() === undefined) {
    test.skip(name, 'this machine has no way to forbid the locking of memory');
    continue;
  }
  test(name, async () => {
    const { code, message, memory, warnings } = await openUnlocked(lock);
    const ours = warnings.filter((warning) => warning.includes('arena'));
    if (lock === 'require') {
      assert.is(code, 'ERR_MEMORY_LOCK');
      assert.match(message!, /memory\.lock is 'require': the system refused to lock \d+ bytes \(see RLIMIT_MEMLOCK\)/);
    } else {
      assert.is(code, undefined);
      assert.is(memory!.locked, false);
    }
    assert.is(ours.length, lock === 'warn' ? 1 : 0, 'once, for two vaults');
  });
}

test('a vault tells what a released key may leave, by what each thread can do', async () => {
  const settings = { threads: 1, memory: { lock: 'off' } } as const;
  const ofTypes = (residue: string) => ({
    ed25519: residue,
    secp256k1: residue,
    'bls12-381': residue,
    x25519: residue,
    seed: residue,
    aead: residue,
    hmac: residue,
  });
  const noble = await openVault({ ...settings, provider: 'noble' });
  assert.equal(noble.info().residue, ofTypes('unwiped'));
  await noble.close();
  if (loadSodium() === undefined || loadBlst() === undefined || loadSecp256k1() === undefined) return;

  const native = await openVault(settings);
  assert.equal(native.info().residue, { ...ofTypes('none'), 'bls12-381': isLinux ? 'none' : 'part' });
  await native.close();
  // One thread that must keep objects of BLS keys is enough.
  const limited = await openVault(settings, { workers: new URL('./fixtures/workers/', import.meta.url) });
  assert.equal(limited.info().residue, { ...ofTypes('none'), 'bls12-381': 'part' });
  const message = new Uint8Array(32).fill(7);
  await limited.register('key', { type: 'bls12-381', from: 'generate' });
  assert.is(await limited.verify('key', message, await limited.sign('key', message)), true);
  await limited.release('key');
  await limited.close();
});

/** Worker files that find every package but one. */
const workersWithout = (missing: string): URL => {
  const folder = tempFolder();
  cpSync(join(repositoryRoot, 'dist'), join(folder, 'dist'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const scope = missing.startsWith('@') ? missing.split('/')[0]! : undefined;
  const link = (name: string): void =>
    symlinkSync(join(repositoryRoot, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(repositoryRoot, 'node_modules'))) {
    if (name.startsWith('.') || name === missing) continue;
    if (name !== scope) link(name);
    else {
      mkdirSync(join(folder, 'node_modules', name));
      for (const inner of readdirSync(join(repositoryRoot, 'node_modules', name)))
        if (`${name}/${inner}` !== missing) link(`${name}/${inner}`);
    }
  }
  return pathToFileURL(join(folder, 'dist', 'workers', '/'));
};

const FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  'sodium-native': ['aead', 'ed25519', 'hmac', 'secp256k1', 'seed', 'x25519'],
  secp256k1: ['secp256k1', 'seed'],
  '@chainsafe/blst': ['bls12-381'],
};

for (const [missing, types] of Object.entries(FALLBACKS)) {
  test(`without ${missing}, 'auto' serves its types by noble and says so, and 'native' does not start`, async () => {
    const workers = workersWithout(missing);
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', onWarning);
    try {
      const vault = await openVault({ threads: 1, memory: { lock: 'off' } }, { workers });
      const { providers } = vault.info();
      assert.equal(
        Object.entries(providers)
          .filter(([, provider]) => provider === 'noble')
          .map(([type]) => type)
          .sort(),
        types,
      );
      for (const type of ['ed25519', 'secp256k1', 'bls12-381'] as const) {
        const { provider } = await vault.register(type, { type, from: 'generate' });
        assert.is(provider, providers[type]);
        const message = new Uint8Array(32).fill(1);
        assert.is(await vault.verify(type, message, await vault.sign(type, message)), true, type);
      }
      await vault.close();
      for (const type of types) {
        const told = warnings.filter(
          (text) => text.startsWith(`${type} uses the portable provider`) && text.includes(missing),
        );
        assert.is(told.length, 1, type);
      }
      const error = await rejects(openVault({ provider: 'native' }, { workers }), 'ERR_PROVIDER_UNAVAILABLE');
      for (const type of types) assert.ok(error.message.includes(type));
      const noble = await openVault({ threads: 1, provider: 'noble', memory: { lock: 'off' } }, { workers });
      assert.ok(Object.values(noble.info().providers).every((provider) => provider === 'noble'));
      await noble.close();
      if (missing !== 'sodium-native') return;
      const locking = openVault({ threads: 1, memory: { lock: 'require' } }, { workers });
      await rejects(locking, 'ERR_MEMORY_LOCK', /sodium-native is not available/);
    } finally {
      process.off('warning', onWarning);
    }
  });
}

test.run();
