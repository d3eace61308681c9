// The vectors of both kinds of keystore: light, hostile, published, malformed. Where our answer differs from a label, or a
// label leaves it open, it is pinned here with the reason.
import { processPassword } from '../../dist/workers/keystore/password.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import { type Outcome, outcomeOf, utf8, withArena } from './opening.js';

const test = suite('the vectors of keystores');

interface Case {
  readonly name: string;
  readonly password?: string;
  readonly passwordHex?: string;
  readonly passwordNormalisedHex?: string;
  readonly secret?: string;
  readonly privateKey?: string;
  readonly keystore?: object;
  /** The file's very text. */
  readonly raw?: string;
  /** Nothing where all are to open. */
  readonly expect?: string;
}

const load = (path: string): readonly Case[] | undefined => loadVectors<{ cases: Case[] }>(path)?.cases;

const passwordOf = ({ password, passwordHex }: Case): Uint8Array =>
  passwordHex === undefined ? utf8(password ?? '') : fromHex(passwordHex);

/** scrypt at the usual cost takes one or two seconds, every other file 0.3 at most. */
const isExpensive = ({ keystore }: Case): boolean => {
  const n = /"n":(\d+)/.exec(JSON.stringify(keystore ?? {}))?.[1];
  return Number(n ?? 0) > 65_536;
};

const openCase = (each: Case): Outcome => outcomeOf(each.raw ?? JSON.stringify(each.keystore), passwordOf(each));

/** Every refusal has one of these codes, whatever is wrong. */
const REFUSALS = ['ERR_KEYSTORE', 'ERR_PASSWORD', 'ERR_KDF_COST', 'ERR_KEY_RANGE'];

type Answer = 'opens' | 'refused';

/** Our answers where the label says `either`, or something else than we do. */
const OURS: Readonly<Record<string, readonly [Answer, because: string]>> = {
  'pubkey empty': ['opens', "EIP-2335's schema does not require it, and there is nothing to compare"],
  'pubkey with 0x prefix': ['opens', 'it can mean but one thing'],
  'pubkey upper case': ['opens', 'hex has two cases'],
  'checksum upper case hex': ['opens', 'hex has two cases'],
  'salt with 0x prefix': ['opens', 'it can mean but one thing'],
  'prf "HMAC-SHA256"': ['opens', 'it can mean but one thing'],
  'checksum function "SHA256"': ['opens', 'older tools wrote it so'],
  'missing uuid': ['opens', 'nothing depends on it'],
  'missing path': ['opens', 'nothing depends on it, and Lighthouse reads it'],
  'kdf.message not empty': ['refused', 'the standard has no use for it, and Lighthouse refuses it'],
  'UTF-8 BOM before JSON': ['opens', 'editors write it'],
  'duplicate key: weaker n second': ['refused', 'nobody can say which counts'],
  'n as 1.024e3': ['opens', 'the same number in JSON'],
  'version "3"': ['refused', 'go-ethereum refuses it'],
  'cipher aes-128-cbc': [
    'refused',
    'the definition names it, go-ethereum does not read it, and padding would be guessed',
  ],
  'wealdtech SCrypt': ['refused', 'the secret has 64 bytes: no BLS key'],
  'lighthouse additional_top_level_key': ['opens', "other tools' notes, as `name`, which Lighthouse reads"],
  'lighthouse missing_pubkey': ['opens', "EIP-2335's schema does not require it, and wealdtech's files have none"],
  'lighthouse scrypt_dklen_not_32': ['opens', '33 bytes: EIP-2335 uses the first 32 of however many'],
  'lighthouse pbkdf2_dklen_not_32': ['opens', '33 bytes: EIP-2335 uses the first 32 of however many'],
};

const answerTo = ({ name, expect = 'decrypts' }: Case): Answer =>
  OURS[name]?.[0] ?? (/^(?:decrypts|accept)/.test(expect) ? 'opens' : 'refused');

const judge = (each: Case): void => {
  const outcome = openCase(each);
  const { name, secret, privateKey = secret } = each;
  if (answerTo(each) === 'opens') {
    assert.ok(outcome.secret !== undefined, `${name}: ${outcome.code} ${outcome.message}`);
    // Old clients left leading zeros out of the file.
    if (privateKey !== undefined) assert.is(outcome.secret, privateKey.padStart(64, '0'), name);
    return;
  }
  assert.ok(outcome.code !== undefined, `${name} opened`);
  assert.ok(REFUSALS.includes(outcome.code), `${name}: ${outcome.code}`);
  assert.not(/[0-9a-f]{16}/i.test(outcome.message ?? ''), `${name}: the message shows a value`);
};

for (const kind of ['eip2335', 'web3-v3']) {
  const light = load(`${kind}/light-keystores.json`);
  const hostile = load(`${kind}/hostile-keystores.json`);
  const published = load(`${kind}/published-keystores.json`);
  if (light === undefined || hostile === undefined || published === undefined) {
    test.skip(`${kind}`, NO_VECTORS);
    continue;
  }

  test(`${kind}: the light ones open`, () => {
    for (const each of light) judge(each);
    assert.ok(light.length > 10);
  });

  test(`${kind}: the hostile ones get the right answer`, () => {
    for (const each of hostile) {
      if (each.expect === 'either') assert.ok(OURS[each.name] !== undefined, `${each.name} is pinned`);
      judge(each);
    }
    assert.ok(hostile.length > 30);
  });

  test(`${kind}: the published ones of low cost open`, () => {
    for (const each of published) if (!isExpensive(each)) judge(each);
  });

  const expensive = [...published, ...(kind === 'eip2335' ? (load('eip2335/published-malformed.json') ?? []) : [])]
    .filter(isExpensive)
    .filter((each) => kind === 'web3-v3' || answerTo(each) === 'opens' || /decrypt/.test(each.expect ?? ''));
  const name = `${kind}: ${expensive.length} published ones at full cost`;
  if (process.env.STRONGROOM_SLOW === '1') {
    test.timeout(180_000);
    test(name, () => {
      for (const each of expensive) judge(each);
    });
  } else test.skip(name, 'they take a second or two each; STRONGROOM_SLOW=1 runs them');
}

const malformed = load('eip2335/published-malformed.json');
if (malformed === undefined) test.skip('malformed ones', NO_VECTORS);
else {
  test('eip2335: malformed ones of other projects are refused, or pinned', () => {
    for (const each of malformed) {
      // Those that are refused for their form never come to the derivation, whatever it would cost.
      if (isExpensive(each) && (answerTo(each) === 'opens' || /decrypt/.test(each.expect ?? ''))) continue;
      judge(each);
    }
  });
}

const light = load('eip2335/light-keystores.json');
if (light === undefined) test.skip('processed passwords', NO_VECTORS);
else {
  test('eip2335: passwords are processed to the very bytes', () => {
    for (const { name, password = '', passwordNormalisedHex = '' } of light) {
      withArena([4096, 16_384], (given, out) => {
        const bytes = utf8(password);
        given.set(bytes);
        const length = processPassword('eip2335', given.subarray(0, bytes.length), out);
        equalBytes(out.slice(0, length), fromHex(passwordNormalisedHex), name);
        assert.is(toHex(out.subarray(0, length)), passwordNormalisedHex);
      });
    }
  });
}

test.run();
