// The positive control of every residue test: the scanner finds a planted secret in each form, in each kind of memory,
// and names the form; and it finds nothing where nothing is. A scan that finds zero means something only after this.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { makeKeys } from './locked-keys.js';
import { type Form, formsOfSecret, type Secret } from './scanner/forms.js';
import { compilePatterns } from './scanner/patterns.js';
import { type Hit, type ScanResult, scanProcess } from './scanner/scan.js';
import { whyNoScan } from './scanner/support.js';

const test = suite('the residue scanner');
const random = seededRandom('residue scanner');
const PLANT = fileURLToPath(new URL('./fixtures/plant.js', import.meta.url));

interface Planted {
  readonly secret: Secret;
  readonly bytes: Uint8Array;
  readonly form: string;
}

const packed = (items: readonly Uint8Array[]): Buffer =>
  Buffer.concat(items.flatMap((bytes) => [Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes]));

/** Run a process that holds these bytes in this kind of memory, and scan it for these secrets. */
const scanPlanted = async (memory: string, items: readonly Uint8Array[], secrets: readonly Secret[]) => {
  const child: ChildProcess = spawn(process.execPath, [PLANT, memory, String(items.length)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    child.stdin?.write(packed(items));
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return scanProcess(child.pid as number, compilePatterns(secrets));
  } finally {
    child.kill('SIGKILL');
  }
};

let made = 0;
const makeSecret = (type = 'plain'): Secret => {
  const bytes = random.bytes(32);
  // No zeros, which memory around a part may continue it with; and below the order of every group.
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) | 1;
  bytes[0] = (bytes[0] as number) & 0x3f;
  return { label: `secret ${made++}`, type, bytes };
};

/** A new secret for each form of a type, planted in that form alone. */
const plantEachForm = (type: string, isWanted: (form: Form, index: number) => boolean): Planted[] =>
  formsOfSecret({ label: '', type, bytes: random.bytes(32) })
    .filter(isWanted)
    .flatMap(({ name }) => {
      const secret = makeSecret(type);
      // Forms that are the same bytes for some secret (base64 without + and /) have one name only.
      const form = formsOfSecret(secret).find((each) => each.name === name);
      return form === undefined ? [] : [{ secret, bytes: form.bytes, form: name }];
    });

const hitsOf = (result: ScanResult, { label }: Secret): Hit[] => result.hits.filter(({ secret }) => secret === label);

const assertEachFound = async (memory: string, planted: readonly Planted[], allowMore = false): Promise<void> => {
  if (planted.length === 0) return;
  const result = await scanPlanted(
    memory,
    planted.map(({ bytes }) => bytes),
    planted.map(({ secret }) => secret),
  );
  for (const { secret, form } of planted) {
    const hits = hitsOf(result, secret);
    const whole = hits.filter((hit) => hit.whole);
    const found = `${form} in ${memory}: found ${hits.map((hit) => `${hit.form} (${hit.bytes} bytes)`).join(', ') || 'nothing'}`;
    assert.ok(
      whole.every((hit) => hit.form === form),
      found,
    );
    assert.ok(allowMore ? whole.length >= 1 : whole.length === 1 && hits.length === 1, found);
  }
};

/** Every trace of every locked source, planted alone in each of its forms that is no text of it. */
const plantTraces = async (): Promise<{ readonly planted: readonly Planted[]; readonly texts: readonly Secret[] }> => {
  const folder = tempFolder();
  const sources = [
    ['seed', 'mnemonic file'],
    ['secp256k1', 'path'],
    ['ed25519', 'path'],
    ['bls12-381', 'path'],
    ['bls12-381', 'keystore scrypt'],
    ['secp256k1', 'keystore pbkdf2'],
    ['ed25519', 'sealed'],
  ] as const;
  const traces = sources.flatMap(([type, source]) => makeKeys(type, source, folder).flatMap((key) => key.traces ?? []));
  const planted = traces.flatMap((secret, i) => {
    const forms = formsOfSecret(secret).filter((form) => secret.type !== 'plain' || form.name.length < 20);
    const { name, bytes } = forms[i % forms.length] as Form;
    return [{ secret, bytes, form: name }];
  });
  return { planted, texts: traces.filter(({ type }) => type === 'text') };
};

const TYPES = ['ed25519', 'x25519', 'secp256k1', 'bls12-381'];
const reason = whyNoScan();

if (reason !== undefined) {
  test.skip('finds planted secrets', reason);
} else {
  test('finds a planted secret in each form, outside of the heap, and names the form', async () => {
    await assertEachFound(
      'malloc',
      plantEachForm('plain', () => true),
    );
  });

  test('finds what is derived from a key of each type', async () => {
    for (const type of TYPES) {
      // Every derived value as it is, and a part of its texts and orders: there are hundreds.
      const planted = plantEachForm(
        type,
        ({ name }) => !name.includes(': ') || / bytes$/.test(name) || random.int(6) === 0,
      );
      // Limbs are words of C: they lie where words do, and are mostly zeros elsewhere.
      const isLimbs = ({ form }: Planted): boolean => form.endsWith('limbs');
      await assertEachFound('aligned', planted.filter(isLimbs));
      await assertEachFound(
        'malloc',
        planted.filter((each) => !isLimbs(each)),
      );
    }
  });

  test('finds each trace of a source in its own forms, and 16 bytes of a text at any place', async () => {
    const { planted, texts } = await plantTraces();
    // Some are parts of others: a key, and the key schedule that begins with it.
    await assertEachFound('aligned', planted, true);
    const parts = texts.map(({ bytes }, i) => bytes.slice(i % 8, (i % 8) + 16));
    const { hits } = await scanPlanted('malloc', parts, texts);
    for (const text of texts)
      assert.equal(
        hits.filter(({ secret }) => secret === text.label).map(({ bytes }) => bytes),
        [16],
      );
  });

  for (const memory of ['shared', 'pool']) {
    test(`finds secrets in ${memory} memory`, async () => {
      await assertEachFound(
        memory,
        plantEachForm('plain', ({ bytes }) => bytes.length <= 128),
      );
    });
  }

  test('finds secrets in small typed arrays of the heap', async () => {
    await assertEachFound(
      'heap',
      plantEachForm('plain', ({ bytes }) => bytes.length <= 64),
      true,
    );
  });

  test('finds secrets in strings of one byte and of two bytes a character', async () => {
    const isText = ({ bytes }: Form): boolean => bytes.every((byte) => byte < 128);
    await assertEachFound(
      'string',
      plantEachForm('plain', (form) => isText(form) && !form.name.includes('UTF-16')),
      true,
    );
    const wide = plantEachForm('plain', ({ name }) => name.includes('UTF-16'));
    await assertEachFound('string', wide, true);
  });

  // Of programs and libraries only what was written to is read.
  test('finds a secret in the memory of the program itself', async () => {
    const [secret, absent] = [makeSecret(), makeSecret()];
    const { hits } = await scanPlanted('program', [secret.bytes], [secret, absent]);
    assert.equal(
      hits.map(({ secret: label, whole, where }) => [label, whole, where]),
      [[secret.label, true, basename(process.execPath)]],
    );
  });

  test('finds a secret that is a BigInt', async () => {
    const secret = makeSecret();
    const { hits } = await scanPlanted('bigint', [secret.bytes], [secret]);
    assert.ok(hits.some((hit) => hit.whole && hit.form === 'reversed'));
  });

  test('finds every copy that lies across a page boundary', async () => {
    const secret = makeSecret();
    const { hits } = await scanPlanted('pages', [secret.bytes], [secret]);
    assert.is(hits.filter(({ whole }) => whole).length, 1024);
    assert.is(hits.length, 1024);
  });

  test('counts each window of 16 bytes, and nothing shorter', async () => {
    const windows = Array.from({ length: 17 }, (_, offset) => ({ secret: makeSecret(), offset }));
    const part = (length: number) => windows.map(({ secret, offset }) => secret.bytes.slice(offset, offset + length));
    const secrets = windows.map(({ secret }) => secret);
    const found = await scanPlanted('malloc', part(16), secrets);
    for (const secret of secrets) {
      const [hit, ...more] = hitsOf(found, secret);
      assert.equal([hit?.whole, hit?.bytes, hit?.windows, more.length], [false, 16, 1, 0]);
    }
    const backwards = await scanPlanted(
      'malloc',
      part(16).map((bytes) => bytes.reverse()),
      secrets,
    );
    assert.is(backwards.hits.length, 17);
    assert.is((await scanPlanted('malloc', part(15), secrets)).hits.length, 0);
  });

  test('finds nothing of secrets that are not there', async () => {
    const secrets = Array.from({ length: 8 }, (_, i) => makeSecret(TYPES[i % TYPES.length] as string));
    const result = await scanPlanted('malloc', [random.bytes(32)], secrets);
    assert.is(result.hits.length, 0);
    assert.ok(result.bytesScanned > 4 * 1024 * 1024, 'it read the process');
  });
}

test.run();
