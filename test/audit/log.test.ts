// The audit log as the vault writes it: what it holds, how it goes on after an end or a crash, and what becomes of it
// when the disk or somebody else is in the way.
import {
  appendFileSync,
  chmodSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { VaultError } from '../../dist/src/errors.js';
import type { AuditEvent } from '../../dist/src/wire/audit.js';
import { type AuditSystem, SYSTEM } from '../../dist/workers/audit/file.js';
import { auditSigner } from '../../dist/workers/audit/signer.js';
import { assert, rejects } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import {
  generations,
  makeEntry,
  makeSigner,
  newPath,
  open,
  recordsOf,
  secrets,
  signingTools,
  typesOf,
  verifyFile,
  withTimers,
  writeLog,
} from './rig.js';

const test = suite('the audit log');

const refuses = (act: () => unknown, message: RegExp): void => {
  try {
    act();
  } catch (error) {
    assert.is((error as VaultError).code, 'ERR_AUDIT_LOG');
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable(`not refused: ${message}`);
};

test('a log opens, tells, signs and closes, in a file that only its owner can read', async () => {
  const path = newPath();
  const signer = await makeSigner();
  writeLog(path, signer, 2);
  const records = recordsOf(path);
  assert.equal(
    records.map(({ type }) => type),
    ['opened', 'signed', 'used', 'used', 'closed'],
  );
  assert.equal(
    records.map(({ seq }) => seq),
    [0, 1, 2, 3, 4],
  );
  const { key, version } = records[0] as unknown as { key: object; version: string };
  assert.equal(key, { id: 'node/audit', type: 'ed25519', scheme: 'ed25519', publicKey: signer.publicKey });
  assert.match(version, /^\d+\.\d+\.\d+/);
  if (process.platform !== 'win32') assert.is(statSync(path).mode & 0o777, 0o600);
  const report = await verifyFile(path, { publicKey: signer.publicKey });
  assert.is(report.fault, undefined);
  assert.is(report.signed, 5);
  assert.is(report.signatures, 2);
  assert.equal(report.notes, []);
});

test('every signing type and scheme signs a log that verifies', async () => {
  for (const [type, scheme] of [
    ['ed25519', 'ed25519'],
    ['secp256k1', 'ecdsa'],
    ['secp256k1', 'ecdsa-recoverable'],
    ['secp256k1', 'schnorr'],
    ['bls12-381', 'bls12-381'],
  ] as const) {
    const path = newPath();
    const signer = await makeSigner(type, [scheme]);
    assert.is(signer.scheme, scheme);
    writeLog(path, signer);
    writeLog(path, signer); // whose start verifies the last signature
    const { fault, signed, records } = await verifyFile(path, { publicKey: signer.publicKey });
    assert.is(fault, undefined, scheme);
    assert.is(signed, records);
    // The control: under another key of the type it does not.
    const other = await makeSigner(type, [scheme]);
    assert.is((await verifyFile(path, { publicKey: other.publicKey })).fault?.kind, 'key');
  }
});

test('a log without a key is chained, and says that it is not signed', async () => {
  const path = newPath();
  writeLog(path, undefined);
  const report = await verifyFile(path);
  assert.is(report.fault, undefined);
  assert.match(report.notes.join(), /not signed: whoever can write to it can make it anew/);
  assert.is((await verifyFile(path, { publicKey: 'ab'.repeat(32) })).fault?.kind, 'key');
});

test('what happens before the keys are loaded waits, and keeps its time', async () => {
  const path = newPath();
  let now = Date.UTC(2030, 0, 1);
  const log = open(path, { now: () => now });
  now += 5000;
  log.append({ type: 'registered', id: 'a' });
  now += 5000;
  assert.is(readFileSync(path).length, 0);
  log.begin(await makeSigner());
  log.close();
  assert.equal(
    recordsOf(path).map(({ type, time }) => [type, (time as string).slice(17, 19)]),
    [
      ['opened', '00'],
      ['registered', '05'],
      ['signed', '10'],
      ['closed', '10'],
    ],
  );
});

test('a log that never began leaves nothing in the file, and lets go of it', () => {
  const path = newPath();
  const log = open(path);
  log.append({ type: 'registered', id: 'a' });
  log.close();
  log.close();
  assert.is(readFileSync(path).length, 0);
  open(path).close();
});

test('a log is continued by the next vault, and its chain with it', async () => {
  const path = newPath();
  const signer = await makeSigner();
  for (let i = 0; i < 3; i++) writeLog(path, signer, 1);
  const { fault, records, signed, notes } = await verifyFile(path, { publicKey: signer.publicKey });
  assert.is(fault, undefined);
  assert.is(records, 12);
  assert.is(signed, 12);
  assert.equal(notes, []);
});

test('a log has one key: another one, or none, does not continue it', async () => {
  const path = newPath();
  const signer = await makeSigner();
  writeLog(path, signer);
  const size = statSync(path).size;
  for (const other of [await makeSigner(), await makeSigner('secp256k1'), undefined]) {
    const log = open(path);
    refuses(() => log.begin(other), /it was begun with the key "node\/audit" \([0-9a-f]{64}\), and a log has one/);
    log.close();
  }
  assert.is(statSync(path).size, size);
  const unsigned = newPath();
  writeLog(unsigned, undefined);
  const log = open(unsigned);
  refuses(() => log.begin(signer), /begun without a key/);
  log.close();
});

test('a damaged log is not continued, and the line is named', async () => {
  const signer = await makeSigner();
  const path = newPath();
  writeLog(path, signer, 3);
  const good = readFileSync(path, 'utf8');
  const lines = good.trimEnd().split('\n');
  const cases: readonly (readonly [string[], RegExp])[] = [
    [lines.with(2, lines[2]!.replace('"sign":1', '"sign":7')), /line 4: record 3 does not follow/],
    [lines.toSpliced(2, 1), /line 3: .*1 missing/],
    [lines.toSpliced(3, 0, 'something'), /line 4: this is no record/],
    [lines.toSpliced(0, 1), /line 1: .*1 missing/],
    [lines.toSpliced(3, 0, lines[2]!), /line 4: record 2 stands where record 3 should/],
  ];
  for (const [changed, message] of cases) {
    writeFileSync(path, `${changed.join('\n')}\n`);
    refuses(() => open(path), message);
  }
  writeFileSync(path, good);
  const log = open(path);
  log.begin(signer); // the control
  log.close();
});

test('a log whose records were made anew under an old signature is not continued', async () => {
  const signer = await makeSigner();
  const path = newPath();
  // A forger without the key: the chain holds, the signatures are not over it.
  const forger = { ...signer, sign: () => new Uint8Array(64).fill(1) };
  writeLog(path, forger, 3);
  const log = open(path);
  refuses(() => log.begin(signer), /line 6: the signature is not by the key/);
  log.close();
});

test('a line that a crash tore stays as evidence, and the log goes on', async () => {
  const signer = await makeSigner();
  for (const torn of ['{"keys":{"node/iden', '\0\0\0\0', 'x', '{"type":"used"}']) {
    const path = newPath();
    const log = open(path);
    log.begin(signer);
    log.append({ type: 'used', keys: { a: { sign: 1 } } });
    log.close();
    appendFileSync(path, torn);
    assert.is((await verifyFile(path)).fault?.kind, 'truncated');
    writeLog(path, signer, 1);
    const text = readFileSync(path, 'latin1');
    assert.ok(text.includes(`\n${torn}\n{"bytes":${torn.length},`), torn);
    const { fault, notes, signed, records } = await verifyFile(path, { publicKey: signer.publicKey });
    assert.is(fault, undefined, torn);
    assert.is(signed, records);
    assert.match(notes.join(), new RegExp(`not written to its end: ${torn.length} bytes`));
    // What was torn is evidence: it cannot be changed or taken out either.
    writeFileSync(path, text.replace(`\n${torn}\n`, `\n${torn}x\n`), 'latin1');
    assert.is((await verifyFile(path)).fault?.kind, 'edited');
    writeFileSync(path, text.replace(`\n${torn}\n`, '\n'), 'latin1');
    assert.is((await verifyFile(path)).fault?.kind, 'removed');
    refuses(() => open(path), /torn line is missing/);
  }
});

test('a line that lacks its line feed alone is a record', async () => {
  const signer = await makeSigner();
  const path = newPath();
  writeLog(path, signer);
  truncateSync(path, statSync(path).size - 1);
  writeLog(path, signer);
  const { fault, notes } = await verifyFile(path, { publicKey: signer.publicKey });
  assert.is(fault, undefined);
  assert.equal(notes, []);
});

test('records that no signature covered when their vault was killed are named', async () => {
  const signer = await makeSigner();
  const path = newPath();
  writeLog(path, signer, 2);
  // As if the vault had been killed after its second use.
  const lines = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, `${lines.slice(0, 4).join('\n')}\n`);
  writeLog(path, signer, 1);
  const { fault, notes } = await verifyFile(path, { publicKey: signer.publicKey });
  assert.is(fault, undefined);
  assert.equal(notes, ['records 2 to 3 were not signed when the vault that wrote them ended']);
});

test('a thousand records are signed, and what waits for a minute', async () => {
  const path = newPath();
  const signer = await makeSigner();
  await withTimers((timers) => {
    const log = open(path);
    log.begin(signer);
    assert.equal(timers.waiting, []); // nothing to sign: an idle vault writes nothing
    for (let i = 0; i < 2500; i++) log.append({ type: 'used', keys: { a: { sign: 1 } } });
    assert.is(typesOf(path).filter((type) => type === 'signed').length, 3);
    assert.is(log.stats().signed, 2004);
    timers.fire(60_000);
    assert.is(log.stats().signed, log.stats().records);
    assert.is(typesOf(path).at(-1), 'signed');
    log.close();
  });
  assert.is((await verifyFile(path, { publicKey: signer.publicKey })).fault, undefined);
});

test('a key that is wiped signs before, and not after; the log goes on without it', async () => {
  const path = newPath();
  const entry = makeEntry('node/audit', 'ed25519');
  const signer = await auditSigner('node/audit', entry, signingTools);
  const log = open(path);
  log.begin(signer);
  log.append({ type: 'locked', reason: 'asked', locked: ['node/audit'], gone: [] });
  entry.gone = 'locked';
  log.checkpoint();
  assert.is(log.stats().signed, 4);
  generations[entry.handle.slot]! += 1; // what a wipe does
  log.append({ type: 'unlock-failed', code: 'ERR_PASSWORD', failures: 1 });
  log.checkpoint();
  assert.is(log.stats().signed, 4);
  log.close();
  const { fault, notes } = await verifyFile(path, { publicKey: signer.publicKey });
  assert.is(fault?.kind, 'unsigned');
  assert.match(
    fault?.reason ?? '',
    /^closed while locked, or cut there: --unfinished accepts it; 2 records after record 3/,
  );
  assert.equal(notes, []);
  const unfinished = await verifyFile(path, { publicKey: signer.publicKey, unfinished: true });
  assert.is(unfinished.fault, undefined);
  assert.match(unfinished.notes.join(), /2 records after record 3 not signed/);
  generations[entry.handle.slot]! -= 1;
  writeLog(path, signer);
  assert.is((await verifyFile(path, { publicKey: signer.publicKey })).fault, undefined);
});

test('only a key that signs, and may, can sign a log', async () => {
  await rejects(auditSigner('a', undefined, signingTools), 'ERR_AUDIT_LOG', /no key of that id/);
  await rejects(
    auditSigner('a', makeEntry('a', 'x25519'), signingTools),
    'ERR_AUDIT_LOG',
    /x25519, which does not sign/,
  );
  const may = makeEntry('a', 'ed25519');
  const mayNot = { ...may, info: { ...may.info, allow: [] } };
  await rejects(auditSigner('a', mayNot, signingTools), 'ERR_AUDIT_LOG', /policy does not allow "sign"/);
});

test('a log is one vault’s: a second one, in another thread or in this, is refused', async () => {
  const path = newPath();
  const log = open(path);
  refuses(() => open(path), new RegExp(`audit log .*: process ${process.pid} is writing it$`));
  const source = `
    import(${JSON.stringify(new URL('../../../dist/workers/audit/log.js', import.meta.url).href)}).then(({ openAuditLog }) => {
      const { parentPort, workerData } = require('node:worker_threads');
      const found = (() => {
        try {
          openAuditLog({ path: workerData, key: null, operations: 'summary', onError: 'refuse' }, { tell() {} }).close();
          return 'opened';
        } catch (error) {
          return error.code;
        }
      })();
      parentPort.postMessage(found);
    });`;
  const inThread = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(source, { eval: true, workerData: path });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  assert.is(await inThread(), 'ERR_AUDIT_LOG');
  log.close();
  assert.is(await inThread(), 'opened');
});

test('a link, a folder, a file that others may write to, and a missing folder are refused', () => {
  const path = newPath();
  refuses(() => open(`${path}/audit.log`), /its folder could not be read \(ENOENT\)/);
  refuses(() => open(path.replace(/\/audit\.log$/, '')), /could not be opened \(EISDIR\)/);
  if (process.platform === 'win32') return;
  writeFileSync(path, '');
  symlinkSync(path, `${path}.link`);
  refuses(() => open(`${path}.link`), /it is a symbolic link/);
  chmodSync(path, 0o620);
  refuses(() => open(path), /others than its owner may write to it/);
  chmodSync(path, 0o640);
  open(path).close();
});

interface Disk extends AuditSystem {
  /** Bytes that there is room for. */
  room: number;
  syncError: Error | null;
}

/** A disk that is full: by the kernel's own answer where there is /dev/full. */
const makeDisk = (): Disk => {
  const noSpace = (): never => {
    if (process.platform !== 'linux') throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    const full = openSync('/dev/full', 'w');
    try {
      writeSync(full, 'x');
    } finally {
      closeSync(full);
    }
    throw new Error('/dev/full took a byte');
  };
  const disk: Disk = {
    room: Number.POSITIVE_INFINITY,
    syncError: null,
    write(descriptor, bytes) {
      if (disk.room <= 0) return noSpace();
      const written = SYSTEM.write(descriptor, bytes.subarray(0, Math.min(bytes.length, disk.room)));
      disk.room -= written;
      return written;
    },
    sync(descriptor) {
      if (disk.syncError !== null) throw disk.syncError;
      SYSTEM.sync(descriptor);
    },
    syncLater: (descriptor, done) =>
      disk.syncError === null ? SYSTEM.syncLater(descriptor, done) : done(disk.syncError),
  };
  return disk;
};

test('on a full disk work is refused, nothing is lost or torn, and it goes on by itself when there is room', async () => {
  const path = newPath();
  const told: AuditEvent[] = [];
  const disk = makeDisk();
  const signer = await makeSigner();
  await withTimers((timers) => {
    const log = open(path, { system: disk, tell: (event) => told.push(event) });
    log.begin(signer);
    assert.is(log.refusal, undefined);
    disk.room = 100; // a part of the next line
    log.append({ type: 'used', keys: { a: { sign: 1 } } });
    log.append({ type: 'used', keys: { a: { sign: 2 } } });
    assert.is(log.failing, true);
    assert.is(log.refusal?.code, 'ERR_AUDIT_LOG');
    assert.match(log.refusal?.message ?? '', /cannot be written \(ENOSPC\), and nothing is done that it does not tell/);
    assert.is(log.stats().lastError, 'ENOSPC');
    assert.equal(
      told.map(({ type }) => type),
      ['audit-failed'],
    );
    timers.fire(1000); // tried again, in vain
    assert.is(log.failing, true);
    disk.room = Number.POSITIVE_INFINITY;
    timers.fire(1000);
    assert.is(log.failing, false);
    assert.is(log.refusal, undefined);
    assert.equal(told.at(-1), { type: 'audit-resumed', lost: 0 });
    log.close();
  });
  assert.equal(typesOf(path), ['opened', 'signed', 'used', 'used', 'resumed', 'closed']);
  assert.is((await verifyFile(path, { publicKey: signer.publicKey })).fault, undefined);
});

test('with onError continue nothing is refused; what has no room is counted, and told when it is over', async () => {
  const path = newPath();
  const disk = makeDisk();
  const signer = await makeSigner();
  const log = open(path, { system: disk, onError: 'continue' });
  log.begin(signer);
  disk.room = 0;
  const big = 'x'.repeat(100_000);
  for (let i = 0; i < 20; i++) log.append({ type: 'used', big });
  assert.is(log.failing, true);
  assert.is(log.refusal, undefined);
  disk.room = Number.POSITIVE_INFINITY;
  log.close();
  const resumed = recordsOf(path).find(({ type }) => type === 'resumed');
  assert.is(resumed?.lost, 10);
  assert.is(resumed?.reason, 'ENOSPC');
  const { fault, notes } = await verifyFile(path, { publicKey: signer.publicKey });
  assert.is(fault, undefined);
  assert.match(notes.join(), /could not be written: 10 records lost/);
});

test('a disk that is full at the start, or does not sync, ends the start', async () => {
  for (const errno of ['ENOSPC', 'EIO']) {
    const disk = makeDisk();
    if (errno === 'ENOSPC') disk.room = 0;
    else disk.syncError = Object.assign(new Error('io'), { code: errno });
    const log = open(newPath(), { system: disk });
    const signer = await makeSigner();
    refuses(() => log.begin(signer), /it cannot be written \((?:ENOSPC|EIO)\)/);
    log.close();
  }
});

test('a checkpoint that does not reach the disk is a failure too', async () => {
  const signer = await makeSigner();
  await withTimers((timers) => {
    const disk = makeDisk();
    const log = open(newPath(), { system: disk });
    log.begin(signer);
    disk.syncError = Object.assign(new Error('io'), { code: 'EIO' });
    log.append({ type: 'used' });
    log.checkpoint();
    assert.is(log.stats().lastError, 'EIO');
    disk.syncError = null;
    timers.fire(1000);
    assert.is(log.failing, false);
    log.close();
  });
});

test('a file that is moved away, or that others write to, is told and not written past', async () => {
  for (const spoil of [
    (path: string) => renameSync(path, `${path}.old`),
    (path: string) => appendFileSync(path, 'x\n'),
  ]) {
    const path = newPath();
    let now = Date.now();
    const log = open(path, { now: () => now });
    log.begin(await makeSigner());
    log.append({ type: 'used' });
    spoil(path);
    now += 2000;
    log.append({ type: 'used' });
    assert.match(log.stats().lastError ?? '', /moved or removed|others changed it/);
    assert.is(log.refusal?.code, 'ERR_AUDIT_LOG');
    log.close();
  }
});

test('no log holds a secret', async () => {
  const path = newPath();
  for (const type of ['ed25519', 'secp256k1', 'bls12-381'] as const) {
    const signer = await makeSigner(type);
    const file = `${path}.${type}`;
    writeLog(file, signer);
    const text = readFileSync(file, 'latin1');
    assert.ok(text.includes(signer.publicKey)); // the control
    const hex = toHex(secrets.get('node/audit')!);
    assert.not.ok(text.includes(hex));
  }
});

test.run();
