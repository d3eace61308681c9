// The door, tried from outside: the takeovers that Comlink alone allows, malformed messages and frames, wrong arguments.
// What can be answered is answered by a refusal, and a valid call works after each.
import { MessageChannel, MessagePort } from 'node:worker_threads';
import { expose } from 'comlink';
import { comlinkEndpoint } from '../../dist/src/wire/endpoint.js';
import {
  createFrameWriter,
  FRAME_MAGIC,
  REPLY_HEADER_BYTES,
  STATUS_CODES,
  schemeCode,
} from '../../dist/src/wire/frame.js';
import type { KeyRecord } from '../../dist/src/wire/protocol.js';
import type { KeyHandle, Scheme, Slot } from '../../dist/src/wire/types.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { type Answer, CONFIG, type RawVault, type Reply, raw, startRawVault } from './raw-vault.js';

const test = suite('the door');
let vault: RawVault;
let keys: Record<'ed25519' | 'secp256k1' | 'bls12-381' | 'x25519', KeyRecord>;

const frameOf = (handle: KeyHandle, scheme: Scheme, length = 32): ArrayBuffer => {
  const writer = createFrameWriter(64);
  writer.add(handle, schemeCode(scheme), 0, new Uint8Array(length), undefined);
  return writer.finish();
};

/** One operation signed: the vault is alive and well. */
const assertWorks = async (): Promise<void> => {
  const frame = frameOf(keys.ed25519.handle, 'ed25519');
  const reply = (await vault.call('sign', [frame], [frame])) as Extract<Reply, { ok: true }>;
  const [signed] = reply.value as ArrayBuffer[];
  assert.is(signed!.byteLength, REPLY_HEADER_BYTES + 1 + 64);
};

const codeOf = ({ type, value }: Answer): string => {
  assert.is(type, 'RAW');
  const reply = value as Reply;
  assert.is(reply.ok, false);
  const { error } = reply as Extract<Reply, { ok: false }>;
  assert.equal(
    Object.keys(error).filter((key) => !['code', 'message', 'keyId'].includes(key)),
    [],
  );
  return error.code;
};

const assertRefused = async (message: object): Promise<void> => {
  assert.is(codeOf(await vault.ask(message)), 'ERR_REFUSED');
  await assertWorks();
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
  assert.is((await vault.call('open', [CONFIG])).ok, true);
  assert.is((await vault.call('load', [[]])).ok, true); // resolves when the signers are ready
  keys = {
    ed25519: await vault.register('ed25519', 'ed25519'),
    secp256k1: await vault.register('secp256k1', 'secp256k1'),
    'bls12-381': await vault.register('bls12-381', 'bls12-381'),
    x25519: await vault.register('x25519', 'x25519'),
  };
  await assertRefused({ type: 'APPLY', path: ['open'], argumentList: raw([CONFIG]) });
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
  await assertWorks();
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
    await assertWorks();
  });
}

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

const words = (...values: number[]): ArrayBuffer => Uint32Array.from(values).buffer as ArrayBuffer;
/** A sound frame of one ed25519 operation, changed. */
const changed = (
  change: (frame: Uint32Array<ArrayBuffer>) => void,
  scheme: Scheme = 'ed25519',
  length = 32,
): ArrayBuffer => {
  const frame = new Uint32Array(frameOf(keys[scheme === 'ed25519' ? 'ed25519' : 'secp256k1'].handle, scheme, length));
  change(frame);
  return frame.buffer;
};

const FRAMES: Readonly<Record<string, () => unknown>> = {
  'no bytes': () => new ArrayBuffer(0),
  'half a header': () => words(FRAME_MAGIC),
  'an odd length': () => frameOf(keys.ed25519.handle, 'ed25519').slice(0, 33),
  'another magic': () =>
    changed((frame) => {
      frame[0]! += 1;
    }),
  'no operations': () => words(FRAME_MAGIC, 0),
  'a count of two': () =>
    changed((frame) => {
      frame[1] = 2;
    }),
  'a giant count': () =>
    changed((frame) => {
      frame[1] = 0xffff_ffff;
    }),
  'a count over the limit': () =>
    changed((frame) => {
      frame[1] = 65_537;
    }),
  'a message that is longer than the frame': () =>
    changed((frame) => {
      frame[4] = 36;
    }),
  'a message that is shorter than the frame': () =>
    changed((frame) => {
      frame[4] = 8;
    }),
  'a giant message': () =>
    changed((frame) => {
      frame[4] = 0xffff_fffc;
    }),
  'a message over 256 MiB': () =>
    changed((frame) => {
      frame[4] = 256 * 1024 * 1024 + 1;
    }),
  'scheme 0': () =>
    changed((frame) => {
      frame[5] = 0;
    }),
  'scheme 6': () =>
    changed((frame) => {
      frame[5] = 6;
    }),
  'scheme 255': () =>
    changed((frame) => {
      frame[5] = 255;
    }),
  'a hash for ed25519': () =>
    changed((frame) => {
      frame[5]! |= 1 << 8;
    }),
  'hash 4': () =>
    changed((frame) => {
      frame[5]! |= 4 << 8;
    }, 'ecdsa'),
  'a status': () =>
    changed((frame) => {
      frame[5]! |= 1 << 16;
    }),
  'a status of 255': () =>
    changed((frame) => {
      frame[5]! |= 255 << 16;
    }),
  'an unknown flag': () =>
    changed((frame) => {
      frame[5]! |= 2 << 24;
    }, 'schnorr'),
  'auxiliary randomness for ed25519': () =>
    changed((frame) => {
      frame[5]! |= 1 << 24;
    }),
  'auxiliary randomness that is not there': () =>
    changed((frame) => {
      frame[5]! |= 1 << 24;
    }, 'schnorr'),
  'a digest of 28 bytes': () => changed(() => undefined, 'ecdsa', 28),
  'more bytes after the operations': () => words(...new Uint32Array(frameOf(keys.ed25519.handle, 'ed25519')), 0),
  'shared memory': () => {
    const frame = new Uint8Array(frameOf(keys.ed25519.handle, 'ed25519'));
    const buffer = new SharedArrayBuffer(frame.length);
    new Uint8Array(buffer).set(frame);
    return buffer;
  },
  'a view': () => new Uint8Array(frameOf(keys.ed25519.handle, 'ed25519')),
};

for (const [name, make] of Object.entries(FRAMES)) {
  test(`a frame with ${name} is refused whole`, async () => {
    const reply = await vault.call('sign', [make()]);
    assert.is(codeOf({ type: 'RAW', value: reply }), 'ERR_REFUSED');
    assert.match((reply as Extract<Reply, { ok: false }>).error.message, /^the vault refused the frame: /);
    await assertWorks();
  });
}

test('a sound frame that names no key, or the wrong one, is answered by statuses', async () => {
  const { slot, generation } = keys.ed25519.handle;
  const cases: [KeyHandle, Scheme, string][] = [
    [{ slot: 15 as Slot, generation: 0 }, 'ed25519', 'ERR_KEY_NOT_FOUND'],
    [{ slot: 0xffff_ffff as Slot, generation: 0 }, 'ed25519', 'ERR_KEY_NOT_FOUND'],
    [{ slot, generation: generation + 1 }, 'ed25519', 'ERR_KEY_NOT_FOUND'],
    [{ slot, generation: generation - 1 }, 'ed25519', 'ERR_KEY_NOT_FOUND'],
    [{ slot, generation }, 'ecdsa', 'ERR_SCHEME_UNSUPPORTED'],
    [keys.secp256k1.handle, 'bls12-381', 'ERR_SCHEME_UNSUPPORTED'],
    [keys.x25519.handle, 'ed25519', 'ERR_OPERATION_UNSUPPORTED'],
  ];
  for (const [handle, scheme, code] of cases) {
    const reply = (await vault.call('sign', [frameOf(handle, scheme)])) as Extract<Reply, { ok: true }>;
    const [answer] = reply.value as ArrayBuffer[];
    assert.is(answer!.byteLength, REPLY_HEADER_BYTES + 1, 'no signature');
    assert.is(STATUS_CODES[new Uint8Array(answer!)[REPLY_HEADER_BYTES]!], code);
  }
});

test('more operations or bytes than may be pending are refused', async () => {
  const writer = createFrameWriter(64);
  for (let i = 0; i < 1001; i++) writer.add(keys.ed25519.handle, 1, 0, new Uint8Array(1), undefined);
  assert.is(codeOf({ type: 'RAW', value: await vault.call('sign', [writer.finish()]) }), 'ERR_VAULT_BUSY');
  const large = frameOf(keys.ed25519.handle, 'ed25519', 17 * 1024 * 1024);
  assert.is(codeOf({ type: 'RAW', value: await vault.call('sign', [large]) }), 'ERR_VAULT_BUSY');
  await assertWorks();
});

test('names of object members are ids that nobody has', async () => {
  for (const id of ['constructor', 'toString', 'hasOwnProperty', 'prototype']) {
    const reply = await vault.call('publicKey', [id]);
    assert.is(codeOf({ type: 'RAW', value: reply }), 'ERR_KEY_NOT_FOUND');
  }
  await assertWorks();
});

test.run();
