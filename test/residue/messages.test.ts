// No secret is in a message, an answer, an error or a log. A program does with a vault all that can be done, well and
// badly; every message that main, the vault and the signers send or receive is recorded, and what the program is given
// is printed in every way. Two kinds of secret alone cross, in hand-offs: bytes, and variables that the program has set.
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { CONTROL_MESSAGES } from './fixtures/message-record.js';
import { type MessageRun, type Place, runMessages, type ThreadKind } from './message-run.js';
import { whyNoScan } from './scanner/support.js';

const test = suite('messages, answers, errors and logs');
test.timeout(120_000);

/** What the program had to fail at. */
const FAILURES: Readonly<Record<string, string>> = {
  'sign: no such key': 'ERR_KEY_NOT_FOUND',
  'sign: a bad digest': 'RangeError',
  'sign: a scheme of another type': 'ERR_SCHEME_UNSUPPORTED',
  'sign: a type that does not': 'ERR_OPERATION_UNSUPPORTED',
  'signMany: one bad digest': 'RangeError',
  'signTogether: another type': 'ERR_OPERATION_UNSUPPORTED',
  'verify: no such key': 'ERR_KEY_NOT_FOUND',
  'publicKey: no such key': 'ERR_KEY_NOT_FOUND',
  'release: no such key': 'ERR_KEY_NOT_FOUND',
  'register: an id that is taken': 'ERR_KEY_EXISTS',
  'register: no specification': 'TypeError',
  'bad/letters': 'ERR_KEY_ENCODING',
  'bad/length': 'ERR_KEY_LENGTH',
  'bad/shared-file': 'ERR_SOURCE_PERMISSIONS',
  'bad/range': 'ERR_KEY_RANGE',
  'bad/handed-range': 'ERR_KEY_RANGE',
  'bad/set-by-the-program': 'ERR_KEY_RANGE',
  'bad/variable': 'ERR_KEY_ENCODING',
  'sign: released': 'ERR_KEY_NOT_FOUND',
  'sign: closed': 'ERR_VAULT_CLOSED',
  'open: bad keys': 'ERR_VAULT_STARTUP',
  'sign: busy': 'ERR_VAULT_BUSY',
};

let run: MessageRun;

const show = ({ hit, thread, message }: Place): string =>
  `${hit.secret} as ${hit.form}, ${message.way} by ${thread} in { ${message.fields.join(', ')} }`;

const isHandoff = ({ message }: Place): boolean => message.fields.join() === 'handoff,bytes';
const secretPlaces = (): Place[] => run.places.filter(({ hit }) => hit.secret !== run.control);

/** Messages of a kind of thread that have a field. */
const count = (thread: ThreadKind, way: 'sent' | 'received', field: string): number =>
  run.records
    .filter((record) => record.thread === thread)
    .flatMap(({ messages }) => messages)
    .filter((message) => message.way === way && message.fields.includes(field)).length;

const reason = whyNoScan();

if (reason !== undefined) {
  test.skip('no secret is in a message, an answer, an error or a log', reason);
} else {
  test.before(async () => {
    run = await runMessages();
  });

  test('no message of any thread holds a secret, but for hand-offs', () => {
    assert.equal(
      secretPlaces()
        .filter((place) => !isHandoff(place))
        .map(show),
      [],
    );
  });

  test('only what main alone can see is handed off: once, to the vault, and out of its reach', () => {
    const handed = secretPlaces().filter(isHandoff);
    const byId = (way: string, thread: string): string[] =>
      handed
        .filter((place) => place.message.way === way && place.thread === thread)
        .map(({ hit }) => hit.secret)
        .sort();
    const crossing = [...run.crossing].sort();
    assert.ok(crossing.length >= 8);
    assert.equal(byId('sent', 'main'), crossing);
    assert.equal(byId('received', 'vault'), crossing);
    assert.is(handed.length, 2 * crossing.length);
    assert.ok(handed.filter(({ message }) => message.way === 'sent').every(({ message }) => message.detached));
    assert.is(run.attached, 0, 'the buffers that the program gave are detached');
  });

  test('no answer, error or vault shows a secret, however it is printed', () => {
    for (const { name, hits, bytesScanned } of run.outputs) {
      assert.ok(bytesScanned > 10_000, `${name} was written to`);
      assert.equal(
        hits.map(({ secret, whole }) => [secret, whole]),
        [[run.control, true]],
        `${name}: the control, and nothing else`,
      );
    }
    assert.equal(Object.fromEntries(run.failures), FAILURES);
  });

  test('every message was recorded', () => {
    const unrecorded = run.records.flatMap(({ messages }) => messages.flatMap(({ unrecorded }) => unrecorded ?? []));
    assert.equal(unrecorded, []);
    // Each kind on both of its sides: calls and answers, tasks and results, hand-offs.
    const calls = count('main', 'sent', 'argumentList');
    const tasks = count('vault', 'sent', 'task');
    assert.ok(calls > 100 && tasks > 20, `${calls} calls, ${tasks} tasks`);
    assert.is(count('vault', 'received', 'argumentList'), calls);
    assert.is(count('vault', 'sent', 'value'), calls);
    assert.is(count('main', 'received', 'value'), calls);
    assert.is(count('signer', 'sent', 'result'), tasks);
    assert.is(count('vault', 'received', 'handoff'), count('main', 'sent', 'handoff'));
    assert.ok(count('main', 'sent', 'stop') > 0, 'the process ended with a vault open');
  });

  test('only signers are given a handle to the arena', () => {
    const handles = run.records.flatMap(({ thread, messages }) =>
      messages
        .filter(({ shared, fields }) => shared.length > 0 && !fields.includes('shared'))
        .map(({ way, fields }) => `${way} by ${thread}${fields.includes('workerData') ? ' with workerData' : ''}`),
    );
    assert.equal([...new Set(handles)], ['sent by vault with workerData']);
  });

  test('positive control: a secret in a message is found in every thread, whatever it is in', () => {
    for (const { thread, messages } of run.records) {
      const planted = run.places.filter(
        (place) => place.hit.secret === run.control && messages.includes(place.message),
      );
      assert.is(new Set(planted.map(({ message }) => message)).size, CONTROL_MESSAGES, `${thread}`);
      const forms = new Set(planted.map(({ hit }) => hit.form));
      for (const form of ['bytes', 'hex', 'list of bytes', 'reversed', 'decimal', 'base64, offset 0']) {
        assert.ok(forms.has(form), `${form} in ${thread}`);
      }
    }
    assert.equal([...new Set(run.records.map(({ thread }) => thread))].sort(), ['main', 'signer', 'vault']);
  });
}

test.run();
