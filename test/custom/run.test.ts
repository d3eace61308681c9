// Running an operator of the user's: the window, the time limit, the border of errors, and what may leave.
import { createHmac } from 'node:crypto';
import { runOperator } from '../../dist/workers/custom/run.js';
import { createWindow } from '../../dist/workers/custom/window.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { errorOf, loadOne, makeKey, told } from './rig.js';

const test = suite("running users' operators");
const random = seededRandom('custom operators');
const secret = random.bytes(32);
const key = (): ReturnType<typeof makeKey> => makeKey(secret);

/** What a module keeps for the test to look at. */
const kept = (): unknown[] => {
  const list: unknown[] = [];
  Object.assign(globalThis, { keptByOperator: list });
  return list;
};
const KEEP = 'const keep = (...values) => { globalThis.keptByOperator.push(...values); };';

test('an operator computes with the key, and its answer is a copy of plain data', async () => {
  const operator = await loadOne(
    `input: (value) => ({ info: String(value.info) }),
     run: ({ id, type, publicKey, secret, scratch }, { info }) => ({
       mac: createHmac('sha256', secret).update(info).digest(), facts: [id, type, publicKey.length, scratch.length, null, true, 1.5, 10n],
     }),
     output: (value) => ({ ...value, checked: true })`,
    `import { createHmac } from 'node:crypto';`,
  );
  const answer = runOperator(operator, key(), { info: 'peer' }) as {
    mac: Uint8Array;
    facts: unknown;
    checked: boolean;
  };
  equalBytes(answer.mac, createHmac('sha256', secret).update('peer').digest(), 'mac');
  assert.is(Object.getPrototypeOf(answer.mac), Uint8Array.prototype);
  assert.is(answer.mac.buffer.byteLength, 32, 'a buffer of its own, not one that is shared with others');
  assert.equal(answer.facts, ['node/key', 'x25519', 32, 4096, null, true, 1.5, 10n]);
  assert.is(answer.checked, true);
});

test('every view that is kept is empty when the call is over, and so is the buffer', async () => {
  const operator = await loadOne(
    `run(key) {
       keep(key.secret, key.scratch, new DataView(key.secret.buffer), key.secret.buffer, key.secret.subarray(1), key.secret.length);
       key.scratch.set(key.secret);
     }`,
    KEEP,
  );
  const list = kept();
  assert.is(runOperator(operator, key(), 0), undefined);
  const [secretView, scratch, dataView, buffer, part, length] = list as [
    Uint8Array,
    Uint8Array,
    DataView,
    ArrayBuffer,
    Uint8Array,
    number,
  ];
  assert.is(length, 32, 'positive control: it was there');
  assert.equal([secretView.length, scratch.length, buffer.byteLength, part.length], [0, 0, 0, 0]);
  assert.throws(
    () => dataView.getUint8(0),
    (error: unknown) => error instanceof TypeError,
  );
  assert.is(secretView[0], undefined);
});

test('the next call finds a window of zeros, whatever the one before wrote and where', async () => {
  const operator = await loadOne(
    `run: ({ secret, scratch }, write) => {
       const page = new Uint8Array(secret.buffer);
       const left = page.subarray(secret.length).reduce((sum, byte) => sum + byte, 0);
       if (write) page.fill(7);
       return left;
     }`,
  );
  assert.is(runOperator(operator, key(), true), 0);
  assert.is(runOperator(operator, key(), true), 0);
});

test('the window is zeroed and detached by close, and opens once', () => {
  const window = createWindow('off');
  const { secret: view, scratch } = window.open(secret);
  equalBytes(view, secret, 'in the window');
  assert.throws(() => window.open(secret), 'the window is open');
  assert.ok(window.owns(scratch.buffer));
  scratch.fill(1);
  const { buffer } = view;
  window.close();
  window.close();
  assert.is(view.length, 0);
  assert.ok(window.owns(buffer), 'also when it is gone');
  assert.not(window.owns(new ArrayBuffer(1)));
  const again = window.open(new Uint8Array(0));
  assert.ok(new Uint8Array(again.scratch.buffer).every((byte) => byte === 0));
  window.close();
});

test('the window does not go into a transfer, nor is it taken from its thread', async () => {
  const operator = await loadOne(
    `run({ secret }) {
       try { structuredClone(secret.buffer, { transfer: [secret.buffer] }); } catch {}
       try { secret.buffer.transfer(); } catch {}
       return secret.length;
     }`,
  );
  // Node 20 copies it in place of refusing; node 22 refuses. In both it stays where it is.
  assert.is(runOperator(operator, key(), 0), 32);
  assert.is(runOperator(operator, key(), 0), 32);
});

test('a key of another type is refused before anything of the operator runs', async () => {
  const operator = await loadOne('run() { keep(1); }', KEEP);
  const list = kept();
  const error = errorOf(operator, makeKey(secret, 'ed25519'));
  assert.is(
    told(error),
    'ERR_OPERATION_UNSUPPORTED: operator "test/operator" does not take keys of the type "ed25519"',
  );
  assert.is(error.keyId, 'node/key');
  assert.is(list.length, 0);
});

test('an endless loop is interrupted in each of its steps, the key is gone, and the next call works', async () => {
  const operator = await loadOne(
    `timeoutMs: 40,
     input(value) { if (value === 'input') for (;;); return value; },
     run(key, how) {
       keep(key.secret);
       const loop = { plain() { for (;;); }, stubborn() { for (;;) { try { for (;;); } catch {} finally { for (;;); } } },
         regex: () => /^(a+)+$/.test('a'.repeat(50) + 'b'), wait: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }[how];
       return loop?.() ?? how;
     },
     output(value) { if (value === 'output') for (;;); return value; }`,
    KEEP,
  );
  for (const how of ['plain', 'stubborn', 'regex', 'wait', 'input', 'output']) {
    const list = kept();
    const begun = performance.now();
    assert.is(
      told(errorOf(operator, key(), how)),
      'ERR_OPERATOR_TIMEOUT: operator "test/operator" took longer than 40 ms',
    );
    assert.ok(performance.now() - begun < 5_000, how);
    assert.ok(
      list.every((view) => (view as Uint8Array).length === 0),
      how,
    );
    assert.is(list.length, how === 'input' ? 0 : 1, 'positive control: it had the key, or never came so far');
    assert.is(runOperator(operator, key(), 'fine'), 'fine');
  }
});

test('a promise is an error, and one that is rejected later does not end the thread', async () => {
  const operator = await loadOne(
    `run({ secret }, how) {
       if (how === 'async') return (async () => { keep(secret.length); await null; keep(secret.length); throw new Error(); })();
       if (how === 'hostile') return Object.defineProperty(Promise.resolve(1), 'constructor', { get() { throw 1; } });
       return Promise.reject(new Error());
     }, output() { keep('output'); }`,
    KEEP,
  );
  const list = kept();
  for (const how of ['async', 'rejected', 'hostile']) {
    assert.is(
      told(errorOf(operator, key(), how)),
      'ERR_OPERATOR_FAILED: operator "test/operator" answered a promise: its work must be done when it returns',
    );
  }
  await new Promise((resolve) => void setImmediate(resolve));
  assert.equal(list, [32, 0], 'its later half sees no key, and its output check is not asked');
});

test('one call at a time', async () => {
  Object.assign(globalThis, { runAnother: () => told(errorOf(operator, key())) });
  const operator = await loadOne('run: () => globalThis.runAnother()');
  assert.is(
    runOperator(operator, key(), 0),
    'ERR_OPERATOR_FAILED: operator "test/operator" was asked for while another one works',
  );
});

const WHAT_IS_THROWN: readonly (readonly [expression: string, told: string])[] = [
  ['new Error(text)', 'an Error'],
  ['new RangeError(text)', 'a RangeError'],
  ['new AggregateError([], text)', 'an AggregateError'],
  ['new (class Secret extends TypeError {})(text)', 'an error of a class of its own'],
  ['Object.setPrototypeOf(new Error(text), null)', 'an error of a class of its own'],
  ['text', 'something that is no error'],
  ['undefined', 'something that is no error'],
  ['secret', 'something that is no error'],
  ['{ code: "ERR_SCRIPT_EXECUTION_TIMEOUT" }', 'something that is no error'],
  ['Object.assign(new Error(text), { code: "ERR_SCRIPT_EXECUTION_TIMEOUT" })', 'an Error'],
  ['new Proxy(new Error(text), { get() { throw 1 }, getPrototypeOf() { throw 1 } })', 'something that is no error'],
  [
    'Object.setPrototypeOf(new Error(), new Proxy({}, { get() { for (;;); }, getPrototypeOf() { for (;;); } }))',
    'an error of a class of its own',
  ],
  [
    'Object.defineProperties(new Error(), { stack: { get() { throw 1 } }, name: { get() { throw 1 } }, message: { get() { throw 1 } } })',
    'an Error',
  ],
  ['(function f() { f(); })()', 'a RangeError'],
];

test('of what it throws, the class is told if the language has it, and never a text', async () => {
  for (const step of ['run', 'input', 'output'] as const) {
    const where = step === 'run' ? '' : ` at its ${step}`;
    for (const [expression, what] of WHAT_IS_THROWN) {
      // The input check's TypeErrors and RangeErrors say that the input was refused.
      const isRefusal = step === 'input' && /^new RangeError|TypeError|function f/.test(expression);
      const body = `{ const text = globalThis.textOfSecret; const secret = new Uint8Array(32); throw ${expression}; }`;
      const operator = await loadOne(`run: () => 1, ${step}() ${body}`);
      Object.assign(globalThis, { textOfSecret: Buffer.from(secret).toString('hex') });
      const error = errorOf(operator, key());
      const expected = isRefusal
        ? 'ERR_OPERATOR_INPUT: operator "test/operator" refused the input'
        : `ERR_OPERATOR_FAILED: operator "test/operator" threw ${what}${where}`;
      assert.is(told(error), expected, `${step}: ${expression}`);
      assert.not.ok(JSON.stringify([error.stack, error]).includes(Buffer.from(secret).toString('hex')));
    }
  }
});

const UNFIT: readonly (readonly [expression: string, told: string])[] = [
  ['key.secret', "a view of the key's memory: copy what is to leave it"],
  ['key.scratch.subarray(0, 1)', "a view of the key's memory: copy what is to leave it"],
  ['{ deep: [key.secret] }', "a view of the key's memory: copy what is to leave it"],
  ['new Uint8Array(new SharedArrayBuffer(8))', 'a view of shared memory'],
  ['key.secret.buffer', 'an object that is not plain'],
  ['new ArrayBuffer(8)', 'an object that is not plain'],
  ['new Uint16Array(1)', 'an object that is not plain'],
  ['new Map()', 'an object that is not plain'],
  ['new Date(0)', 'an object that is not plain'],
  ['new (class { a = 1 })()', 'an object that is not plain'],
  ['() => 1', 'a function'],
  ['{ a: Symbol("s") }', 'a symbol'],
  ['{ [Symbol("s")]: 1 }', 'a field that a symbol names'],
  ['new Proxy({}, { ownKeys() { for (;;); } })', 'a proxy'],
  ['[new Proxy([], {})]', 'a proxy'],
  ['{ get a() { for (;;); } }', 'a field that is a getter or setter'],
  ['Object.defineProperty([1], 0, { get() { for (;;); } })', 'a field that is a getter or setter'],
  ['[, 1]', 'an array with holes'],
  ['[undefined]', 'nothing'],
  ['new Array(1e9)', 'more than 16,384 values'],
  ['"a".repeat(300_000)', 'more than 262,144 bytes and characters'],
  ['[new Uint8Array(200_000), new Uint8Array(200_000)]', 'more than 262,144 bytes and characters'],
  ['(() => { const a = []; a.push(a); return a; })()', 'more than 16 levels, or a cycle'],
];

test('what is not plain data does not leave', async () => {
  for (const [expression, what] of UNFIT) {
    const operator = await loadOne(`run: (key) => (${expression})`);
    const error = errorOf(operator, key());
    assert.is(told(error), `ERR_OPERATOR_FAILED: operator "test/operator" answered ${what}`, expression);
  }
});

test('bytes are copied as they are, whatever the view says of itself', async () => {
  const operator = await loadOne(
    `run(_key, how) {
       const bytes = Uint8Array.of(1, 2, 3);
       if (how === 'lies') Object.defineProperties(bytes, { length: { value: 99 }, buffer: { value: new ArrayBuffer(9) } });
       if (how === 'iterates') bytes[Symbol.iterator] = () => { for (;;); };
       if (how === 'class') return new (class extends Uint8Array { static get [Symbol.species]() { for (;;); } })([1, 2, 3]);
       return how === 'part' ? new Uint8Array(Uint8Array.of(9, 1, 2, 3, 9).buffer, 1, 3) : bytes;
     }`,
  );
  for (const how of ['plain', 'lies', 'iterates', 'class', 'part']) {
    const answer = runOperator(operator, key(), how) as Uint8Array;
    equalBytes(answer, Uint8Array.of(1, 2, 3), how);
    assert.is(answer.buffer.byteLength, 3);
  }
});

test('a field named __proto__ stays a field, and absent values are left out', async () => {
  const operator = await loadOne(
    `run: () => JSON.parse('{"__proto__":{"a":1}}'), output: (value) => Object.assign(value, { b: undefined })`,
  );
  const answer = runOperator(operator, key(), 0) as object;
  assert.equal(Object.keys(answer), ['__proto__']);
  assert.is(Object.getPrototypeOf(answer), Object.prototype);
});

const LEAKS: readonly string[] = [
  'Uint8Array.from(key.secret)',
  'Buffer.concat([Buffer.from("x"), key.secret, Buffer.from("y")])',
  'Buffer.from(key.secret).toString("hex")',
  '"0x1" + Buffer.from(key.secret).toString("hex").toUpperCase()',
  '"key: " + Buffer.from(key.secret).toString("base64")',
  'Buffer.from(key.secret).toString("base64url")',
  'Buffer.concat([Buffer.from("1"), key.secret]).toString("base64")',
  'Buffer.concat([Buffer.from("12"), key.secret, Buffer.from("3")]).toString("base64")',
  '"a" + Buffer.from(key.secret).toString("base64url")',
  '"aa" + Buffer.from(key.secret).toString("base64")',
  '"aaa" + Buffer.from(key.secret).toString("base64")',
  'Array.from(key.secret)',
  '({ ...key.secret })',
  '({ a: { b: [1, Uint8Array.from(key.secret)] } })',
  'BigInt("0x" + Buffer.from(key.secret).toString("hex"))',
];

test('an answer that holds the secret is not given out: a guard against accidents', async () => {
  const controls = [
    'Buffer.from(key.secret).map((byte) => byte ^ 1)',
    'Buffer.from(key.secret.subarray(1)).toString("hex")',
  ];
  for (const [expressions, leaks] of [
    [LEAKS, true],
    [controls, false],
  ] as const) {
    for (const expression of expressions) {
      const operator = await loadOne(`run: (key) => ${expression}`);
      if (!leaks) assert.ok(runOperator(operator, key(), 0), `positive control: ${expression}`);
      else
        assert.is(
          told(errorOf(operator, key())),
          `ERR_OPERATOR_FAILED: operator "test/operator" answered the key's secret`,
          expression,
        );
    }
  }
});

test('of a seed of 64 bytes, either half is enough', async () => {
  const seed = random.bytes(64);
  const operator = await loadOne(
    `types: ['seed'], run: (key, [from, to]) => Uint8Array.from(key.secret).subarray(from, to)`,
  );
  for (const part of [
    [0, 32],
    [32, 64],
    [0, 64],
  ]) {
    assert.match(told(errorOf(operator, makeKey(seed, 'seed'), part)), "answered the key's secret");
  }
  assert.is((runOperator(operator, makeKey(seed, 'seed'), [1, 32]) as Uint8Array).length, 31);
});

test('the wipe does not depend on built-ins that an operator replaces while it runs', async () => {
  const operator = await loadOne(
    `run(key) {
       keep(key.secret);
       const views = Object.getPrototypeOf(Uint8Array.prototype);
       const [fill, grow] = [views.fill, WebAssembly.Memory.prototype.grow];
       views.fill = WebAssembly.Memory.prototype.grow = function () { return this; };
       setImmediate(() => { views.fill = fill; WebAssembly.Memory.prototype.grow = grow; });
     }`,
    KEEP,
  );
  const list = kept();
  runOperator(operator, key(), 0);
  await new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));
  assert.is((list[0] as Uint8Array).length, 0);
});

test.run();
