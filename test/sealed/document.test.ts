// docs/sealed-file.md: its example is opened and made anew, byte for byte, and its numbers are those of the source.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argon2id } from '@noble/hashes/argon2.js';
import { openSealedFile } from '../../dist/workers/sealed/file.js';
import { CHUNK_BYTES, HEADER_BYTES, MAX_RECORDS, SEALED_CHUNK_BYTES } from '../../dist/workers/sealed/format.js';
import { MAX_POLICY_BYTES, MAX_SECRET_BYTES, MIN_SECRET_BYTES } from '../../dist/workers/sealed/record.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { repositoryRoot } from '../support/vectors.js';
import { build, fileOf, readAll, recordOf } from './rig.js';
import { inArena } from './room.js';

const test = suite('docs/sealed-file.md');
const page = readFileSync(join(repositoryRoot, 'docs/sealed-file.md'), 'utf8');

/** The bytes of a block of hex, without the places before its lines. */
const block = (name: string): Uint8Array => {
  const text = new RegExp(`\`\`\`${name}\n([^\`]+)\`\`\``).exec(page)?.[1] ?? '';
  return fromHex(text.replaceAll(/^[0-9a-f]{4} {2}/gm, '').replaceAll(/\s/g, ''));
};

const PASSWORD = Buffer.from('correct horse battery staple');
const SECRET = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');

test('its example opens with its password', () => {
  const path = fileOf(block('file'));
  const file = openSealedFile(path);
  file.close();
  const { passes, memoryKiB, salt } = file.header.kdf;
  const derived = argon2id(PASSWORD, salt, { t: passes, m: memoryKiB, p: 1, dkLen: 64 });
  equalBytes(derived, block('derived'));
  assert.equal(readAll(path, inArena(derived)), [
    { id: 'node/identity', type: 'ed25519', allow: ['sign'], created: 1_700_000_000_000, secret: SECRET },
  ]);
});

test('its example is made by its rules, byte for byte', () => {
  const record = recordOf('node/identity', 'ed25519', '{"allow":["sign"]}', 1_700_000_000_000, SECRET);
  equalBytes(Uint8Array.from(record), block('record'));
  const kdf = {
    kdf: 'argon2id',
    passes: 3,
    memoryKiB: 1024,
    salt: Uint8Array.from({ length: 16 }, (_, i) => i),
  } as const;
  const prefix = Uint8Array.from({ length: 20 }, (_, i) => 0x40 + i);
  equalBytes(build({ kdf, derivedKey: block('derived') }, { records: 1, chunks: [record] }, prefix), block('file'));
});

test('its numbers are those of the source', () => {
  for (const value of [MAX_RECORDS, CHUNK_BYTES, SEALED_CHUNK_BYTES, MAX_POLICY_BYTES]) {
    assert.ok(page.includes(String(value).replace(/\B(?=(?:\d{3})+$)/g, ',')), String(value));
  }
  assert.ok(page.includes(`header (${HEADER_BYTES})`));
  assert.ok(page.includes(`| ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} |`));
});

test.run();
