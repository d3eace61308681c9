// What derivations cost, and which are refused before they begin.
import { checkCost, DEFAULT_KDF_LIMITS, memoryOf } from '../../dist/workers/kdf/cost.js';
import type { KdfLimits, KdfRequest } from '../../dist/workers/kdf/request.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('the cost of key derivation');
const salt = new Uint8Array(32);
const scrypt = (n: number, r: number, p: number): KdfRequest => ({ kdf: 'scrypt', n, r, p, salt });
const pbkdf2 = (iterations: number): KdfRequest => ({ kdf: 'pbkdf2', hash: 'sha256', iterations, salt });
const argon2id = (passes: number, memoryKiB: number): KdfRequest => ({ kdf: 'argon2id', passes, memoryKiB, salt });

const refusal = (request: KdfRequest, limits: KdfLimits = DEFAULT_KDF_LIMITS): string | undefined => {
  try {
    checkCost(request, limits, 'a.json');
    return undefined;
  } catch (error) {
    assert.is((error as { code?: string }).code, 'ERR_KDF_COST');
    return (error as Error).message;
  }
};

test('memory is what the functions allocate', () => {
  assert.is(memoryOf(scrypt(2 ** 18, 8, 1)), 2 ** 28 + 3 * 1024);
  assert.is(memoryOf(argon2id(3, 65_536)), 2 ** 26);
  assert.ok(memoryOf(pbkdf2(2 ** 40)) < 64 * 1024);
});

test('what keystores ask for in earnest is within the limits', () => {
  for (const request of [
    scrypt(2, 1, 1),
    scrypt(2 ** 18, 8, 1),
    scrypt(2 ** 18, 1, 8),
    scrypt(2 ** 17, 8, 1),
    scrypt(2 ** 20, 8, 1),
    scrypt(2 ** 12, 8, 6),
    pbkdf2(262_144),
    pbkdf2(1_000_000),
    argon2id(3, 65_536),
    argon2id(4, 2 ** 20),
  ]) {
    assert.is(refusal(request), undefined);
  }
});

test('absurd costs are refused, by memory or by work', () => {
  for (const [request, reason] of [
    [scrypt(2 ** 21, 8, 1), /scrypt asks for 2,147,486,720 bytes of memory, the limit is 1,074,790,400$/],
    [scrypt(2 ** 40, 8, 1), /bytes of memory/],
    [scrypt(2, 2 ** 29, 1), /bytes of memory/],
    [scrypt(2, 1, 2 ** 29), /bytes of memory/],
    [scrypt(1024, 8, 2 ** 19), /blocks of work/],
    [scrypt(4096, 1024, 4000), /blocks of work/],
    [scrypt(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), /bytes of memory/],
    // OpenSSL refuses r = 1 with such an n: the middle part is ours, and costs more.
    [scrypt(2 ** 20, 1, 8), /blocks of work/],
    [scrypt(2, 1, 2 ** 22), /blocks of work/],
    [pbkdf2(2 ** 22 + 1), /^a\.json: pbkdf2 asks for 4,194,305 iterations, the limit is 4,194,304$/],
    [pbkdf2(2 ** 31), /iterations/],
    [argon2id(1, 2 ** 21), /bytes of memory/],
    [argon2id(2 ** 32 - 1, 1024), /KiB of work/],
  ] as const) {
    assert.match(refusal(request) ?? 'not refused', reason);
  }
});

test('the limits are settable, and exact', () => {
  const limits = { maxMemory: memoryOf(scrypt(1024, 8, 1)), maxWork: 1040 }; // 1,024 × 8 / 8, and 2 × 8 for PBKDF2
  assert.is(refusal(scrypt(1024, 8, 1), limits), undefined);
  assert.match(refusal(scrypt(2048, 8, 1), limits) ?? '', /bytes of memory/);
  assert.match(refusal(scrypt(1024, 8, 2), { ...limits, maxMemory: 2 ** 30 }) ?? '', /2,080 blocks of work/);
  assert.is(refusal(pbkdf2(1040), limits), undefined);
  assert.match(refusal(pbkdf2(1041), limits) ?? '', /1,041 iterations/);
  assert.is(refusal(argon2id(1, 1024), limits), undefined);
  assert.match(refusal(argon2id(2, 1024), limits) ?? '', /KiB of work/);
});

test.run();
