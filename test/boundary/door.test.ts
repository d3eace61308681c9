// The door, tried from outside: the takeovers that Comlink alone allows, malformed messages, wrong arguments.
// What can be answered is answered by a refusal, and a valid call works after each.
import { MessageChannel, MessagePort } from 'node:worker_threads';
import { expose } from 'comlink';
import { comlinkEndpoint } from '../../dist/src/wire/endpoint.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import {
  type Answer,
  assertWorks,
  CONFIG,
  codeOf,
  openRawVault,
  type RawKeys,
  type RawVault,
  type Reply,
  raw,
  startRawVault,
} from './raw-vault.js';

const test = suite('the door');
let vault: RawVault;
let keys: RawKeys;

/** Refused by the door itself: no handler has seen it. */
const assertRefused = async (message: object): Promise<void> => {
  const answer = await vault.ask(message);
  assert.is(codeOf(answer), 'ERR_REFUSED');
  assert.match((answer.value as Extract<Reply, { ok: false }>).error.message, /^the vault refused the message: /);
  await assertWorks(vault, keys);
};

test.before(async () => {
  vault = await startRawVault();
});
test.after(async () => {
  assert.is(await vault.close(), 0);
  assert.equal(vault.unexpected, [], 'nothing came that was not asked for');
});

test('calls before open are refused, and a bad configuration opens nothing', async () => {
  for (const method of [
    'load',
    'register',
    'publicKey',
    'sign',
    'verify',
    'release',
    'signTogether',
    'claimVariables',
  ]) {
    assert.is(codeOf(await vault.ask({ type: 'APPLY', path: [method], argumentList: raw([[]]) })), 'ERR_REFUSED');
  }
  const configs = [undefined, null, [], {}, 'auto', { ...CONFIG, threads: 0 }, { ...CONFIG, threads: '1' }];
  for (const config of [...configs, { ...CONFIG, maxKeys: 1e9 }, { ...CONFIG, extra: 1 }, { ...CONFIG, lock: {} }]) {
    assert.is(codeOf(await vault.ask({ type: 'APPLY', path: ['open'], argumentList: raw([config]) })), 'ERR_REFUSED');
  }
});

test('the vault opens once', async () => {
  keys = await openRawVault(vault);
  const again = await vault.ask({ type: 'APPLY', path: ['open'], argumentList: raw([CONFIG]) });
  assert.is(codeOf(again), 'ERR_REFUSED');
  await assertWorks(vault, keys);
});

const TAKEOVER = 'return 6 * 7';
const TAKEOVERS: Readonly<Record<string, object>> = {
  'code by CONSTRUCT of a constructor': {
    type: 'CONSTRUCT',
    path: ['sign', 'constructor'],
    argumentList: raw([TAKEOVER]),
  },
  'code by APPLY of a constructor': { type: 'APPLY', path: ['sign', 'constructor'], argumentList: raw([TAKEOVER]) },
  'a constructor of constructors': {
    type: 'CONSTRUCT',
    path: ['sign', 'constructor', 'constructor'],
    argumentList: [],
  },
  'SET through __proto__': { type: 'SET', path: ['sign', '__proto__', 'apply'], value: { type: 'RAW', value: 1 } },
  'SET of a method': { type: 'SET', path: ['sign'], value: { type: 'RAW', value: 1 } },
  'an unknown transfer handler': {
    type: 'APPLY',
    path: ['publicKey'],
    argumentList: [{ type: 'HANDLER', name: 'x', value: 1 }],
  },
  'a thrown value as an argument': {
    type: 'APPLY',
    path: ['publicKey'],
    argumentList: [{ type: 'HANDLER', name: 'throw', value: {} }],
  },
  'GET of everything': { type: 'GET', path: [] },
  'GET of a method': { type: 'GET', path: ['sign'] },
  'a new port by ENDPOINT': { type: 'ENDPOINT', path: [] },
  'the end by RELEASE': { type: 'RELEASE', path: [] },
};

for (const [name, message] of Object.entries(TAKEOVERS)) {
  test(`${name} is refused`, () => assertRefused(message));
}

test('positive control: Comlink alone lets code in, replaces what methods inherit, and hands out ports', async () => {
  const { port1, port2 } = new MessageChannel();
  const sign = (): number => 1;
  const inherited = Object.assign(Object.create(null), { marked: false });
  Object.setPrototypeOf(sign, Object.setPrototypeOf(inherited, Function.prototype));
  expose(
    Object.freeze(Object.assign(Object.create(null), { sign })),
    comlinkEndpoint(port2, (data) => data),
  );
  const ask = (message: object): Promise<Answer> =>
    new Promise((resolve) => {
      port1.once('message', resolve);
      port1.postMessage({ ...message, id: 'x' });
    });
  const made = await ask(TAKEOVERS['code by CONSTRUCT of a constructor']!);
  assert.equal([made.type, made.name], ['HANDLER', 'proxy'], 'a function of our text, ready to be called');
  (made.value as MessagePort).close();
  await ask({ type: 'SET', path: ['sign', '__proto__', 'marked'], value: { type: 'RAW', value: true } });
  assert.is(inherited.marked, true);
  const minted = (await ask({ type: 'ENDPOINT', path: [] })).value;
  assert.instance(minted, MessagePort);
  (minted as MessagePort).close();
  port1.close();
});

test('malformed calls are refused', async () => {
  const call = { type: 'APPLY', path: ['publicKey'], argumentList: raw(['ed25519']) };
  const shapes: object[] = [
    { ...call, type: undefined },
    { ...call, type: 'apply' },
    { ...call, type: ['APPLY'] },
    { ...call, path: undefined },
    { ...call, path: 'publicKey' },
    { ...call, path: [] },
    { ...call, path: ['publicKey', 'call'] },
    { ...call, path: [['publicKey']] },
    { ...call, path: [new String('publicKey')] },
    { ...call, path: { 0: 'publicKey', length: 1 } },
    { ...call, path: ['__proto__'] },
    { ...call, path: new Array(1) },
    { ...call, argumentList: undefined },
    { ...call, argumentList: 'ed25519' },
    { ...call, argumentList: { length: 1, 0: { type: 'RAW', value: 1 } } },
    { ...call, argumentList: ['ed25519'] },
    { ...call, argumentList: [null] },
    { ...call, argumentList: new Array(1) },
    { ...call, argumentList: raw([1, 2, 3]) },
    { ...call, argumentList: new Array(4_000_000_000) },
  ];
  for (const shape of shapes) await assertRefused(shape);
});

test('what has no call id gets no answer and does no harm', async () => {
  const call = { type: 'APPLY', path: ['close'], argumentList: [] };
  const messages = [undefined, null, 0, 'close', true, [], {}, new Map(), call, new Uint8Array(3), new Error('x')];
  for (const message of messages) vault.send(message);
  for (const id of ['', 'x'.repeat(65), 7, null, {}, ['a']]) vault.send({ ...call, id });
  for (const handoff of [-1, 0.5, '0', null, {}]) vault.send({ handoff, bytes: new ArrayBuffer(4) });
  for (const bytes of [undefined, 'text', new Uint8Array(4), new SharedArrayBuffer(4)])
    vault.send({ handoff: 1, bytes });
  for (const stop of [undefined, 1, new Int32Array(1), new Uint8Array(new SharedArrayBuffer(4))]) vault.send({ stop });
  vault.send({ stop: new Int32Array(new SharedArrayBuffer(0)) });
  await assertWorks(vault, keys);
  assert.equal(vault.unexpected, []);
});

const ODD = [
  undefined,
  null,
  true,
  1,
  -1,
  Number.NaN,
  1n,
  '',
  'x'.repeat(200),
  '__proto__',
  [],
  {},
  [[]],
  new Map(),
  new Date(),
];
const BYTES = new Uint8Array(4);
const SPEC = { id: 'new', type: 'ed25519', source: { kind: 'generate' } };
const FILE = { kind: 'file', path: '/a', encoding: 'auto', allowSharedFile: false };
const QUESTION = { id: 'ed25519', scheme: 'ed25519', hash: undefined, message: BYTES, signature: BYTES };
const GRANT = { keys: ['ed25519'], operations: ['sign'] };
const shared = new Uint8Array(new SharedArrayBuffer(4));
const holes = (...items: unknown[]): unknown[] => Object.assign(new Array(items.length + 1), items);

/** Arguments that each method refuses. */
const WRONG: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  claimVariables: [
    ...ODD.filter((odd) => !(Array.isArray(odd) && odd.length === 0)).map((odd) => [odd]),
    [['']],
    [['A=B']],
    [['A\0']],
    [['1A']],
    [holes('A')],
    [['x'.repeat(256)]],
    [new Array(100_001)],
  ],
  load: [
    ...ODD.filter((odd) => !(Array.isArray(odd) && odd.length === 0)).map((odd) => [odd]),
    [[SPEC, null]],
    [holes(SPEC)],
    [[{ ...SPEC, id: 'a b' }]],
    [new Array(1_000_001)],
  ],
  register: [
    ...ODD.map((odd) => [odd]),
    ...ODD.flatMap((odd) => [[{ ...SPEC, id: odd }], [{ ...SPEC, type: odd }], [{ ...SPEC, source: odd }]]),
    [{ ...SPEC, extra: 1 }],
    [{ ...SPEC, source: { kind: 'generate', extra: 1 } }],
    [{ ...SPEC, source: { ...FILE, path: 'relative' } }],
    [{ ...SPEC, source: { ...FILE, path: '/a\0b' } }],
    [{ ...SPEC, source: { ...FILE, encoding: 'utf8' } }],
    [{ ...SPEC, source: { kind: 'env', name: 'A=B', encoding: 'auto' } }],
    [{ ...SPEC, source: { kind: 'bytes', handoff: -1, encoding: 'auto' } }],
  ],
  publicKey: ODD.map((odd) => [odd]),
  sign: [...ODD, BYTES, new DataView(new ArrayBuffer(8))].map((odd) => [odd]),
  signTogether: [
    ...ODD.map((odd) => [odd, BYTES]),
    ...ODD.map((odd) => [['bls12-381'], odd]),
    ...ODD.map((odd) => [[odd], BYTES]),
    [holes('bls12-381'), BYTES],
    [new Array(1), BYTES],
    [['bls12-381', 'bls12-381'], BYTES],
    [Array.from({ length: 17 }, (_, i) => `k${i}`), BYTES],
    [['bls12-381'], shared],
  ],
  verify: [
    ...ODD.map((odd) => [odd]),
    ...ODD.flatMap((odd) => [
      [{ ...QUESTION, id: odd }],
      [{ ...QUESTION, message: odd }],
      [{ ...QUESTION, signature: odd }],
    ]),
    ...ODD.filter((odd) => odd !== undefined).map((odd) => [{ ...QUESTION, hash: odd }]),
    [{ ...QUESTION, signature: new Uint8Array(1025) }],
    [{ ...QUESTION, message: shared }],
    [{ ...QUESTION, message: 'text' }],
  ],
  release: ODD.map((odd) => [odd]),
  execute: [
    ...ODD.map((odd) => [odd]),
    ...ODD.flatMap((odd) => [[{ id: odd, operator: 'provePossession' }], [{ id: 'ed25519', operator: odd }]]),
    ...ODD.filter((odd) => typeof odd !== 'string').map((path) => [
      { id: 'ed25519', operator: 'extendedPublicKey', path },
    ]),
    [{ id: 'ed25519', operator: 'agree', input: {} }],
    [{ id: 'ed25519', operator: 'provePossession', input: 1 }],
    [{ id: 'ed25519', operator: 'a/b', input: 1, extra: 1 }],
  ],
  grant: [...ODD.map((odd) => [GRANT, odd]), ...ODD.map((odd) => [odd]), [GRANT, { port: 1 }], [GRANT, BYTES]],
  revoke: ODD.filter((odd) => typeof odd !== 'number').map((odd) => [odd]),
  lock: [...ODD.map((odd) => [odd]), ...ODD.map((odd) => [{ unsealed: odd }]), [{ unsealed: 'drop', extra: 1 }]],
  unlock: [
    ...ODD.map((odd) => [odd]),
    ...ODD.filter((odd) => !(Array.isArray(odd) && odd.length === 0)).map((odd) => [{ files: odd }]),
    ...ODD.filter((odd) => odd !== undefined).map((odd) => [{ files: [], password: odd }]),
    [{ files: [{ path: 'relative', password: FILE }] }],
    [{ files: [{ path: '/a', password: { kind: 'bytes', handoff: -1 } }] }],
    [{ files: [], extra: 1 }],
  ],
  createKeyFile: [
    ...ODD.map((odd) => [odd, '/a']),
    ...ODD.filter((odd) => typeof odd !== 'string' || odd === '').map((odd) => ['ed25519', odd]),
    ['ed25519', '/a\0b'],
    ['ed25519', '/'.repeat(40_000)],
  ],
};

for (const [method, lists] of Object.entries(WRONG)) {
  test(`${method}: wrong arguments are refused`, async () => {
    for (const args of [...lists, []]) {
      assert.is(
        codeOf(await vault.ask({ type: 'APPLY', path: [method], argumentList: raw(args) })),
        'ERR_REFUSED',
        String(args),
      );
    }
    const three = await vault.ask({ type: 'APPLY', path: [method], argumentList: raw([1, 2, 3]) });
    assert.is(codeOf(three), 'ERR_REFUSED', 'three arguments');
    await assertWorks(vault, keys);
  });
}

test('a grant of the wrong shape is ERR_GRANT, and the port that came with it is closed', async () => {
  for (const grant of [...ODD, { ...GRANT, keys: [] }, { ...GRANT, operations: ['export'] }, { ...GRANT, extra: 1 }]) {
    const { port1, port2 } = new MessageChannel();
    const closed = new Promise((resolve) => void port1.once('close', () => resolve('closed')));
    const reply = await vault.call('grant', [grant, port2], [port2]);
    assert.is(codeOf({ type: 'RAW', value: reply }), 'ERR_GRANT', String(grant));
    assert.is(await closed, 'closed');
  }
  for (const number of [0, 1, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.is(codeOf({ type: 'RAW', value: await vault.call('revoke', [number]) }), 'ERR_GRANT');
  }
  await assertWorks(vault, keys);
});

test('what is told unasked is told of the keys, and holds nothing but what is public', async () => {
  const told = vault.notices.flatMap(({ event }) => (event === undefined ? [] : [event]));
  assert.equal(
    told.filter(({ type }) => type === 'registered').map((event) => ('id' in event ? event.id : undefined)),
    Object.keys(keys),
  );
  const names = new Set(vault.notices.flatMap((notice) => Object.keys(notice)));
  for (const name of names) assert.ok(['changed', 'gone', 'left', 'locked', 'event'].includes(name), name);
});

test('a hand-off or a stop is no call', async () => {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  await assertRefused({ handoff: 1, bytes: new ArrayBuffer(4) });
  await assertRefused({ stop });
  await assertRefused({ type: 'APPLY', path: ['publicKey'], argumentList: raw(['ed25519']), handoff: 1 });
  assert.is(stop[0], 0);
});

test('a scheme that is none, or of another type, is told apart from a malformed call', async () => {
  for (const scheme of [...ODD, 'ecdsa']) {
    const asked = { type: 'APPLY', path: ['verify'], argumentList: raw([{ ...QUESTION, scheme }]) };
    assert.is(codeOf(await vault.ask(asked)), 'ERR_SCHEME_UNSUPPORTED');
  }
});

test('names of object members are ids that nobody has', async () => {
  for (const id of ['constructor', 'toString', 'hasOwnProperty', 'prototype']) {
    const reply = await vault.call('publicKey', [id]);
    assert.is(codeOf({ type: 'RAW', value: reply }), 'ERR_KEY_NOT_FOUND');
  }
  await assertWorks(vault, keys);
});

test.run();
