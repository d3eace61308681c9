// The audit log of a real vault: locked and closed with a key of a sealed file, and asked for operators that do not exist.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openVault, type Settings } from 'strongroom';
import { moduleOf, writeModule } from '../custom/rig.js';
import { PASSWORD, password, secretOf, writeSealed } from '../lock/rig.js';
import { assert } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { recordsOf, typesOf, verifyFile } from './rig.js';

const test = suite('the audit log of a vault');

test('a vault that is closed while locked ends its log with what the lock signed, and says so', async () => {
  const folder = tempFolder();
  const sealed = join(folder, 'keys.sealed');
  const log = join(folder, 'audit.log');
  writeSealed(sealed, [
    ['node/audit', 'ed25519', secretOf()],
    ['a', 'ed25519', secretOf()],
  ]);
  const settings = (): Settings => ({
    threads: 1,
    keys: {
      'node/audit': { type: 'ed25519', from: { sealed, password: { bytes: password(PASSWORD) } } },
      a: { type: 'ed25519', from: { sealed, password: { bytes: password(PASSWORD) } } },
    },
    audit: { file: log, key: 'node/audit' },
  });
  const vault = await openVault(settings());
  const publicKey = toHex(await vault.publicKey('node/audit'));
  await vault.sign('a', new Uint8Array(32));
  await vault.lock();
  await vault.close();
  assert.equal(typesOf(log).slice(-4), ['used', 'locked', 'signed', 'closed']);
  const { fault, signed, records } = await verifyFile(log, { publicKey });
  assert.is(fault?.kind, 'unsigned');
  assert.match(fault?.reason ?? '', /^closed while locked, or cut there: --unfinished accepts it; 1 record after/);
  assert.is(signed, records - 1);
  assert.is((await verifyFile(log, { publicKey, unfinished: true })).fault, undefined);

  const next = await openVault(settings());
  await next.lock();
  await next.unlock({ bytes: password(PASSWORD) });
  await next.close();
  const after = await verifyFile(log, { publicKey });
  assert.is(after.fault, undefined);
  assert.is(after.notes.length, 1);
  assert.match(after.notes[0] ?? '', /^records \d+ to \d+ were not signed when the vault that wrote them ended$/);
});

test('names that a port makes up do not hide what the owner does', async () => {
  const log = join(tempFolder(), 'audit.log');
  const vault = await openVault({
    threads: 1,
    operators: { 'api/token': writeModule(moduleOf('run: () => 1')) },
    keys: {
      box: { type: 'x25519', from: 'generate', allow: ['api/token'] },
      bls: { type: 'bls12-381', from: 'generate' },
      seed: { type: 'seed', from: 'generate' },
    },
    audit: { file: log },
  });
  for (let i = 0; i < 300; i++) {
    const failed = await vault.execute('bls', `a/x${i}`, 0).then(
      () => false,
      () => true,
    );
    assert.ok(failed);
  }
  assert.is(await vault.execute('box', 'api/token', 0), 1);
  await vault.execute('bls', 'provePossession');
  await vault.execute('seed', 'extendedPublicKey', { path: "m/0'" });
  await vault.close();
  const keys = recordsOf(log).flatMap((record) => (record.type === 'used' ? [record.keys] : []));
  assert.equal(Object.assign({}, ...keys), {
    box: { 'api/token': 1 },
    bls: { provePossession: 1 },
    seed: { extendedPublicKey: 1 },
  });
  assert.not.ok(readFileSync(log, 'utf8').includes('a/x'));
});

test.run();
