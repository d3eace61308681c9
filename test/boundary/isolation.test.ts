// What a program holds when it holds a vault: nothing that leads to the thread, its port, its memory or a secret. And
// what runs beside the keys: nothing but this package.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, types } from 'node:util';
import { BroadcastChannel, MessageChannel, MessagePort, Worker } from 'node:worker_threads';
import { openVault, type Vault } from 'strongroom';
import { workersWith } from '../faults/fixtures/copied-workers.js';
import { assert, rejects } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const random = seededRandom('boundary/isolation');
const test = suite('isolation');
let vault: Vault;
/** Copies of the secrets, to look for. */
const secrets: Buffer[] = [];

test.before(async () => {
  const secret = (): Uint8Array => {
    const bytes = random.bytes(32);
    bytes[0]! &= 0x3f;
    secrets.push(Buffer.from(bytes.slice()));
    return bytes;
  };
  vault = await openVault({
    threads: 1,
    keys: {
      ed25519: { type: 'ed25519', from: { bytes: secret() } },
      secp256k1: { type: 'secp256k1', from: { bytes: secret() } },
      'bls12-381': { type: 'bls12-381', from: { bytes: secret() } },
      seed: { type: 'seed', from: { bytes: secret() } },
    },
  });
});
test.after(() => vault.close());

const isForbidden = (value: unknown): boolean =>
  types.isProxy(value) ||
  types.isSharedArrayBuffer(value) ||
  (ArrayBuffer.isView(value) && types.isSharedArrayBuffer(value.buffer)) ||
  value instanceof Worker ||
  value instanceof MessagePort ||
  value instanceof BroadcastChannel ||
  Object.prototype.toString.call(value) === '[object WebAssembly.Memory]';

const holdsSecret = (text: string | Uint8Array): boolean =>
  secrets.some((secret) =>
    typeof text === 'string'
      ? [secret.toString('hex'), secret.toString('base64'), secret.join(','), secret.toString('latin1')].some((form) =>
          text.includes(form),
        )
      : Buffer.from(text.buffer, text.byteOffset, text.byteLength).includes(secret),
  );

/** Everything that can be reached from values by properties, getters, symbols, prototypes, maps and promises. */
const reach = async (roots: readonly unknown[]): Promise<{ readonly found: string[]; readonly seen: number }> => {
  const seen = new Set<unknown>();
  const found: string[] = [];
  const queue: [unknown, string][] = roots.map((root, i) => [root, `root ${i}`]);
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [value, path] = next;
    if (typeof value === 'string' && holdsSecret(value)) found.push(`${path}: a secret`);
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isForbidden(value)) {
      found.push(path);
      continue;
    }
    if (types.isUint8Array(value) && holdsSecret(new Uint8Array(value.buffer as ArrayBuffer)))
      found.push(`${path}: a secret`);
    if (types.isPromise(value)) {
      const settled = await Promise.race([value, undefined]).catch((error: unknown) => error); // undefined while pending
      queue.push([settled, `${path} (settled)`]);
    }
    if (value instanceof Map)
      queue.push(...[...value].flat().map((each): [unknown, string] => [each, `${path} (entry)`]));
    queue.push([Object.getPrototypeOf(value), `${path}.__proto__`]);
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
      const at = `${path}.${String(key)}`;
      queue.push([descriptor?.value, at], [descriptor?.get, `${at} (getter)`], [descriptor?.set, `${at} (setter)`]);
    }
  }
  return { found, seen: seen.size };
};

/** All that a vault gives: itself, and what its calls answer, errors included. */
const everythingGiven = async (): Promise<unknown[]> => {
  const message = random.bytes(32);
  const errors = [
    () => vault.sign('nobody', message),
    () => vault.sign('', message),
    () => vault.register('ed25519', { type: 'ed25519', from: 'generate' }),
    () => vault.register('short', { type: 'ed25519', from: { bytes: new Uint8Array(7) } }),
    () => vault.signTogether(['ed25519'], message),
    () => vault.execute('ed25519', 'extendedPublicKey', { path: 'm' }),
    () => vault.exportKeystore('secp256k1', { file: 'never.json', password: { bytes: random.bytes(20) } }),
    () => vault.seal({ file: 'never.sealed', password: { bytes: random.bytes(20) } }),
    () => vault.seal({ file: 'never.sealed', password: secrets[0]!.toString('hex') as never }),
  ];
  return [
    vault,
    vault.info(),
    vault.keys(),
    await vault.publicKey('ed25519'),
    await vault.sign('secp256k1', message),
    await vault.signMany('ed25519', [message, message]),
    await vault.signTogether(['bls12-381'], message),
    await vault.register('temporary', { type: 'ed25519', from: 'generate' }),
    await vault.execute('seed', 'extendedPublicKey', { path: "m/44'/60'/0'" }),
    await vault.release('temporary'),
    ...(await Promise.all(errors.map((error) => rejects(error(), Error)))),
  ];
};

test('no worker, port, proxy, shared memory or secret can be reached from what a vault gives', async () => {
  const { found, seen } = await reach(await everythingGiven());
  assert.equal(found, []);
  assert.ok(seen > 50, `only ${seen} objects were looked at`);
});

test('positive control: each of these is found where it is', async () => {
  const { port1, port2 } = new MessageChannel();
  const hidden = {
    a: { [Symbol('deep')]: new Map([['x', port1]]) },
    b: Promise.resolve({ view: new Uint8Array(new SharedArrayBuffer(4)) }),
    c: Object.assign(() => undefined, { inner: new Proxy({}, {}) }),
    d: Object.create({ text: secrets[0]!.toString('hex') }),
    e: [new Uint8Array(secrets[1]!)],
  };
  assert.is((await reach([hidden])).found.length, 5);
  port2.close();
});

test('a vault is frozen, and has exactly these members', () => {
  assert.ok(Object.isFrozen(vault));
  assert.is(Object.getPrototypeOf(vault), Object.prototype);
  const members = [
    'register',
    'publicKey',
    'sign',
    'signMany',
    'signTogether',
    'verify',
    'release',
    'execute',
    'grant',
    'revoke',
    'lock',
    'unlock',
    'stats',
    'events',
    'seal',
    'exportKeystore',
    'info',
    'keys',
    'closed',
    'close',
  ];
  assert.equal(Reflect.ownKeys(vault), [...members, Symbol.asyncDispose]);
  assert.throws(() => Object.assign(vault, { sign: () => undefined }), /read only/);
});

test('inspection, JSON and errors show no thread, no memory and no secret', async () => {
  const shown = (await everythingGiven()).flatMap((value) => [
    inspect(value, { showHidden: true, depth: Number.POSITIVE_INFINITY, showProxy: true, getters: true }),
    JSON.stringify(value) ?? '',
    String(value),
  ]);
  for (const text of shown) {
    assert.not.match(text, /Worker|MessagePort|SharedArrayBuffer|Proxy|WebAssembly|Comlink/);
    assert.not.ok(holdsSecret(text));
  }
  assert.match(shown[0]!, /signTogether/, 'positive control: the vault is shown');
});

test('a vault cannot be cloned', () => {
  assert.throws(() => structuredClone(vault), /could not be cloned/);
});

const READY = `
  const vault = await openVault({ threads: 2, keys: { a: { type: 'secp256k1', from: 'generate' } } });
  await Promise.all(Array.from({ length: 4096 }, () => vault.sign('a', new Uint8Array(32))));`;

test('what NODE_OPTIONS preloads does not run in the vault or in a signer', async () => {
  const folder = tempFolder();
  const preloaded = join(folder, 'preloaded.cjs');
  const marks = join(folder, 'marks');
  writeFileSync(
    preloaded,
    `require('node:fs').appendFileSync(${JSON.stringify(marks)}, require('node:worker_threads').threadId + '\\n');`,
  );
  const program = `
    import { once } from 'node:events';
    import { readFileSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import { openVault } from 'strongroom';
    const marks = () => readFileSync(${JSON.stringify(marks)}, 'utf8').split('\\n').length - 1;
    ${READY}
    const beside = marks();
    await vault.close();
    await once(new Worker('', { eval: true }), 'exit');
    console.log(JSON.stringify({ beside, control: marks() }));`;
  for (const option of ['--require', '--import']) {
    writeFileSync(marks, '');
    const { code, stdout, stderr } = await runNode(program, { env: { NODE_OPTIONS: `${option} ${preloaded}` } });
    assert.is(code, 0, stderr);
    assert.equal(JSON.parse(stdout), { beside: 1, control: 2 }, 'once in main; the control is a worker of the program');
  }
});

test('elliptic is loaded in no thread', async () => {
  // Each signer tells which CommonJS modules its thread has loaded; so does main, and a vault thread that is asked to.
  const tell = `
    const { createRequire } = await import('node:module');
    const { BroadcastChannel } = await import('node:worker_threads');
    const tellModules = (who) => {
      const channel = new BroadcastChannel('strongroom-modules');
      channel.unref();
      channel.postMessage({ who, modules: Object.keys(createRequire(import.meta.url).cache) });
    };`;
  const workers = workersWith(
    'signer/signer.js',
    `
    ${tell}
    const { signBatch: sign } = await import('./real-signer.js');
    export const signBatch = (task) => {
      tellModules('signer');
      return sign(task);
    };`,
  );
  writeFileSync(
    new URL('vault/vault.js', workers),
    `${tell}
    const { parentPort } = await import('node:worker_threads');
    const { serve } = await import('./service.js');
    const service = serve(parentPort);
    parentPort.on('message', () => service.current() && tellModules('vault'));`,
  );
  const told = new Map<string, Set<string>>();
  const channel = new BroadcastChannel('strongroom-modules');
  channel.onmessage = (event: unknown) => {
    const { who, modules } = (event as { data: { who: string; modules: string[] } }).data;
    told.set(who, new Set([...(told.get(who) ?? []), ...modules]));
  };
  const other = await openVault({ threads: 1, keys: { a: { type: 'secp256k1', from: 'generate' } } }, { workers });
  try {
    for (const scheme of ['ecdsa', 'ecdsa-recoverable', 'schnorr'] as const) {
      const messages = Array.from({ length: 512 }, () => random.bytes(32));
      const signatures = await other.signMany('a', messages, { scheme });
      assert.is(await other.verify('a', messages[0]!, signatures[0]!, { scheme }), true);
    }
  } finally {
    await other.close();
    channel.close();
  }
  told.set('main', new Set(Object.keys((await import('node:module')).createRequire(import.meta.url).cache)));
  assert.equal([...told.keys()].sort(), ['main', 'signer', 'vault']);
  for (const [who, modules] of told) {
    const names = [...modules];
    assert.equal(
      names.filter((name) => /[\\/](elliptic|bn\.js)[\\/]/.test(name)),
      [],
      who,
    );
    if (who !== 'main' && other.info().providers.secp256k1 === 'native') {
      assert.ok(
        names.some((name) => /secp256k1[\\/]bindings\.js$/.test(name)),
        `positive control: ${who} loaded it`,
      );
    }
  }
});

test.run();
