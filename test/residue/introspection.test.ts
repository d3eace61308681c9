// What a process tells of itself, to whoever asks in it or beside it: its variables, its diagnostic reports, and heap
// snapshots of every thread. Keys that came from variables are in none of them.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyType } from 'strongroom';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { pem, publicKeyOf } from './keys.js';
import { type KeptForm, type Program, startProgram } from './program.js';
import type { Secret } from './scanner/forms.js';
import { compilePatterns, type PatternSet } from './scanner/patterns.js';
import { scanFile } from './scanner/scan.js';
import { whyNoScan } from './scanner/support.js';
import { workersAround } from './workers-around.js';

const test = suite('what a process tells of itself');
test.timeout(120_000);

/** V8's snapshots escape what is not ASCII in a string, and show a zero as a space. */
const inSnapshot = (bytes: Uint8Array): Uint8Array => {
  const escaped = [...bytes].map((byte) => {
    const char = String.fromCharCode(byte);
    if (byte === 0) return ' ';
    if (byte >= 128) return `\\u00${byte.toString(16).toUpperCase()}`;
    const json = JSON.stringify(char).slice(1, -1);
    return /^\\u/.test(json) ? `\\u00${byte.toString(16).toUpperCase().padStart(2, '0')}` : json;
  });
  return new TextEncoder().encode(escaped.join(''));
};

const makeSecret = (label: string, type: string, bytes: Uint8Array = Uint8Array.from(randomBytes(32))): Secret => {
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x20; // in range for every type
  return { label, type, bytes, sourceText: inSnapshot(bytes) };
};

/** Printable, so that a variable can hold it as it is. */
const printable = (): Uint8Array => Uint8Array.from(randomBytes(32), (byte) => 48 + (byte % 10));

/** How variables write keys. What a text has besides the secret is no part of what is sought. */
const WRITTEN: Readonly<Record<string, (secret: Buffer, type: KeyType) => string>> = {
  hex: (secret) => secret.toString('hex'),
  HEX: (secret) => `0x${secret.toString('hex').toUpperCase()}`,
  base64: (secret) => secret.toString('base64'),
  base64url: (secret) => secret.toString('base64url'),
  PEM: (secret, type) => Buffer.from(pem(type, secret)).toString('latin1'),
  raw: (secret) => secret.toString('latin1'),
};

interface EnvKey {
  readonly id: string;
  readonly type: KeyType;
  readonly name: string;
  readonly value: string;
  readonly secret: Secret;
}

const KEYS: readonly EnvKey[] = (
  [
    ['ed25519', 'hex'],
    ['ed25519', 'base64url'],
    ['ed25519', 'PEM'],
    ['secp256k1', 'HEX'],
    ['secp256k1', 'PEM'],
    ['bls12-381', 'base64'],
    ['bls12-381', 'hex'],
    ['x25519', 'raw'],
  ] as const
).map(([type, form], i) => {
  const id = `${type}/${form}`;
  const secret = makeSecret(id, type, form === 'raw' ? printable() : undefined);
  const value = WRITTEN[form]?.(Buffer.from(secret.bytes), type) as string;
  return { id, type, name: `INTROSPECTED_KEY_${i}`, value, secret };
});

/** What must be found: a variable that names no key, texts and bytes that main, the vault and signers keep. */
const CONTROLS = {
  variable: makeSecret('a variable that names no key', 'plain'),
  hexText: makeSecret('a hex text in main', 'plain'),
  latin1Text: makeSecret('bytes as a text in main', 'plain'),
  vault: makeSecret('a text in the vault', 'plain'),
  signer: makeSecret('a text in a signer', 'plain'),
};
const OTHER_VARIABLE = 'INTROSPECTED_OTHER';
const hexOf = ({ bytes }: Secret): string => Buffer.from(bytes).toString('hex');
const masked = (secret: Secret): string => hexOf({ ...secret, bytes: secret.bytes.map((byte) => 255 - byte) });

const workers = workersAround({
  module: new URL('./fixtures/inside.js', import.meta.url),
  afterVault: `fixture.inVault(service, '${masked(CONTROLS.vault)}');`,
  beforeSigner: `fixture.inSigner('${masked(CONTROLS.signer)}');`,
});

const start = (): Promise<Program> =>
  startProgram({
    env: {
      ...Object.fromEntries(KEYS.map(({ name, value }) => [name, value])),
      [OTHER_VARIABLE]: hexOf(CONTROLS.variable),
    },
    input: Buffer.concat([CONTROLS.hexText.bytes, CONTROLS.latin1Text.bytes]),
    workers,
  });

const specs = (keys: readonly EnvKey[]) =>
  Object.fromEntries(keys.map(({ id, type, name }) => [id, { type, from: { env: name } }]));

/** Everything that the process tells, by name: a file each. */
const introspect = async (program: Program): Promise<(name: string) => string> => {
  const folder = tempFolder();
  for (const as of ['hex text', 'latin1 text'] satisfies KeptForm[]) await program.run({ do: 'keep', as });
  await program.run({ do: 'introspect', folder });
  writeFileSync(join(folder, 'environ'), readFileSync(`/proc/${program.pid}/environ`));
  return (name) => join(folder, name);
};

/** No key in the file; and the controls that belong there, and no other. */
const assertTells = (file: string, patterns: PatternSet, controls: readonly Secret[]): void => {
  const { hits, bytesScanned } = scanFile(file, patterns);
  assert.ok(bytesScanned > 0);
  const keys = hits.filter(({ secret }) => KEYS.some(({ id }) => id === secret));
  assert.equal(
    keys.map(({ secret, form, bytes }) => `${secret}: ${form} (${bytes} bytes)`),
    [],
    file,
  );
  const found = new Set(hits.filter(({ whole }) => whole).map(({ secret }) => secret));
  assert.equal([...found].sort(), controls.map(({ label }) => label).sort(), `controls in ${file}`);
};

/** PEM breaks a key's base64 into lines, and JSON the text into escapes: each line by itself. */
const linesOf = ({ secret, value }: EnvKey): Secret[] =>
  (value.match(/^[A-Za-z0-9+/=]+$/gm) ?? []).map((line) => ({ ...secret, sourceText: new TextEncoder().encode(line) }));

const patterns = compilePatterns([...KEYS.flatMap((key) => [key.secret, ...linesOf(key)]), ...Object.values(CONTROLS)]);
const reason = whyNoScan();

if (reason !== undefined) {
  test.skip('nothing that a process tells of itself holds a key that came from a variable', reason);
} else {
  test('nothing that a process tells of itself holds a key that came from a variable', async () => {
    const program = await start();
    try {
      // All at the start but the last, which is registered later.
      const [last, ...first] = [...KEYS].reverse() as [EnvKey, ...EnvKey[]];
      const opened = await program.run({ do: 'open', settings: { threads: 1 }, keys: specs(first) });
      const later = await program.run({ do: 'register', id: last.id, type: last.type, from: { env: last.name } });
      for (const { id, type, secret } of KEYS) {
        const known = [...(opened.keys ?? []), ...(later.keys ?? [])].find((key) => key.id === id);
        assert.is(known?.publicKey, publicKeyOf(type, secret.bytes), id);
      }
      for (const { id, type } of KEYS) {
        const scheme = type === 'secp256k1' ? 'ecdsa' : type;
        if (type !== 'x25519') await program.run({ do: 'sign', ids: [id], scheme, count: 64 });
      }
      const file = await introspect(program);
      const { variable, hexText, latin1Text, vault, signer } = CONTROLS;
      assertTells(file('environ'), patterns, [variable]);
      assertTells(file('main.env'), patterns, [variable]);
      assertTells(file('main.report'), patterns, [variable]);
      // Reports and copies of the variables were strings of main before the snapshot was taken.
      const inMain = scanFile(file('main.heapsnapshot'), patterns).hits.some((hit) => hit.secret === variable.label);
      assertTells(file('main.heapsnapshot'), patterns, [hexText, latin1Text, ...(inMain ? [variable] : [])]);
      assertTells(file('vault.heapsnapshot'), patterns, [vault]);
      assertTells(file('signer.heapsnapshot'), patterns, [signer]);
      for (const thread of ['vault', 'signer']) {
        assert.equal(JSON.parse(readFileSync(file(`${thread}.env`), 'utf8')), {});
        const report = JSON.parse(readFileSync(file(`${thread}.report`), 'utf8')) as object;
        assert.equal(Object.keys(report), ['header', 'sharedObjects'], 'a report of a thread with keys tells nothing');
      }
      const left = JSON.parse(readFileSync(file('main.env'), 'utf8')) as Record<string, string>;
      assert.is(left[OTHER_VARIABLE], hexOf(variable), 'a variable that names no key stays as it is');
      assert.equal(
        Object.keys(left).filter((name) => name.startsWith('INTROSPECTED')),
        [OTHER_VARIABLE],
      );
    } finally {
      await program.end();
    }
  });

  test('neither does it after a start that failed', async () => {
    const program = await start();
    try {
      const bad = { bad: { type: 'ed25519' as const, from: { file: '/nowhere/key' } } };
      const keys = { ...specs(KEYS), ...bad };
      await program.run({ do: 'open', settings: { threads: 1 }, keys }, 'ERR_VAULT_STARTUP');
      const file = await introspect(program);
      for (const name of ['environ', 'main.env', 'main.report']) {
        assertTells(file(name), patterns, [CONTROLS.variable]);
      }
      const { hits } = scanFile(file('main.heapsnapshot'), patterns);
      assert.equal(
        KEYS.filter(({ id }) => hits.some(({ secret }) => secret === id)).map(({ id }) => id),
        [],
      );
    } finally {
      await program.end();
    }
  });

  test('positive control: before a vault is open, variables and reports hold every key', async () => {
    const program = await start();
    try {
      const file = await introspect(program);
      // Snapshots show strings up to 1,024 characters: their control is what the threads keep.
      for (const name of ['environ', 'main.env', 'main.report']) {
        const { hits } = scanFile(file(name), patterns);
        const missing = KEYS.filter(({ id }) => !hits.some(({ secret }) => secret === id)).map(({ id }) => id);
        assert.equal(missing, [], name);
      }
    } finally {
      await program.end();
    }
  });
}

test.run();
