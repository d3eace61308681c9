// What strongroom audit verify finds: every kind of change to a log, named by its kind and its line; and nothing in a
// log that was not changed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256, verifierOf } from '../../dist/src/cli/audit/signatures.js';
import type { FaultKind } from '../../dist/src/cli/audit/verify-log.js';
import { canonical, signedText } from '../../dist/src/wire/audit.js';
import type { AuditSigner } from '../../dist/workers/audit/signer.js';
import { createProgram, onlyLine } from '../cli/program.js';
import { assert } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { makeSigner, newPath, open, random, verifyBytes, writeLog } from './rig.js';

const test = suite('strongroom audit verify');
const TYPES = ['ed25519', 'secp256k1', 'bls12-381'] as const;
const encoder = new TextEncoder();
const SIGNATURE =
  'af2332ce3955469029ecca09f7e07eaf6e043565adb4a188cc9a8846b8886f6d726ab1c1028123271b386e415a5db79b23d151e8d0ee111a989b120682ccf204';

interface Made {
  readonly signer: AuditSigner;
  readonly lines: readonly string[];
  readonly text: string;
}

const makeLog = async (type: (typeof TYPES)[number] = 'ed25519', runs = 1, records = 6): Promise<Made> => {
  const path = newPath();
  const signer = await makeSigner(type);
  for (let i = 0; i < runs; i++) writeLog(path, signer, records);
  const text = readFileSync(path, 'utf8');
  return { signer, text, lines: text.trimEnd().split('\n') };
};

const bytesOf = (lines: readonly string[]): Uint8Array => encoder.encode(`${lines.join('\n')}\n`);

/** Chain lines anew from a place on, as somebody without the key can. */
const rechain = (lines: readonly string[], from: number): string[] => {
  const out = [...lines];
  for (let i = Math.max(1, from); i < out.length; i++) {
    const record = JSON.parse(out[i]!) as Record<string, unknown>;
    out[i] = canonical({ ...record, seq: i, prev: sha256(encoder.encode(out[i - 1]!)) });
  }
  return out;
};

test('each change is told by its kind and its line', async () => {
  const { lines, signer } = await makeLog();
  const publicKey = signer.publicKey;
  // 0 opened, 1 signed, 2 to 7 used, 8 closed
  const edited = lines.with(3, lines[3]!.replace('"sign":2', '"sign":9'));
  assert.is.not(edited[3], lines[3]);
  const cases: readonly (readonly [string, readonly string[], FaultKind, number])[] = [
    ['edited', edited, 'edited', 4],
    ['the line before the last edited', lines.with(7, lines[7]!.replace('"sign":6', '"sign":9')), 'edited', 9],
    ['not JSON', lines.with(4, 'nothing'), 'edited', 5],
    ['spelled otherwise', lines.with(4, lines[4]!.replace(',', ', ')), 'edited', 5],
    ['a name twice', lines.with(4, lines[4]!.replace('{', '{"keys":1,')), 'edited', 5],
    ['another number', lines.with(4, lines[4]!.replace('"seq":4', '"seq":7')), 'edited', 5],
    ['another prev', lines.with(4, lines[4]!.replace(/"prev":"../, '"prev":"zz')), 'edited', 5],
    ['one removed', lines.toSpliced(4, 1), 'removed', 5],
    ['several removed', lines.toSpliced(2, 4), 'removed', 3],
    ['the first removed', lines.toSpliced(0, 1), 'removed', 1],
    ['two swapped', lines.with(3, lines[4]!).with(4, lines[3]!), 'reordered', 4],
    ['one moved back', lines.toSpliced(6, 1).toSpliced(3, 0, lines[6]!), 'reordered', 4],
    ['one moved on', lines.toSpliced(6, 0, lines[3]!).toSpliced(3, 1), 'reordered', 4],
    ['one repeated', lines.toSpliced(4, 0, lines[2]!), 'repeated', 5],
    ['one put in', lines.toSpliced(4, 0, '{}'), 'edited', 5],
    ['cut', lines.slice(0, 6), 'truncated', 7],
    ['cut after a signature', lines.slice(0, 2), 'truncated', 3],
    ['all cut', [], 'edited', 1],
    ['edited and chained anew', rechain(edited, 4), 'signature', 9],
    ['removed and chained anew', rechain(lines.toSpliced(4, 1), 4), 'signature', 8],
    ['closed early', rechain(lines.toSpliced(5, 3), 5), 'signature', 6],
    ['the time of the end', lines.with(8, lines[8]!.replace(/"time":"20../, '"time":"1999')), 'signature', 9],
  ];
  for (const [name, changed, kind, line] of cases) {
    const { fault } = await verifyBytes(bytesOf(changed), { publicKey });
    assert.equal([fault?.kind, fault?.line], [kind, line], `${name}: ${fault?.reason}`);
  }
  const { fault, records } = await verifyBytes(bytesOf(lines), { publicKey });
  assert.is(fault, undefined);
  assert.is(records, 9);
});

test('an empty log, and one whose last line is not complete, are truncated', async () => {
  const { text } = await makeLog();
  assert.is((await verifyBytes(new Uint8Array())).fault?.kind, 'truncated');
  for (const cut of [1, 2, 50]) {
    const { fault } = await verifyBytes(encoder.encode(text.slice(0, -cut)));
    assert.is(fault?.kind, 'truncated');
    assert.match(fault?.reason ?? '', /the last line is not complete/);
  }
});

test('a log that is made anew without its signatures, or with another key, does not pass for the key', async () => {
  const { lines, signer } = await makeLog();
  const other = await makeLog();
  const { publicKey } = signer;
  const stripped = rechain(
    lines
      .filter((line) => !line.includes('"signature"'))
      .with(0, canonical({ ...JSON.parse(lines[0]!), key: undefined })),
    1,
  );
  assert.is((await verifyBytes(bytesOf(stripped), { publicKey })).fault?.kind, 'key');
  assert.is((await verifyBytes(bytesOf(other.lines), { publicKey })).fault?.kind, 'key');
  assert.is((await verifyBytes(bytesOf(other.lines))).fault, undefined);
  // The key of the log and no signature: what was written is not covered.
  const unsigned = rechain(
    lines
      .filter((line) => !line.includes('"type":"signed"'))
      .with(-1, lines.at(-1)!.replace(/"signature":"[0-9a-f]+",/, '')),
    1,
  );
  assert.is((await verifyBytes(bytesOf(unsigned), { publicKey })).fault?.kind, 'unsigned');
});

test('a log that is cut at the end of a run passes, unless the hash of what was cut is known', async () => {
  const { lines, signer } = await makeLog('ed25519', 2);
  const { publicKey } = signer;
  const whole = await verifyBytes(bytesOf(lines), { publicKey });
  const cut = lines.slice(0, 9);
  assert.is((await verifyBytes(bytesOf(cut), { publicKey })).fault, undefined); // this is why hashes are noted
  const { head } = whole;
  assert.is(head, sha256(encoder.encode(lines.at(-1)!)));
  assert.is((await verifyBytes(bytesOf(cut), { publicKey, head })).fault?.kind, 'head');
  assert.is((await verifyBytes(bytesOf(lines), { publicKey, head })).fault, undefined);
  // A hash that was noted earlier is still there.
  const early = await verifyBytes(bytesOf(lines), { publicKey, head: sha256(encoder.encode(lines[4]!)) });
  assert.is(early.fault, undefined);
  assert.match(early.notes.join(), /the noted hash is that of record 4/);
});

test('of a vault that runs, the end need not be signed: what is not covered is said', async () => {
  const { lines, signer, text } = await makeLog();
  const { publicKey } = signer;
  const running = await verifyBytes(bytesOf(lines.slice(0, 5)), { publicKey, unfinished: true });
  assert.is(running.fault, undefined);
  assert.is(running.signed, 2);
  assert.match(running.notes.join(), /3 records after record 1 not signed: they may have been changed or cut/);
  const torn = await verifyBytes(encoder.encode(text.slice(0, -10)), { publicKey, unfinished: true });
  assert.is(torn.fault, undefined);
  assert.match(torn.notes.join(), /the last line is not complete/);
  const edited = lines.slice(0, 6).with(3, lines[3]!.replace('"sign":2', '"sign":9'));
  assert.is((await verifyBytes(bytesOf(edited), { publicKey, unfinished: true })).fault?.kind, 'edited');
});

test('a text and its signature, as docs/audit.md tells them, verify by another implementation', () => {
  // RFC 8032 §7.1, test 1, is the key; the signature was made by noble over the text of the record.
  const record = {
    type: 'signed',
    key: 'node/audit',
    seq: 1,
    time: '2030-01-01T00:00:00.000Z',
    prev: '00'.repeat(32),
  } as const;
  const text = signedText({ ...record, signature: 'not part of it' });
  assert.is(
    new TextDecoder().decode(text),
    `strongroom audit log, version 1\n{"key":"node/audit","prev":"${'00'.repeat(32)}","seq":1,"time":"2030-01-01T00:00:00.000Z","type":"signed"}`,
  );
  const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
  const verify = verifierOf({ id: 'node/audit', type: 'ed25519', scheme: 'ed25519', publicKey });
  const signature = fromHex(SIGNATURE);
  assert.ok(verify(text, signature));
  assert.not.ok(verify(text.subarray(1), signature));
  assert.not.ok(verify(text, signature.subarray(1)));
});

// One random change of the log's text, or of its lines, that leaves it another one.
const mutate = (text: string): [string, Uint8Array] => {
  const bytes = encoder.encode(text);
  const lines = text.trimEnd().split('\n');
  const at = random.int(lines.length);
  const to = random.int(lines.length);
  const moved = lines.toSpliced(at, 1).toSpliced(to, 0, lines[at]!);
  switch (random.int(7)) {
    case 0: {
      const place = random.int(bytes.length);
      bytes[place]! ^= 1 << random.int(8);
      return [`a bit of byte ${place}`, bytes];
    }
    case 1:
      return [`line ${at} removed`, bytesOf(lines.toSpliced(at, 1))];
    case 2:
      return [`line ${at} repeated at ${to}`, bytesOf(lines.toSpliced(to, 0, lines[at]!))];
    case 3:
      return [`line ${at} moved to ${to}`, bytesOf(moved)];
    case 4:
      return [`lines ${at} and ${to} swapped`, bytesOf(lines.with(at, lines[to]!).with(to, lines[at]!))];
    case 5: {
      const length = random.int(bytes.length);
      return [`cut to ${length}`, bytes.slice(0, length)];
    }
    default: {
      const place = random.int(bytes.length);
      const added = random.bytes(1 + random.int(8));
      return [
        `${toHex(added)} at ${place}`,
        Uint8Array.from([...bytes.subarray(0, place), ...added, ...bytes.subarray(place)]),
      ];
    }
  }
};

for (const type of TYPES) {
  test(`random changes of a log signed with ${type} are all found, and none where there is none`, async () => {
    const { text, signer } = await makeLog(type, 2, 5);
    const { publicKey } = signer;
    const untouched = await verifyBytes(encoder.encode(text), { publicKey });
    assert.is(untouched.fault, undefined);
    const { head } = untouched;
    const kinds = new Set<string>();
    for (let i = 0; i < (type === 'bls12-381' ? 8 : 250); i++) {
      const [name, changed] = mutate(text);
      if (Buffer.from(changed).equals(Buffer.from(text))) continue;
      const { fault } = await verifyBytes(changed, { publicKey, head });
      assert.ok(fault !== undefined, `not found: ${name}`);
      kinds.add(fault.kind);
    }
    if (type === 'bls12-381') return;
    for (const kind of ['edited', 'removed', 'reordered', 'repeated', 'truncated']) {
      assert.ok(kinds.has(kind), `${kind} among ${[...kinds].join()}`);
    }
  });
}

const program = createProgram();

test('the program prints what it found, and exits with 0 or 65', async () => {
  const { text, lines, signer } = await makeLog();
  program.write('audit.log', text);
  program.write('cut.log', `${lines.slice(0, 6).join('\n')}\n`);
  const good = await program.run(['audit', 'verify', 'audit.log', '--public-key', signer.publicKey]);
  assert.is(good.code, 0, good.stderr);
  assert.match(
    good.stdout,
    /^whole\nrecords +9, 20.* to 20.*\nsigned +9, by 2 signatures\nkey +node\/audit \(ed25519\) [0-9a-f]{64}\nhead +[0-9a-f]{64}\n$/,
  );
  const trusting = await program.runHere(['audit', 'verify', 'audit.log']);
  assert.is(trusting.code, 0);
  assert.match(trusting.stdout, /\nnote: the public key is as the log says it: that shows only/);
  const cut = await program.runHere(['audit', 'verify', 'cut.log', '--public-key', signer.publicKey]);
  assert.is(cut.code, 65);
  assert.match(
    cut.stdout,
    /^not whole: line 7: truncated: the last record is "used", not "closed"; 4 records after record 1 not signed\n/,
  );
  const running = await program.runHere([
    'audit',
    'verify',
    'cut.log',
    '--public-key',
    signer.publicKey,
    '--unfinished',
  ]);
  assert.is(running.code, 0);
});

test('--json gives the same as one object', async () => {
  const { text, signer } = await makeLog();
  program.write('audit.log', text);
  const good = await program.runHere(['audit', 'verify', 'audit.log', '--json', '--public-key', signer.publicKey]);
  const { file, whole, records, signed, key, notes } = JSON.parse(onlyLine(good.stdout));
  assert.equal([file, whole, records, signed, notes], ['audit.log', true, 9, 9, []]);
  assert.is(key.publicKey, signer.publicKey);
  const bad = await program.runHere(['audit', 'verify', 'audit.log', '--json', '--public-key', '00'.repeat(32)]);
  assert.is(bad.code, 65);
  assert.is(JSON.parse(onlyLine(bad.stdout)).fault.kind, 'key');
});

test('a file that is not there, and a wrong command line, have their own exit codes', async () => {
  for (const [args, code, message] of [
    [['verify', 'none.log'], 66, /ERR_INPUT: none\.log could not be read \(ENOENT\)/],
    [['verify', '.'], 66, /ERR_INPUT: \. could not be read \(EISDIR\)/],
    [['verify'], 64, /missing required argument/],
    [['verify', 'audit.log', '--public-key', 'ab'], 64, /Expected hex of 32, 33 or 48 bytes/],
    [['verify', 'audit.log', '--head', 'ab'], 64, /Expected hex of 32 bytes/],
    [[], 64, /expected a command|verify/],
  ] as const) {
    const result = await program.runHere(['audit', ...args]);
    assert.is(result.code, code, result.stderr);
    assert.match(result.stderr, message);
  }
});

test('the help of audit verify has examples', async () => {
  const { code, stdout } = await program.runHere(['audit', 'verify', '--help']);
  assert.is(code, 0);
  assert.match(stdout, 'Examples:\n  strongroom audit verify');
  assert.match(stdout, '--unfinished');
});

test('a file of one endless line, and one of other text, are told without reading it all into memory', async () => {
  const path = join(program.folder, 'big');
  writeFileSync(path, new Uint8Array(3_000_000).fill(0x61));
  assert.is((await verifyBytes(readFileSync(path))).fault?.reason, 'longer than a line can be');
  writeFileSync(path, 'x\n'.repeat(1000));
  assert.equal((await verifyBytes(readFileSync(path))).fault?.line, 1);
});

test('what a log holds does not reach the terminal as it is', async () => {
  const { lines } = await makeLog();
  const clearScreen = '\u001b[2J';
  const resumed = rechain(
    lines.with(3, canonical({ ...JSON.parse(lines[3]!), type: 'resumed', lost: clearScreen })),
    3,
  );
  const typed = rechain(lines.with(8, canonical({ ...JSON.parse(lines[8]!), type: clearScreen })), 3);
  for (const changed of [resumed, typed]) {
    program.write('odd.log', bytesOf(changed));
    const { stdout, code } = await program.runHere(['audit', 'verify', 'odd.log']);
    assert.is(code, 65);
    assert.not.ok(stdout.includes('\u001b'));
  }
});

test('a log of a running vault can be verified beside it', async () => {
  const path = newPath();
  const log = open(path);
  const signer = await makeSigner();
  log.begin(signer);
  log.append({ type: 'used', keys: {} });
  const { fault, records } = await verifyBytes(readFileSync(path), { publicKey: signer.publicKey, unfinished: true });
  assert.is(fault, undefined);
  assert.is(records, 3);
  log.close();
});

test.run();
