// Logs that somebody without the key has added to or changed, for the next vault to sign: neither it nor the verifier takes
// them; and what honest vaults leave is not mistaken for that.
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js';
import { sha256 } from '../../dist/src/cli/audit/signatures.js';
import type { VaultError } from '../../dist/src/errors.js';
import { canonical, FIRST_PREV, MAX_LINE_BYTES } from '../../dist/src/wire/audit.js';
import { SYSTEM } from '../../dist/workers/audit/file.js';
import type { AuditLog } from '../../dist/workers/audit/log.js';
import type { AuditSigner } from '../../dist/workers/audit/signer.js';
import { assert } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { makeSigner, newPath, open, recordsOf, verifyFile, withTimers, writeLog } from './rig.js';

const test = suite('audit logs that were forged');
const START = Date.UTC(2030, 0, 1);
const encoder = new TextEncoder();

type Fields = Readonly<Record<string, unknown>> & { readonly type: string };

/** Add records as anybody can: chained, and not signed. */
const forge = (path: string, records: readonly Fields[], ms = 0): void => {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  let time = Date.now();
  for (const record of records) {
    const last = lines.at(-1);
    const seq = last === undefined ? 0 : (JSON.parse(last) as { seq: number }).seq + 1;
    const prev = last === undefined ? FIRST_PREV : sha256(encoder.encode(last));
    lines.push(canonical({ ...record, seq, prev, time: new Date(time).toISOString() }));
    time += ms;
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
};

/** A log whose vault was killed: everything after its first lines is gone. */
const cutTo = (path: string, lines: number): void =>
  writeFileSync(path, `${readFileSync(path, 'utf8').split('\n').slice(0, lines).join('\n')}\n`);

const used = (count: number): Fields[] =>
  Array.from({ length: count }, () => ({ type: 'used', keys: { a: { sign: 1 } } }));

const goesOn = (path: string, signer: AuditSigner): string => {
  let log: AuditLog | undefined;
  try {
    log = open(path);
    log.begin(signer);
    return 'goes on';
  } catch (error) {
    assert.is((error as VaultError).code, 'ERR_AUDIT_LOG');
    return (error as Error).message;
  } finally {
    log?.close();
  }
};

/** Neither the vault nor the verifier takes it, and the file stays as it is. */
const refused = async (path: string, signer: AuditSigner, reason: RegExp, kind: string): Promise<void> => {
  const before = readFileSync(path);
  assert.match(goesOn(path, signer), reason);
  assert.equal(readFileSync(path), before);
  const { fault } = await verifyFile(path, { publicKey: signer.publicKey, unfinished: true });
  assert.is(fault?.kind, kind);
  assert.match(fault?.reason ?? '', reason);
};

test('behind "closed" only the next run may come', async () => {
  const signer = await makeSigner();
  for (const record of [...used(1), { type: 'unlocked', keys: ['a'] }, { type: 'closed' }]) {
    const path = newPath();
    writeLog(path, signer);
    assert.is(goesOn(path, signer), 'goes on'); // the control
    forge(path, [record]);
    await refused(path, signer, /stands behind "closed", where a vault is opened/, 'edited');
  }
});

test('a run that did something, and has no signature, is not signed by the next', async () => {
  const signer = await makeSigner();
  for (const records of [used(1), [{ type: 'unlocked', keys: ['a'] }], [{ type: 'closed' }]]) {
    const path = newPath();
    writeLog(path, signer);
    const { key, version, operations } = recordsOf(path)[0]!;
    forge(path, [{ type: 'opened', key, version, operations }, ...records]);
    await refused(path, signer, /is before the first signature of its run/, 'unsigned');
  }
});

test('a start that the disk ended, or a kill, does not cost the log', async () => {
  const path = newPath();
  const signer = await makeSigner();
  writeLog(path, signer);
  let room = 700;
  const log = open(path, {
    system: {
      ...SYSTEM,
      write(descriptor, bytes) {
        if (room <= 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        const written = SYSTEM.write(descriptor, bytes.subarray(0, room));
        room -= written;
        return written;
      },
    },
  });
  log.append({ type: 'registered', id: 'a' });
  try {
    log.begin(signer);
    assert.unreachable();
  } catch {
    log.close();
  }
  assert.ok(readFileSync(path, 'latin1').includes('"registered"'));
  for (let i = 0; i < 2; i++) assert.is(goesOn(path, signer), 'goes on');
  assert.is((await verifyFile(path, { publicKey: signer.publicKey })).fault, undefined);
});

test('more records, or of a longer time, than a vault leaves unsigned are not signed by the next', async () => {
  const signer = await makeSigner();
  const killed = (records: readonly Fields[], ms: number): string => {
    const path = newPath();
    writeLog(path, signer);
    cutTo(path, 2);
    forge(path, records, ms);
    return path;
  };
  await refused(killed(used(1101), 1), signer, /more than 1100 records without a signature/, 'unsigned');
  await refused(killed(used(30), 5000), signer, /more than 120 seconds without a signature/, 'unsigned');
  const locked = { type: 'locked', reason: 'asked', locked: ['a'], gone: [] };
  await refused(killed([locked, ...used(30)], 5000), signer, /more than 120 seconds/, 'unsigned');
  // The controls: what a vault leaves that is killed, or locked for hours.
  assert.is(goesOn(killed(used(1000), 60), signer), 'goes on');
  const failed = Array.from({ length: 30 }, () => ({ type: 'unlock-failed', code: 'ERR_PASSWORD', failures: 1 }));
  assert.is(
    goesOn(killed([locked, ...failed, { type: 'unlocked', keys: ['a'] }, ...used(2)], 59_000), signer),
    'goes on',
  );
});

test('a vault of many keys, one whose machine slept, and one whose disk was full leave no more than that', async () => {
  const path = newPath();
  const signer = await makeSigner();
  let now = START;
  let isFull = false;
  await withTimers((timers) => {
    const log = open(path, {
      now: () => now,
      system: {
        ...SYSTEM,
        write(descriptor, bytes) {
          if (isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
          return SYSTEM.write(descriptor, bytes);
        },
      },
    });
    // Keys that take long to load.
    for (let i = 0; i < 2500; i++, now += 100) log.append({ type: 'registered', id: `a/${i}` });
    log.begin(signer);
    // A sleep that no timer saw, and clocks that were set.
    for (const ms of [1000, 3_600_000, 1000, -7_200_000, 1000, 3_600_000]) {
      now += ms;
      log.append({ type: 'used', keys: { a: { sign: 1 } } });
    }
    isFull = true;
    for (let i = 0; i < 5000; i++, now += 200) log.append({ type: 'used', keys: { a: { sign: 1 } } });
    now += 3_600_000;
    isFull = false;
    timers.fire(1000);
    assert.is(log.failing, false);
    log.close();
  });
  assert.ok(recordsOf(path).length > 5000);
  const { fault, signed, records } = await verifyFile(path, { publicKey: signer.publicKey });
  assert.is(fault, undefined);
  assert.is(signed, records);
  assert.is(goesOn(path, signer), 'goes on');
});

test('a line that is longer than a record can be was never torn', async () => {
  const path = newPath();
  const signer = await makeSigner();
  writeLog(path, signer);
  const before = readFileSync(path);
  const long = new Uint8Array(MAX_LINE_BYTES).fill(0x7a);
  const { seq } = recordsOf(path).at(-1)!;
  const prev = sha256(before.subarray(before.lastIndexOf(0x0a, -2) + 1, -1));
  const withLine = (line: Uint8Array): void => {
    const time = new Date().toISOString();
    const recovered = { type: 'recovered', bytes: line.length, torn: sha256(line), seq: seq + 1, prev, time };
    writeFileSync(path, Buffer.concat([before, line, encoder.encode(`\n${canonical(recovered)}\n`)]));
  };
  withLine(long);
  await refused(path, signer, /longer than a line can be/, 'edited');
  withLine(long.subarray(1));
  assert.is(goesOn(path, signer), 'goes on'); // the control
});

test('a file that is not a log is left as it is', async () => {
  const path = newPath();
  const signer = await makeSigner();
  for (const text of [
    'x',
    'x'.repeat(100),
    '-----BEGIN PRIVATE KEY-----\nMC4CAQ',
    '{"keys":1}',
    '{"key":"0x12',
    '{"operations":"some',
    canonical({ type: 'used', seq: 0, prev: FIRST_PREV, time: '2030-01-01T00:00:00.000Z' }),
  ]) {
    writeFileSync(path, text, { mode: 0o600 });
    assert.match(goesOn(path, signer), /this is no record|does not begin with "opened"/, text);
    assert.is(readFileSync(path, 'utf8'), text);
  }
});

test('a first record that was torn is gone on from, wherever it was', async () => {
  for (const signer of [await makeSigner(), undefined]) {
    const path = newPath();
    writeLog(path, signer);
    const first = readFileSync(path, 'utf8').split('\n')[0]!;
    for (const length of [1, 5, 13, 30, first.length - 1, first.length]) {
      writeFileSync(path, first.slice(0, length));
      writeLog(path, signer);
      writeLog(path, signer);
      const { fault } = await verifyFile(path);
      assert.is(fault, undefined, `${length}: ${fault?.reason}`);
    }
  }
});

test('a log with two names is refused, and is not written while it has them', async () => {
  if (process.platform === 'win32') return;
  const path = newPath();
  const signer = await makeSigner();
  writeLog(path, signer);
  linkSync(path, `${path}.link`);
  for (const name of [path, `${path}.link`]) assert.match(goesOn(name, signer), /another name/);
  unlinkSync(`${path}.link`);
  let now = Date.now();
  const log = open(path, { now: () => now });
  log.begin(signer);
  linkSync(path, `${path}.link`);
  now += 2000;
  log.append({ type: 'used' });
  assert.match(log.stats().lastError ?? '', /another name/);
  unlinkSync(`${path}.link`);
  log.close();
});

test('of many notes the first are told, and the others counted', async () => {
  const path = newPath();
  const signer = undefined;
  writeLog(path, signer, 2);
  cutTo(path, 2);
  forge(
    path,
    [...used(60), ...Array.from({ length: 7 }, () => ({ type: 'resumed', lost: 1 })), { type: 'closed' }],
    -1000,
  );
  const { fault, notes } = await verifyFile(path);
  assert.is(fault, undefined);
  assert.is(notes.length, 23);
  assert.equal(notes.slice(20, 22), ['and 47 more: earlier times', 'and 7 more: failures to write']);
});

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n; // SEC 2 §2.4.1

test('a signature has one spelling: neither its s nor its recovery byte can be changed', async () => {
  for (const scheme of ['ecdsa', 'ecdsa-recoverable'] as const) {
    const path = newPath();
    const signer = await makeSigner('secp256k1', [scheme]);
    writeLog(path, signer);
    assert.is((await verifyFile(path, { publicKey: signer.publicKey })).fault, undefined); // the control
    const good = readFileSync(path, 'utf8');
    const { signature } = recordsOf(path).at(-1) as unknown as { signature: string };
    const bytes = fromHex(signature);
    const high = Uint8Array.from(bytes);
    high.set(numberToBytesBE(ORDER - bytesToNumberBE(bytes.slice(32, 64)), 32), 32);
    const others = [high];
    if (scheme === 'ecdsa-recoverable') {
      const turned = Uint8Array.from(high);
      turned[64]! ^= 1; // n - s with the byte that belongs to it
      others.push(turned);
      for (const byte of [bytes[64]! ^ 1, 2, 3, 4, 27, 255]) {
        const changed = Uint8Array.from(bytes);
        changed[64] = byte;
        others.push(changed);
      }
    }
    for (const other of others) {
      writeFileSync(path, good.replace(signature, toHex(other)));
      const { fault } = await verifyFile(path, { publicKey: signer.publicKey });
      assert.is(fault?.kind, 'signature', `${scheme} ${toHex(other)}`);
      assert.match(goesOn(path, signer), /the signature is not by the key/);
    }
  }
});

test.run();
