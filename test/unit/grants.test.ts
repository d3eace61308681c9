// Grants: which ids their patterns name, and that what is granted onward is never more. Patterns are compared with all
// the ids that a small model has.
import {
  checkGrant,
  expectGrant,
  isWithin,
  matches,
  PUBLIC_OPERATIONS,
  type WireGrant,
  whyWider,
} from '../../dist/src/wire/grants.js';
import { OPERATIONS, SCHEMES, type Scheme } from '../../dist/src/wire/types.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('grants');
const random = seededRandom('unit/grants');

/** Every id of one to four of these; patterns use the first two letters alone, so no list of them covers all of a third. */
const LETTERS = ['a', 'b', '/', 'c'];
const IDS = ['', '', '', '']
  .reduce<string[][]>(
    (words) => [...words, (words.at(-1) ?? ['']).flatMap((word) => LETTERS.map((one) => word + one))],
    [],
  )
  .flat()
  .filter((id) => /^[A-Za-z0-9]/.test(id));

const pattern = (): string => {
  const length = random.int(4);
  const start = Array.from({ length }, (_, i) => (i === 0 ? random.pick(['a', 'b']) : random.pick(['a', 'b', '/'])));
  return start.join('') + (length === 0 || random.int(2) === 0 ? '*' : '');
};
const patterns = (): string[] => Array.from({ length: 1 + random.int(4) }, pattern);

/** What a pattern says, written another way. */
const named = (list: readonly string[]): Set<string> =>
  new Set(
    IDS.filter((id) =>
      list.some((each) => {
        const start = each.split('*')[0] as string;
        return each === start ? id === each : id.slice(0, start.length) === start;
      }),
    ),
  );

test('a pattern names its id, or every id that starts so', () => {
  const cases: [string, string, boolean][] = [
    ['node/1', 'node/1', true],
    ['node/1', 'node/10', false],
    ['node/1', 'node/', false],
    ['node/1*', 'node/1', true],
    ['node/1*', 'node/10', true],
    ['node/1*', 'Node/10', false],
    ['node/*', 'node', false],
    ['node/*', 'node/', true],
    ['*', 'anything', true],
    ['n.de', 'node', false],
    ['constructor', 'toString', false],
  ];
  for (const [each, id, expected] of cases) assert.is(matches([each], id), expected, `${each} ${id}`);
  assert.is(matches([], 'a'), false);
  assert.is(matches(['b', 'c*', 'a'], 'a'), true);
});

test('patterns name the ids that a model says', () => {
  assert.is(IDS.length, 3 * (1 + 4 + 16 + 64));
  for (let round = 0; round < 300; round++) {
    const list = patterns();
    assert.equal(
      IDS.filter((id) => matches(list, id)),
      [...named(list)],
      list.join(),
    );
  }
});

test('a pattern is within others exactly when each id that it names is named by them', () => {
  let within = 0;
  const rounds = 3000;
  for (let round = 0; round < rounds; round++) {
    const inner = pattern();
    const outer = patterns();
    const all = named(outer);
    const expected = [...named([inner])].every((id) => all.has(id));
    assert.is(isWithin(inner, outer), expected, `${inner} in ${outer.join()}`);
    within += Number(expected);
  }
  assert.ok(within > rounds / 20 && within < (rounds * 19) / 20, `the cases are mixed: ${within} of ${rounds}`);
});

test('a pattern that others name only together is not within them: no id is let through that they do not name', () => {
  // More than any port needs, and on the safe side: every id of 128 characters is within its own start and a star.
  const longest = 'x'.repeat(128);
  assert.is(isWithin(`${longest}*`, [longest]), false);
  assert.is(isWithin(longest, [`${longest}*`]), true);
  assert.is(isWithin('a*', ['a', 'aa*', 'ab*']), false);
});

const grant = (fields: object = {}): WireGrant => ({ keys: ['a*'], operations: ['sign'], ...fields });

test('what is granted onward is the same or less', () => {
  const outer = grant({ operations: ['sign', 'verify', 'sphinx/unwrap'], schemes: ['schnorr', 'ecdsa'] });
  const same = { operations: ['sign'], schemes: ['schnorr'] };
  for (const inner of [
    outer,
    grant(same),
    grant({ ...same, keys: ['a', 'ab*', 'a*'] }),
    grant({ ...same, operations: ['sphinx/unwrap'] }),
    grant({ ...same, maxSignatures: 1, perSecond: 1, expiresInMs: 1 }),
  ]) {
    assert.is(whyWider(inner, outer), undefined);
  }
  const wider: [WireGrant, RegExp][] = [
    [grant({ ...same, keys: ['a', 'b'] }), /not granted the keys "b"/],
    [grant({ ...same, keys: ['*'] }), /not granted the keys "\*"/],
    [grant({ ...same, operations: ['sign', 'mac'] }), /not granted "mac"/],
    [grant({ ...same, operations: ['sphinx/wrap'] }), /not granted "sphinx\/wrap"/],
    [grant({ ...same, schemes: ['schnorr', 'ed25519'] }), /not granted ed25519/],
    [grant(), /not granted every scheme/],
  ];
  for (const [inner, reason] of wider) assert.match(whyWider(inner, outer) ?? 'may', reason);
  assert.is(whyWider(grant({ schemes: ['ed25519'] }), grant()), undefined, 'of every scheme, one');
});

/** What a port may do, as a list of all that it may. */
const rights = ({ keys, operations, schemes = SCHEMES }: WireGrant): string[] =>
  [...named(keys)].flatMap((id) =>
    operations.flatMap((each) => (each === 'sign' ? schemes.map((scheme) => `${id} ${scheme}`) : [`${id} ${each}`])),
  );

test('a chain of grants, each of the one before, never has a right that the first has not', () => {
  const operations = ['sign', 'verify', 'publicKey', 'mac'] as const;
  const some = <T>(list: readonly T[]): T[] => {
    const chosen = list.filter(() => random.int(3) > 0);
    return chosen.length === 0 ? [random.pick(list)] : chosen;
  };
  const any = (): WireGrant =>
    grant({
      keys: patterns(),
      operations: some(operations),
      ...(random.int(2) === 0 && { schemes: some<Scheme>(SCHEMES) }),
    });
  let onward = 0;
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    const first = any();
    const all = new Set(rights(first));
    let last = first;
    for (let step = 0; step < 8; step++) {
      const next = random.int(2) === 0 ? any() : { ...any(), keys: some(last.keys) };
      if (whyWider(next, last) !== undefined) {
        refused++;
        continue;
      }
      last = next;
      onward++;
      for (const right of rights(last)) assert.ok(all.has(right), `${right} of ${JSON.stringify([first, last])}`);
    }
  }
  assert.ok(onward > 50 && refused > 50, `the cases are mixed: ${onward} granted onward, ${refused} refused`);
});

test('a grant comes out as a new object of its checked fields, on both sides', () => {
  const full = {
    keys: ['node/*', 'a', '*'],
    operations: [...PUBLIC_OPERATIONS, 'sign', 'agree', 'sphinx/unwrap'],
    schemes: ['ed25519'],
    perSecond: 5,
    maxSignatures: 6,
    expiresInMs: 7,
  };
  for (const check of [expectGrant, checkGrant]) {
    for (const given of [full, { keys: ['a'], operations: ['verify'] }]) {
      const checked = check(given);
      assert.equal(checked, given as unknown as WireGrant);
      assert.ok(checked !== (given as unknown) && checked.keys !== (given.keys as unknown));
    }
  }
});

test('every operation but derive and export can be granted', () => {
  for (const operation of OPERATIONS) {
    const given = { keys: ['*'], operations: [operation] };
    if (operation !== 'derive' && operation !== 'export') assert.equal(expectGrant(given).operations, [operation]);
    else assert.throws(() => expectGrant(given), /expected an operation that a port can be granted/);
  }
});

test('what is no grant is a TypeError here and ERR_GRANT there, with the place of each mistake', () => {
  const good = { keys: ['a'], operations: ['sign'] };
  const cases: [unknown, RegExp][] = [
    [null, /grant: expected an object with "keys" and "operations", got null/],
    [[good], /grant: expected an object/],
    [{}, /grant\.keys: .*grant\.operations: /],
    [{ ...good, keys: [] }, /grant\.keys: expected an array of 1 to/],
    [{ ...good, keys: 'a' }, /grant\.keys: expected an array/],
    [{ ...good, keys: new Array(1025).fill('a') }, /grant\.keys: expected an array of 1 to 1,024/],
    ...['', 'a**', '**', 'a*b', '-a', '*a', 'a b*', `${'x'.repeat(129)}`, `${'x'.repeat(129)}*`, 7, null].map(
      (key): [unknown, RegExp] => [
        { ...good, keys: [key] },
        /grant\.keys\[0\]: expected a key id, or the start of one/,
      ],
    ),
    [{ ...good, operations: [] }, /grant\.operations: expected an array of 1 to/],
    ...['Sign', 'release', 'register', 'Sphinx/unwrap', 'a/b/c', null, 7].map((operation): [unknown, RegExp] => [
      { ...good, operations: [operation] },
      /grant\.operations\[0\]: expected/,
    ]),
    [{ ...good, schemes: [] }, /grant\.schemes: expected an array of 1 to/],
    [{ ...good, schemes: ['rsa'] }, /grant\.schemes\[0\]: expected/],
    ...[0, -1, 1.5, '1', null, Number.NaN, 2 ** 53].flatMap((value) =>
      (['perSecond', 'maxSignatures', 'expiresInMs'] as const).map((name): [unknown, RegExp] => [
        { ...good, [name]: value },
        new RegExp(`grant\\.${name}: expected a whole number from 1`),
      ]),
    ),
    [{ ...good, idleMs: 1 }, /grant\.idleMs: unknown field/],
    [{ ...good, key: 'a' }, /grant\.key: unknown field/],
  ];
  for (const [value, reason] of cases) {
    assert.throws(
      () => expectGrant(value),
      (error: Error) => error instanceof TypeError && reason.test(error.message),
    );
    assert.throws(
      () => checkGrant(value),
      (error: { code?: string; message: string }) => error.code === 'ERR_GRANT' && reason.test(error.message),
      String(reason),
    );
  }
  assert.is(expectGrant({ ...good, keys: ['x'.repeat(128), `${'x'.repeat(128)}*`] }).keys.length, 2, 'the longest');
});

test.run();
