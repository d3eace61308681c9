// What a key derivation costs, computed from its public parameters before anything is allocated: a keystore may ask for
// terabytes, or for years.
import { VaultError } from '../../src/errors.js';
import { formatNumber } from '../../src/wire/check.js';
import { DEFAULT_MAX_KDF_MEMORY, DEFAULT_MAX_KDF_WORK } from '../../src/wire/specs.js';
import type { KdfLimits, KdfRequest, ScryptRequest } from './request.js';

/** What a vault takes when its settings do not say. */
export const DEFAULT_KDF_LIMITS: KdfLimits = { maxMemory: DEFAULT_MAX_KDF_MEMORY, maxWork: DEFAULT_MAX_KDF_WORK };

/** Bytes that a derivation allocates. */
export const memoryOf = (request: KdfRequest): number => {
  switch (request.kdf) {
    case 'scrypt':
      return 128 * request.r * (request.n + request.p + 2); // V, B, and two blocks to work in
    case 'pbkdf2':
      return 1024; // a few states of the hash
    case 'argon2id':
      return 1024 * request.memoryKiB;
  }
};

/**
 * RFC 7914 §2 has n < 2^(128 × r / 8), which OpenSSL enforces and others don't; it matters for r = 1 alone. The middle
 * part of scrypt is ours then, and slower.
 */
export const isRefusedByOpenSsl = ({ n, r }: Pick<ScryptRequest, 'n' | 'r'>): boolean => n >= 2 ** (16 * r);

/** In the unit of {@link KdfLimits.maxWork}. */
const workOf = (request: KdfRequest): number => {
  switch (request.kdf) {
    case 'scrypt': {
      const { n, r, p } = request;
      // PBKDF2 makes, and hashes, p × r × 128 bytes besides.
      const mixing = (n * p * r) / 8;
      return Math.ceil((isRefusedByOpenSsl(request) ? 8 * mixing : mixing) + 2 * p * r);
    }
    case 'pbkdf2':
      return request.iterations;
    case 'argon2id':
      return request.passes * request.memoryKiB;
  }
};

const costFault = (place: string, request: KdfRequest, what: string, cost: number, limit: number): VaultError =>
  new VaultError(
    'ERR_KDF_COST',
    `${place}: ${request.kdf} asks for ${formatNumber(cost)} ${what}, the limit is ${formatNumber(limit)}`,
  );

/** What the work of each kind is counted in. */
const WORK_UNITS: Readonly<Record<KdfRequest['kdf'], string>> = {
  scrypt: 'blocks of work (n × p × r / 8 and more)',
  pbkdf2: 'iterations',
  argon2id: 'KiB of work (passes × memory)',
};

/**
 * Refuse a derivation that would cost more than the limits; nothing is allocated.
 *
 * @param place - names the file in messages.
 * @throws {VaultError} ERR_KDF_COST - it asks for more memory or work.
 */
export const checkCost = (request: KdfRequest, limits: KdfLimits, place: string): void => {
  const memory = memoryOf(request);
  if (!(memory <= limits.maxMemory)) throw costFault(place, request, 'bytes of memory', memory, limits.maxMemory);
  const work = workOf(request);
  if (!(work <= limits.maxWork)) throw costFault(place, request, WORK_UNITS[request.kdf], work, limits.maxWork);
};
