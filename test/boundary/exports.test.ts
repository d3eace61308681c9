// What the package gives to the world: a closed list. A new name here is a decision, not an accident.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as strongroom from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { repositoryRoot } from '../support/vectors.js';
import { tokenize } from './scan.js';

const VALUES: readonly string[] = ['VaultError', 'connectVault', 'openVault', 'resealFile'];

/** Every name with a type, the types of the values among them. */
const DECLARED: readonly string[] = [
  ...VALUES,
  'AgreeInput',
  'CustomOperation',
  'Encoding',
  'ExportRequest',
  'ExtendedPublicKey',
  'GoneReason',
  'GrantRequest',
  'GrantedOperation',
  'HashName',
  'KeyInfo',
  'KeyLimits',
  'KeyLoad',
  'KeyPolicy',
  'KeySource',
  'KeySpec',
  'KeyType',
  'LoadProgress',
  'LockOptions',
  'LockReply',
  'MnemonicLanguage',
  'OpenOptions',
  'Operation',
  'Operator',
  'OperatorAnswers',
  'OperatorInputs',
  'ProviderName',
  'ResealRequest',
  'Residue',
  'Scheme',
  'SealRequest',
  'SealingCost',
  'SecretSource',
  'Settings',
  'SettingsProblem',
  'SignOptions',
  'StartupFailure',
  'UnlockPasswords',
  'Vault',
  'VaultEnd',
  'VaultErrorCode',
  'VaultEvent',
  'VaultEventType',
  'VaultEvents',
  'VaultInfo',
  'VaultStats',
  'VerifyOptions',
].sort();

/** The names that a declaration file exports; `export *` is not for the public entry point, which names everything. */
const declaredExports = (path: string): string[] => {
  const tokens = tokenize(readFileSync(path, 'utf8'));
  const names: string[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || token.text !== 'export') continue;
    let at = index + 1;
    while (/^(?:type|declare|const|function|class|interface|abstract)$/.test(tokens[at]?.text ?? '')) at++;
    if (tokens[at]?.text === '*') throw new Error('the public entry point names what it exports, without "export *"');
    if (tokens[at]?.text !== '{') {
      names.push(tokens[at]?.text ?? '');
      continue;
    }
    for (at++; at < tokens.length && tokens[at]?.text !== '}'; at++) {
      const next = tokens[at + 1]?.text;
      if (tokens[at]?.kind === 'word' && (next === ',' || next === '}')) names.push(tokens[at]?.text ?? '');
    }
  }
  return names.sort();
};

const test = suite('the public exports');

test('the package exports exactly these values', () => {
  assert.equal(Object.keys(strongroom).sort(), VALUES);
});

test('the package declares exactly these names', () => {
  assert.equal(declaredExports(join(repositoryRoot, 'dist/src/index.d.ts')), DECLARED);
});

test('nothing but the entry point, the schema and package.json can be imported from the package', async () => {
  const inside = ['dist/src/index.js', 'dist/src/errors.js', 'dist/workers/arena/slots.js', 'src/index.ts', 'workers'];
  for (const path of inside) {
    const error = await rejects(import(`strongroom/${path}`), Error);
    assert.is((error as NodeJS.ErrnoException).code, 'ERR_PACKAGE_PATH_NOT_EXPORTED', path);
  }
  assert.ok(existsSync(join(repositoryRoot, 'dist/workers/arena/slots.js')), 'positive control: the file is there');
});

test.run();
