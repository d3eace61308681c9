// What overrides settings at start: STRONGROOM_* variables, and the folder of the worker files.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openVault, type VaultInfo } from 'strongroom';
import { workersWith } from '../faults/fixtures/copied-workers.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const test = suite('overrides');

/** Open, ask, close, with these variables set. */
const infoWith = async (
  variables: Record<string, string>,
  settings?: Parameters<typeof openVault>[0],
): Promise<VaultInfo> => {
  Object.assign(process.env, variables);
  try {
    const vault = await openVault(settings);
    const info = vault.info();
    await vault.close();
    return info;
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
};

test('variables override what the settings say', async () => {
  const settings = { threads: 3, provider: 'auto', memory: { lock: 'warn', maxKeys: 50 } } as const;
  const variables = {
    STRONGROOM_THREADS: '1',
    STRONGROOM_PROVIDER: 'noble',
    STRONGROOM_MEMORY_LOCK: 'off',
    STRONGROOM_MAX_KEYS: '9',
  };
  const { threads, providers, memory } = await infoWith(variables, settings);
  assert.equal([threads, memory.keysMax, memory.locked, memory.excludedFromDumps], [1, 9, false, false]);
  assert.ok(Object.values(providers).every((provider) => provider === 'noble'));
  const plain = await infoWith({ STRONGROOM_THREADS: '2' }, settings);
  assert.equal([plain.threads, plain.memory.keysMax], [2, 50], 'each for itself');
});

test('a variable names the settings file when the caller gives no settings', async () => {
  const file = join(tempFolder(), 'strongroom.json');
  writeFileSync(file, JSON.stringify({ threads: 1, memory: { maxKeys: 77, lock: 'off' } }));
  const info = await infoWith({ STRONGROOM_SETTINGS: file, STRONGROOM_MAX_KEYS: '78' });
  assert.equal([info.threads, info.memory.keysMax], [1, 78]);
  const given = await infoWith({ STRONGROOM_SETTINGS: file }, { threads: 2, memory: { lock: 'off' } });
  assert.equal([given.threads, given.memory.keysMax], [2, 16_384], 'the caller goes first');
});

test('a variable that is set to something invalid stops the start, without its value', async () => {
  const error = await rejects(
    infoWith({ STRONGROOM_THREADS: 'many-threads', STRONGROOM_PROVIDER: 'openssl' }, {}),
    'ERR_SETTINGS',
  );
  assert.equal(error.problems!.map(({ path }) => path).sort(), ['STRONGROOM_PROVIDER', 'STRONGROOM_THREADS']);
  assert.not.match(error.message, /many-threads|openssl/);
  await rejects(openVault(), 'ERR_SETTINGS', /STRONGROOM_SETTINGS/);
});

test('the worker files are taken from the folder that the caller names', async () => {
  const mark = join(tempFolder(), 'mark');
  const workers = workersWith(
    'vault/vault.js',
    `import { writeFileSync } from 'node:fs';
    writeFileSync(${JSON.stringify(mark)}, 'ran');
    await import('./real-vault.js');`,
  );
  const plain = await openVault({ threads: 1 });
  await plain.close();
  assert.is(existsSync(mark), false);
  const vault = await openVault({ threads: 1, keys: { a: { type: 'ed25519', from: 'generate' } } }, { workers });
  assert.is((await vault.sign('a', new Uint8Array(1))).length, 64);
  assert.is(readFileSync(mark, 'utf8'), 'ran');
  await vault.close();
});

test('a folder without worker files is an error that names its kind, and leaves nothing open', async () => {
  const workers = new URL('./nowhere/', import.meta.url);
  const error = await rejects(openVault({ threads: 1 }, { workers }), 'ERR_VAULT_CRASHED', /MODULE_NOT_FOUND/);
  assert.not.ok(error.message.includes('nowhere'));
});

test.run();
