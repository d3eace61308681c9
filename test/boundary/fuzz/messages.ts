// Hostile messages for the vault's port: each made by one of the makers below, from seeded randomness.
import { join } from 'node:path';
import { createFrameWriter, FRAME_MAGIC, schemeCode } from '../../../dist/src/wire/frame.js';
import { VAULT_METHODS } from '../../../dist/src/wire/protocol.js';
import { ENCODINGS, KEY_TYPES, type KeyHandle, SCHEMES } from '../../../dist/src/wire/types.js';
import type { SeededRandom } from '../../support/random.js';
import { anyValue, type Bag, MANY_HOLES, TRICKS } from './values.js';

export interface Hostile {
  readonly message: unknown;
  /** It is not a call that could be valid. */
  readonly mustRefuse: boolean;
}

export interface Target {
  /** Keys that stay registered while messages are sent; no maker releases them. */
  readonly keptIds: readonly string[];
  readonly handles: readonly KeyHandle[];
  /** A folder where files may be written. */
  readonly folder: string;
}

type Make = (random: SeededRandom, bag: Bag, target: Target) => Hostile;

/** What a stranger may call without ending the vault. */
const METHODS = VAULT_METHODS.filter((name) => name !== 'close');
const MANY_NAMES = new Array(20_000).fill('A');
let nextId = 0;
const freshId = (): string => `fuzz-${nextId++}`;
const raw = (value: unknown) => ({ type: 'RAW', value });
const call = (method: string, ...args: unknown[]) => ({
  id: freshId(),
  type: 'APPLY',
  path: [method],
  argumentList: args.map(raw),
});
const refusable = (message: unknown): Hostile => ({ message, mustRefuse: true });
const plausible = (message: unknown): Hostile => ({ message, mustRefuse: false });

const anyPath: Make = (random, bag) => {
  const step = (): unknown => random.pick([...TRICKS, ...METHODS, 'close', 0, null, 'x'.repeat(10_000), {}, ['sign']]);
  const path = random.pick<unknown>([
    [],
    [random.pick(TRICKS)],
    [step(), step()],
    ['sign', random.pick(TRICKS)],
    Array.from({ length: 3 + random.int(40) }, step),
    new Array(1),
    [Object('close')],
    [['close']],
    { 0: 'close', length: 1 },
    'close',
    anyValue(random, bag, 1),
  ]);
  const isCall = Array.isArray(path) && path.length === 1 && (METHODS as unknown[]).concat('close').includes(path[0]);
  return refusable({ id: freshId(), type: 'APPLY', path: isCall ? ['nothing'] : path, argumentList: [] });
};

const otherTypes: Make = (random, bag) => {
  const type = random.pick<unknown>([
    ...['GET', 'SET', 'CONSTRUCT', 'ENDPOINT', 'RELEASE', 'HANDLER', 'RAW', 'apply', 'APPLY ', '', undefined, null, 3],
    ...[['APPLY'], Object('APPLY'), { toString: 'APPLY' }],
  ]);
  const path = random.pick<unknown>([
    [],
    ['sign'],
    ['close'],
    ['__proto__', 'sign'],
    ['sign', 'constructor'],
    [random.pick(TRICKS)],
  ]);
  const value = random.pick<unknown>([raw(anyValue(random, bag, 2)), anyValue(random, bag, 2)]);
  return refusable({ id: freshId(), type, path, value, argumentList: [raw('return process')] });
};

const hostileArguments: Make = (random, bag) => {
  const value = anyValue(random, bag, 2);
  const argument = random.pick<unknown>([
    { type: 'HANDLER', name: random.pick(['proxy', 'throw', 'unknown', ...TRICKS]), value },
    { type: 'raw', value },
    { value },
    { type: ['RAW'], value },
    null,
    7,
    'RAW',
  ]);
  const list = random.pick<unknown>([
    [argument],
    [raw(1), argument],
    [raw(1), raw(2), raw(3)],
    new Array(1),
    MANY_HOLES,
    { 0: raw(1), length: 1 },
    'RAW',
    undefined,
    null,
    new Map([[0, raw(1)]]),
  ]);
  return refusable({ id: freshId(), type: 'APPLY', path: [random.pick(VAULT_METHODS)], argumentList: list });
};

const oddIds: Make = (random, bag) => {
  const id = random.pick<unknown>([
    ...[undefined, null, 0, 1n, '', 'x'.repeat(65), 'x'.repeat(64), {}, ['a'], Object('a'), true, 'ready', 'fatal'],
    anyValue(random, bag, 1),
  ]);
  return refusable({
    id,
    type: random.pick(['APPLY', 'GET', 'RELEASE']),
    path: [random.pick(TRICKS)],
    argumentList: [],
  });
};

const noRecord: Make = (random, bag) => refusable(anyValue(random, bag, 3));

const anyCall: Make = (random, bag, target) => {
  const method = random.pick(METHODS);
  const args = Array.from({ length: random.int(3) }, () => anyValue(random, bag, 3));
  if (method === 'release' && target.keptIds.includes(args[0] as string)) args[0] = 'fuzz/0';
  return { message: call(method, ...args), mustRefuse: method === 'open' };
};

const handOff: Make = (random, bag) => {
  const bytes = random.bytes(random.pick([0, 1, 32, 32, 64, 200, random.int(40) === 0 ? 65_536 : 33])).buffer;
  if (random.int(4) > 0) bag.push(bytes);
  const number = random.pick<unknown>([
    random.int(2000),
    random.int(20),
    -1,
    2 ** 32,
    2 ** 53,
    0.5,
    NaN,
    '1',
    1n,
    null,
  ]);
  const payload = random.pick<unknown>([
    bytes,
    bytes,
    bytes,
    new Uint8Array(bytes),
    new SharedArrayBuffer(8),
    null,
    {},
  ]);
  const message = random.pick<object>([
    { handoff: number, bytes: payload },
    { handoff: number, bytes: payload },
    { handoff: number },
    { handoff: number, bytes: payload, id: freshId() },
    { handoff: number, bytes: payload, stop: number, id: freshId(), type: 'APPLY', path: ['publicKey'] },
    Object.assign([], { handoff: number, bytes: payload }),
  ]);
  return refusable(message);
};

/** Almost a stop: the real one ends the vault, as it should. */
const almostStop: Make = (random, bag) => {
  const stop = random.pick<unknown>([
    new Int32Array(1),
    new Int32Array(new SharedArrayBuffer(0)),
    new Uint32Array(new SharedArrayBuffer(4)),
    new SharedArrayBuffer(4),
    0,
    true,
    anyValue(random, bag, 1),
  ]);
  return refusable(
    random.pick<object>([{ stop }, { stop, id: freshId() }, { stop, id: freshId(), ready: true, fatal: {} }]),
  );
};

const validFrame = (random: SeededRandom, { handles }: Target): ArrayBuffer => {
  const writer = createFrameWriter(256);
  for (let count = 1 + random.int(4); count > 0; count--) {
    const handle = random.int(6) > 0 ? random.pick(handles) : { slot: random.int(2 ** 32), generation: random.int(4) };
    const scheme = random.pick(SCHEMES);
    const isSchnorr = scheme === 'schnorr';
    const auxRand = isSchnorr && random.int(2) === 0 ? random.bytes(32) : undefined;
    const length = scheme.startsWith('ecdsa') ? 32 : random.int(80);
    writer.add(handle as KeyHandle, schemeCode(scheme), 0, random.bytes(length), auxRand);
  }
  return writer.finish();
};

const wellFormedFrame: Make = (random, _bag, target) => plausible(call('sign', validFrame(random, target)));

const flippedFrame: Make = (random, bag, target) => {
  const frame = validFrame(random, target);
  const bytes = new Uint8Array(frame);
  for (let flips = 1 + random.int(3); flips > 0; flips--) bytes[random.int(bytes.length)]! ^= 1 << random.int(8);
  bag.push(frame);
  return plausible(call('sign', frame));
};

const brokenFrame: Make = (random, _bag, target) => {
  const frame = validFrame(random, target);
  const words = new Uint32Array(frame);
  const [slot, generation] = [words[2]!, words[3]!];
  const lengths = [0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x1000_0000, 0x1000_0001, 0xffff_fff0, frame.byteLength];
  const ofWords = (...all: number[]): ArrayBuffer => new Uint32Array(all).buffer;
  const counts = [0, 65_537, 2 ** 31, 2 ** 32 - 1, words[1]! + 1, words[1]! + 1000];
  const shared = new SharedArrayBuffer(frame.byteLength);
  new Uint8Array(shared).set(new Uint8Array(frame));
  const broken = random.pick<unknown>([
    frame.slice(0, random.int(frame.byteLength)),
    frame.slice(4),
    ofWords(FRAME_MAGIC, 1, slot, generation, random.pick(lengths), schemeCode('ed25519')),
    ofWords(FRAME_MAGIC, 2, slot, generation, random.pick(lengths), schemeCode('bls12-381'), slot, generation, 0, 1),
    ofWords(FRAME_MAGIC, 1, slot, generation, 0, random.pick([0, 6, 255, 0x0100, 0x10001, 0x2000001, 0xff000001])),
    ofWords(FRAME_MAGIC, random.pick(counts), ...words.subarray(2)),
    ofWords(FRAME_MAGIC, 65_536),
    ofWords(FRAME_MAGIC ^ (1 << random.int(32)), ...words.subarray(1)),
    ofWords(...words, random.int(2 ** 32)),
    new Uint8Array(frame),
    shared,
    new DataView(frame),
    [frame],
    { byteLength: 24 },
  ]);
  return refusable(call('sign', broken));
};

const id = (random: SeededRandom): string => `fuzz/${random.int(40)}`;

/** A password, or what is none. Most open the files of the folder. */
const anySecret = (random: SeededRandom, bag: Bag, { folder }: Target): unknown => {
  const file = (name: string): unknown => ({ kind: 'file', path: join(folder, name), allowSharedFile: true });
  return random.pick<unknown>([
    ...[file('password.txt'), file('password.txt'), file('password.txt'), file('password.txt'), file('wrong.txt')],
    file(random.pick(['words.txt', 'absent', 'keystores', 'a\0b'])),
    { kind: 'file', path: random.pick(['relative', '/dev/zero', '/proc/self/mem']), allowSharedFile: false },
    { kind: 'env', name: random.pick(['FUZZ_NOT_SET', '', '__proto__']), handoff: random.pick([undefined, 3, -1]) },
    { kind: 'bytes', handoff: random.pick<unknown>([random.int(20), -1, 2 ** 32, NaN, '0']) },
    { kind: random.pick(TRICKS) },
    anyValue(random, bag, 2),
  ]);
};

/** Sources that cost a key derivation, or derive from another key. */
const costlySource = (random: SeededRandom, bag: Bag, target: Target): unknown => {
  const { folder } = target;
  const password = anySecret(random, bag, target);
  const path = random.pick<unknown>(["m/0'", 'm', 'm/0/1', "m/44'/0'", 'm//', `m${'/1'.repeat(300)}`, 'n/0', 7]);
  return random.pick<unknown>([
    { kind: 'seed', seed: random.pick(['kept/seed', 'kept/seed', 'kept/ed', 'fuzz/1', '__proto__']), path },
    {
      kind: 'mnemonic',
      mnemonic: random.pick([{ kind: 'file', path: join(folder, 'words.txt'), allowSharedFile: true }, password]),
      ...(random.int(3) === 0 && { passphrase: password }),
      language: random.pick<unknown>(['english', 'english', 'czech', 'klingon', undefined]),
    },
    {
      kind: 'keystore',
      path: join(folder, random.pick(['keystores/bls.json', 'keystores/ec.json', 'broken/broken.json', 'key.hex'])),
      password,
    },
    {
      kind: 'sealed',
      path: join(folder, random.pick(['keys.sealed', 'keys.sealed', 'key.hex', 'absent.sealed', 'keystores'])),
      password,
      create: random.pick<unknown>([false, false, true, 0]),
    },
  ]);
};

/** Types that a key of the source can be of; of a sealed file, those of the keys in it. */
const TYPES_OF_SOURCE: Readonly<Record<string, readonly string[]>> = {
  mnemonic: ['seed'],
  seed: ['ed25519', 'secp256k1', 'x25519'],
  keystore: ['secp256k1', 'bls12-381'],
  sealed: ['secp256k1', 'bls12-381', 'seed'],
};

const anyLoad = (random: SeededRandom, bag: Bag, target: Target): unknown => {
  const { folder } = target;
  const allow = random.int(3) === 0 && { allow: random.pick<unknown>([['sign'], [], ['rob'], 'sign', TRICKS]) };
  const password = anySecret(random, bag, target);
  return random.pick<unknown>([
    {
      kind: 'keystores',
      folder: join(folder, random.pick(['keystores', 'keystores', 'broken', 'absent', 'key.hex'])),
      passwords: random.pick<unknown>([
        password,
        { kind: 'folder', path: join(folder, 'passwords'), allowSharedFile: false },
        { kind: 'folder', path: 'passwords', allowSharedFile: false },
      ]),
      id: random.pick<unknown>(['fuzz/{name}', 'fuzz/{pubkey}', '{address}', 'fuzz/same', '{pubkey} ', 7]),
      ...allow,
    },
    {
      kind: 'sealed',
      path: join(folder, random.pick(['keys.sealed', 'keys.sealed', 'absent.sealed', 'key.hex'])),
      password,
      id: random.pick<unknown>(['fuzz/{id}', '{id}', `${'x'.repeat(120)}{id}`, '{constructor}']),
      ...allow,
    },
    anyValue(random, bag, 2),
  ]);
};

/** Requests that write files, or that operate with a key: all of them cheap, where they are not refused. */
const requests: Make = (random, bag, target) => {
  const { folder, keptIds } = target;
  const password = anySecret(random, bag, target);
  const some = random.pick<unknown>([...keptIds, ...keptIds, id(random), random.pick(TRICKS)]);
  const path = join(
    folder,
    random.pick(['keys.sealed', 'keys.sealed', `new-${random.int(6)}.sealed`, 'key.hex', 'keystores']),
  );
  const cost = random.pick<unknown>([
    { memory: random.pick([8192, 65_536]), passes: random.pick([1, 2]) },
    { memory: random.pick([2 ** 42 - 1024, 2 ** 27, 8191, 0, -1, NaN]), passes: 1 },
    { memory: 8192, passes: random.pick([65_535, 65_536, 0, 1.5]) },
    { memory: 8192 },
  ]);
  switch (random.int(6)) {
    case 0:
      return plausible(
        call('seal', { path, password, ids: random.pick<unknown>([[some], [], keptIds, [some, some]]), cost }),
      );
    case 1: {
      const newPassword = random.int(4) > 0 ? password : anySecret(random, bag, target);
      return plausible(call('reseal', { path, password, newPassword, cost }));
    }
    case 2: {
      const n = random.pick<unknown>([1024, 2048, 2 ** 30, 1000, 0, NaN, '1024']);
      const file = join(folder, `made-${random.int(20)}.json`);
      return plausible(call('exportKeystore', { id: some, path: file, password, n }));
    }
    default: {
      const steps = random.pick<unknown>(['m', "m/0'", 'm/1/2', 'm/4294967296', `m${'/1'.repeat(256)}`, '', 7]);
      const operator = random.int(8) > 0 ? 'extendedPublicKey' : random.pick<unknown>([...TRICKS, 'sign', {}]);
      return plausible(call('execute', { id: some, operator, path: steps }));
    }
  }
};

/** Almost a request: one field is missing, one too many, or no path of this system. */
const brokenRequest: Make = (random, bag, target) => {
  const { folder } = target;
  const password = { kind: 'file', path: join(folder, 'password.txt'), allowSharedFile: true };
  const cost = { memory: 8192, passes: 1 };
  const whole = random.pick<readonly [string, Record<string, unknown>]>([
    ['execute', { id: 'kept/seed', operator: 'extendedPublicKey', path: 'm' }],
    ['seal', { path: join(folder, 'broken.sealed'), password, cost }],
    ['exportKeystore', { id: 'kept/bls', path: join(folder, 'broken.json'), password, n: 1024 }],
    ['reseal', { path: join(folder, 'keys.sealed'), password, newPassword: password, cost }],
  ]);
  const [method, fields] = [whole[0], { ...whole[1] }];
  const name = random.pick(Object.keys(fields));
  switch (random.int(4)) {
    case 0:
      delete fields[name];
      break;
    case 1:
      // Not by assignment: to __proto__ that would do nothing.
      Object.defineProperty(fields, random.pick(TRICKS), { value: 1, enumerable: true });
      break;
    case 2:
      fields[name] = random.pick<unknown>([null, NaN, {}, [fields[name]], Object('m'), new Uint8Array(32), '\0']);
      break;
    default:
      return refusable(
        call(method, random.pick<unknown>([undefined, null, [fields], new Map(), anyValue(random, bag, 1)])),
      );
  }
  return refusable(call(method, fields));
};

const anySpec = (random: SeededRandom, bag: Bag, target: Target): unknown => {
  const { folder } = target;
  const encoding = random.pick<unknown>([...ENCODINGS, 'utf8', undefined]);
  if (random.int(6) === 0) {
    const allow = random.int(3) === 0 && { allow: random.pick<unknown>([['derive'], [], ['export'], ['rob'], 7]) };
    const source = costlySource(random, bag, target);
    const { kind } = (source ?? {}) as { readonly kind?: unknown };
    const fitting = random.int(4) > 0 && typeof kind === 'string' ? TYPES_OF_SOURCE[kind] : undefined;
    return { id: id(random), type: random.pick(fitting ?? KEY_TYPES), source, ...allow };
  }
  const source = random.pick<unknown>([
    { kind: 'generate' },
    { kind: 'generate' },
    { kind: 'bytes', handoff: random.int(20), encoding },
    { kind: 'bytes', handoff: random.pick([-1, 2 ** 32, NaN, '0']), encoding },
    {
      kind: 'file',
      path: join(folder, random.pick(['absent', '.', 'key.hex', 'a\0b'])),
      encoding,
      allowSharedFile: true,
    },
    {
      kind: 'file',
      path: random.pick(['relative', '/dev/zero', '/proc/self/mem', '/']),
      encoding,
      allowSharedFile: false,
    },
    { kind: 'env', name: random.pick(['FUZZ_NOT_SET', 'PATH=', '', '__proto__', 'A'.repeat(256)]), encoding },
    { kind: 'generate', extra: 1 },
    { kind: random.pick(TRICKS) },
    anyValue(random, bag, 2),
  ]);
  // Few BLS keys: releasing one collects garbage in every thread.
  const type =
    random.int(30) === 0 ? random.pick<unknown>([...KEY_TYPES, ...TRICKS]) : random.pick(['ed25519', 'secp256k1']);
  return { id: random.int(20) === 0 ? random.pick(TRICKS) : id(random), type, source };
};

const keys: Make = (random, bag, target) => {
  switch (random.int(6)) {
    case 0:
      return plausible(call('release', id(random)));
    case 1:
      return plausible(
        call(
          'load',
          Array.from({ length: random.int(4) }, () => anySpec(random, bag, target)),
          Array.from({ length: random.int(3) }, () => anyLoad(random, bag, target)),
        ),
      );
    case 2: {
      const holes: unknown[] = [anySpec(random, bag, target)];
      holes.length = 1 + random.int(5);
      return plausible(random.int(2) === 0 ? call('load', holes, []) : call('load', [], holes));
    }
    default:
      return plausible(call('register', anySpec(random, bag, target)));
  }
};

const questions: Make = (random, bag, { keptIds, folder }) => {
  const known = random.pick(keptIds);
  const message = random.bytes(random.int(50));
  switch (random.int(6)) {
    case 0:
      return plausible(call('publicKey', random.pick<unknown>([known, id(random), random.pick(TRICKS)])));
    case 1: {
      const names = random.pick<unknown>([
        ['FUZZ_NOT_SET'],
        new Array(3),
        Object.assign(new Array(3), { 0: 'A', 2: 'B' }),
        TRICKS,
        MANY_NAMES,
      ]);
      return plausible(call('claimVariables', names));
    }
    case 2:
      return plausible(call('createKeyFile', random.pick(KEY_TYPES), join(folder, `made-${random.int(10)}`)));
    case 3: {
      const ids = random.pick<unknown>([
        [known],
        ['kept/bls'],
        ['kept/bls', 'kept/bls'],
        new Array(2),
        [],
        keptIds,
        [{}],
      ]);
      return plausible(call('signTogether', ids, random.pick<unknown>([message, anyValue(random, bag, 1)])));
    }
    default: {
      const scheme = random.pick<unknown>([...SCHEMES, 'rsa', undefined]);
      const hash = random.pick<unknown>([undefined, 'sha256', 'keccak256', 'md5', null]);
      const signature = random.pick<unknown>([
        random.bytes(random.pick([0, 63, 64, 65, 96, 1025])),
        anyValue(random, bag, 1),
      ]);
      return plausible(call('verify', { id: known, scheme, hash, message, signature }));
    }
  }
};

const MAKERS: readonly Make[] = [
  ...[anyPath, otherTypes, hostileArguments, oddIds, noRecord, anyCall, anyCall, handOff, almostStop],
  ...[wellFormedFrame, flippedFrame, brokenFrame, brokenFrame, keys, questions],
  ...[requests, brokenRequest],
];

/** The next hostile message; what it transfers is added to the bag. */
export const hostileMessage = (random: SeededRandom, bag: Bag, target: Target): Hostile =>
  random.pick(MAKERS)(random, bag, target);
