// Loads and requests as they arrive from main: checked as if main were hostile, and only a clean copy goes on.
import { type SettingsProblem, VaultError } from '../../dist/src/errors.js';
import { fillTemplate, wireLoad } from '../../dist/src/wire/loads.js';
import {
  checkExecuteRequest,
  checkExportRequest,
  checkLockRequest,
  checkResealRequest,
  checkSealRequest,
  checkUnlockRequest,
} from '../../dist/src/wire/requests.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { hostileValues } from './hostile.js';
import { allTextOf, vaultError } from './problems.js';

const test = suite('checks of loads and requests');

type Json = Record<string, unknown>;
const password = { kind: 'file', path: '/pw', allowSharedFile: false };
const handed = { kind: 'bytes', handoff: 3 };
const cost = { memory: 8192, passes: 1 };

const checkLoad = (value: unknown): unknown => {
  const problems: SettingsProblem[] = [];
  const checked = wireLoad(value, 'load', problems);
  if (problems.length === 0) return checked;
  const text = problems.map(({ path, reason }) => `${path}: ${reason}`).join('; ');
  throw new VaultError('ERR_REFUSED', text, { problems });
};

const keystores = { kind: 'keystores', folder: '/k', passwords: password, id: 'v/{pubkey}' };
const sealed = { kind: 'sealed', path: '/k', password, id: '{id}' };
const execute = { id: 'a', operator: 'extendedPublicKey', path: 'm/0' };
const seal = { path: '/k', password, cost };
const reseal = { path: '/k', password, newPassword: { kind: 'bytes', handoff: 1 }, cost };
const exported = { id: 'a', path: '/k', password, n: 1024 };

const CHECKS: readonly (readonly [name: string, check: (value: unknown) => unknown, good: readonly Json[]])[] = [
  [
    'a load',
    checkLoad,
    [
      keystores,
      { ...keystores, passwords: { kind: 'folder', path: '/p', allowSharedFile: true }, allow: ['sign'] },
      { ...keystores, passwords: { kind: 'env', name: 'A', handoff: 7 }, id: `${'x'.repeat(122)}{name}` },
      sealed,
      { ...sealed, id: 'old/{id}', allow: [] },
      { ...sealed, schemes: ['ed25519'], maxSignatures: 1, perSecond: 2, expiresInMs: 3, idleMs: 4 },
    ],
  ],
  [
    'execute',
    checkExecuteRequest,
    [execute, { ...execute, path: 'x'.repeat(4096) }, { id: 'a', operator: 'provePossession' }],
  ],
  ['lock', checkLockRequest, [{ unsealed: 'drop' }, { unsealed: 'refuse' }]],
  [
    'unlock',
    checkUnlockRequest,
    [
      { files: [] },
      { files: [], password },
      {
        files: [
          { path: '/a', password },
          { path: '/b', password: handed },
        ],
      },
    ],
  ],
  [
    'seal',
    checkSealRequest,
    [
      seal,
      { ...seal, ids: ['a', 'b'], allow: ['sign', 'export'] },
      { ...seal, cost: { memory: 2 ** 42 - 1024, passes: 65_535 } },
    ],
  ],
  ['reseal', checkResealRequest, [reseal]],
  ['exportKeystore', checkExportRequest, [exported, { ...exported, n: 2 ** 30 }]],
];

const refusal = (check: (value: unknown) => unknown, value: unknown): VaultError => {
  const error = vaultError(() => check(value));
  assert.is(error.code, 'ERR_REFUSED');
  return error;
};

for (const [name, check, good] of CHECKS) {
  test(`${name}: what is right comes out as a new, equal object`, () => {
    for (const value of good) {
      const checked = check(value);
      assert.equal(checked, value);
      assert.ok(checked !== value);
    }
  });

  test(`${name}: each field but those that may be absent is required, and a stranger is refused`, () => {
    const [first] = good as readonly [Json, ...Json[]];
    for (const field of Object.keys(first)) {
      const { [field]: _, ...rest } = first;
      assert.match(refusal(check, rest).message, `${field}: expected`);
    }
    assert.match(refusal(check, { ...first, slot: 1 }).message, 'slot: unknown field');
    for (const value of [undefined, null, 7, 'x', [], [first]])
      assert.match(refusal(check, value).message, /expected an object/);
  });

  test(`${name}: hostile values are refused, whole and in every field, and nothing of them is shown`, () => {
    for (const [label, value] of hostileValues('MARKER!')) {
      const shapes = [
        value,
        ...good.flatMap((each) => Object.keys(each).map((field) => ({ ...each, [field]: value }))),
      ];
      for (const shape of shapes) {
        // A path of execute is judged when it is parsed; as text, a huge one alone is refused.
        assert.not.match(allTextOf(refusal(check, shape)), 'MARKER', label);
      }
    }
  });
}

test('each mistake of a load has its place and reason', () => {
  const path = 'the absolute path of a file (1 to 32,767 characters, no NUL)';
  const cases: [Json, string][] = [
    [{ ...keystores, kind: 'folder' }, 'load.kind: expected "keystores" or "sealed", got a string of 6 characters'],
    [{ ...keystores, folder: 'k' }, `load.folder: expected ${path}, got a string of 1 character`],
    [{ ...keystores, passwords: '/p' }, 'load.passwords: expected an object, got a string of 2 characters'],
    [
      { ...keystores, passwords: { kind: 'folder', path: '/p' } },
      'load.passwords.allowSharedFile: expected true or false, got nothing',
    ],
    [{ ...keystores, passwords: { ...password, encoding: 'hex' } }, 'load.passwords.encoding: unknown field'],
    [
      { ...keystores, id: '{id}' },
      'load.id: expected a key id with {pubkey} or {address} or {name} in it, got a string of 4 characters',
    ],
    [
      { ...keystores, allow: ['rob'] },
      'load.allow[0]: expected one of sign, provePossession, agree, agree-raw, open, encrypt, decrypt, mac, derive, extendedPublicKey, export, or an operator of the settings, got a string of 3 characters',
    ],
    [{ ...sealed, id: '{name}' }, 'load.id: expected a key id with {id} in it, got a string of 6 characters'],
    [{ ...sealed, folder: '/k' }, 'load.folder: unknown field'],
    [
      { ...sealed, password: { kind: 'folder', path: '/p', allowSharedFile: false } },
      'load.password.kind: expected "env", "file" or "bytes", got a string of 6 characters',
    ],
  ];
  for (const [load, expected] of cases) assert.is(refusal(checkLoad, load).message, expected);
});

test('each number of a request has its bounds', () => {
  const costs: readonly (readonly [Json, RegExp])[] = [
    [{ memory: 8191, passes: 1 }, /request\.cost\.memory: expected a whole number from 8,192 to 4,398,046,510,080/],
    [{ memory: 2 ** 42, passes: 1 }, /request\.cost\.memory: .*, got a larger one/],
    [{ memory: 8193, passes: 1 }, /request\.cost\.memory: expected a multiple of 1,024/],
    [{ memory: 8192, passes: 0 }, /request\.cost\.passes: expected a whole number from 1 to 65,535, got a smaller one/],
    [{ memory: 8192, passes: 65_536 }, /request\.cost\.passes: .*, got a larger one/],
    [{ memory: 8192, passes: 1, lanes: 4 }, /request\.cost\.lanes: unknown field/],
  ];
  for (const [given, reason] of costs) {
    assert.match(refusal(checkSealRequest, { ...seal, cost: given }).message, reason);
    assert.match(refusal(checkResealRequest, { ...reseal, cost: given }).message, reason);
  }
  for (const n of [1000, 1025, 1_000_000]) {
    assert.match(
      refusal(checkExportRequest, { ...exported, n }).message,
      /request\.n: expected (?:a power of two|a whole)/,
    );
  }
  for (const n of [512, 2 ** 31])
    assert.match(refusal(checkExportRequest, { ...exported, n }).message, /request\.n: expected a whole/);
  assert.match(refusal(checkSealRequest, { ...seal, ids: [] }).message, /request\.ids: expected an array of 1 to/);
  assert.match(
    refusal(checkSealRequest, { ...seal, ids: ['a', '__proto__'] }).message,
    /request\.ids\[1\]: expected a key id/,
  );
  assert.match(
    refusal(checkExecuteRequest, { ...execute, operator: 'sign' }).message,
    /request\.operator: expected the name of an operator, got/,
  );
  assert.match(
    refusal(checkExecuteRequest, { ...execute, path: 'x'.repeat(4097) }).message,
    /request\.path: expected a key path/,
  );
});

test('an operator of the settings has its input handed on as it is, and the others none but their own', () => {
  const input = { deep: [new Uint8Array(3)] };
  const checked = checkExecuteRequest({ id: 'a', operator: 'sphinx/unwrap', input });
  assert.ok('input' in checked && checked.input === input);
  assert.equal(checkExecuteRequest({ id: 'a', operator: 'sphinx/unwrap' }), {
    id: 'a',
    operator: 'sphinx/unwrap',
    input: undefined,
  });
  assert.match(refusal(checkExecuteRequest, { ...execute, operator: 'sphinx/unwrap' }).message, /path: unknown field/);
  for (const field of ['path', 'input']) {
    const given = { id: 'a', operator: 'provePossession', [field]: 'm' };
    assert.match(refusal(checkExecuteRequest, given).message, `request.${field}: unknown field`);
  }
  assert.match(refusal(checkExecuteRequest, { ...execute, input: 1 }).message, /request\.input: unknown field/);
  for (const operator of ['agree', 'seal', 'mac', 'export', 'Sphinx/unwrap', 'a/b/c']) {
    assert.match(refusal(checkExecuteRequest, { id: 'a', operator }).message, /expected the name of an operator/);
  }
});

test('each mistake in what an unlock is asked has its place and reason', () => {
  const cases: [Json, RegExp][] = [
    [{}, /request\.files: expected an array/],
    [{ files: [password] }, /request\.files\[0\]\.password: expected an object, got nothing/],
    [{ files: [{ path: 'a', password }] }, /request\.files\[0\]\.path: expected the absolute path/],
    [{ files: [{ path: '/a', password, create: true }] }, /request\.files\[0\]\.create: unknown field/],
    [{ files: [], password: 'hunter2' }, /request\.password: expected an object, got a string of 7 characters/],
  ];
  for (const [given, reason] of cases) assert.match(refusal(checkUnlockRequest, given).message, reason);
  for (const unsealed of ['keep', '', null, true]) {
    assert.match(refusal(checkLockRequest, { unsealed }).message, /request\.unsealed: expected "drop" or "refuse"/);
  }
});

test('a template is filled with what it names, and nothing that is inherited', () => {
  const values = { pubkey: 'aa', name: '{pubkey}' };
  assert.is(fillTemplate('v/{pubkey}-{name}/{pubkey}', values), 'v/aa-{pubkey}/aa');
  assert.is(fillTemplate('{address}{constructor}{toString}{}', values), '{address}{constructor}{toString}{}');
});

test.run();
