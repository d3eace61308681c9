// Keys from passwords: scrypt and PBKDF2 by OpenSSL, Argon2id by libsodium. The forms of the calls matter: node's
// asynchronous ones would copy the password into memory that nobody wipes; the synchronous ones read it where it lies.
// OpenSSL and libsodium zero what they work in; the result is a Buffer of its own, copied and zeroed here.
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { VaultError } from '../../src/errors.js';
import { formatNumber } from '../../src/wire/check.js';
import type { Sodium } from '../providers/native/load.js';
import { isRefusedByOpenSsl, memoryOf } from './cost.js';
import type { Argon2idRequest, KdfRequest, ScryptRequest } from './request.js';
import { romix, romixRoomBytes } from './romix.js';

export interface Kdfs {
  /**
   * Derive a key from a password. It blocks its thread for as long as the request's cost says: check that before.
   *
   * @param request - of valid parameters: n a power of two above 1, the others at least 1, Argon2id's salt of 16 bytes.
   * @param password - an arena view, of any length; it is left as it is.
   * @param out - an arena view of as many bytes as are wanted, at least 16. On failure it is left zeroed.
   * @throws {VaultError} ERR_KDF_COST - the memory that it takes is not to be had.
   * @see RFC 7914, RFC 8018 §5.2, RFC 9106
   */
  deriveFromPassword(request: KdfRequest, password: Uint8Array, out: Uint8Array): void;
}

type Argon2id = (request: Argon2idRequest, password: Uint8Array, out: Uint8Array) => void;

const moveInto = (result: Uint8Array, out: Uint8Array): void => {
  out.set(result);
  result.fill(0);
};

const pbkdf2 = (
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  hash: 'sha256' | 'sha512',
  out: Uint8Array,
): void => moveInto(pbkdf2Sync(password, salt, iterations, out.length, hash), out);

/** scrypt of its parts (RFC 7914 §6): OpenSSL's PBKDF2 touches the password, as ever; only the middle is ours. */
const scryptByParts = ({ n, r, p, salt }: ScryptRequest, password: Uint8Array, out: Uint8Array): void => {
  const room = new Uint8Array(romixRoomBytes(n, r));
  const blocks = new Uint8Array(128 * r * p);
  try {
    pbkdf2(password, salt, 1, 'sha256', blocks);
    for (let i = 0; i < p; i++) romix(blocks.subarray(128 * r * i, 128 * r * (i + 1)), n, r, room);
    pbkdf2(password, blocks, 1, 'sha256', out);
  } finally {
    room.fill(0);
    blocks.fill(0);
  }
};

const scrypt = (request: ScryptRequest, password: Uint8Array, out: Uint8Array): void => {
  if (isRefusedByOpenSsl(request)) {
    scryptByParts(request, password, out);
    return;
  }
  const { n, r, p, salt } = request;
  moveInto(scryptSync(password, salt, out.length, { N: n, r, p, maxmem: memoryOf(request) + 1024 * 1024 }), out);
};

const argon2idOfSodium =
  (sodium: Sodium): Argon2id =>
  ({ passes, memoryKiB, salt }, password, out) =>
    sodium.crypto_pwhash(out, password, salt, passes, 1024 * memoryKiB, sodium.crypto_pwhash_ALG_ARGON2ID13);

/** noble works in ordinary memory, and promises nothing of what it leaves there. */
const argon2idOfNoble = async (): Promise<Argon2id> => {
  const { argon2id } = await import('@noble/hashes/argon2.js');
  return ({ passes, memoryKiB, salt }, password, out) =>
    moveInto(argon2id(password, salt, { t: passes, m: memoryKiB, p: 1, dkLen: out.length, maxmem: 2 ** 32 - 1 }), out);
};

/** The key derivations of this thread. noble is loaded only where sodium is missing. */
export const createKdfs = async (sodium: Sodium | undefined): Promise<Kdfs> => {
  const argon2id = sodium === undefined ? await argon2idOfNoble() : argon2idOfSodium(sodium);
  const derive = (request: KdfRequest, password: Uint8Array, out: Uint8Array): void => {
    if (request.kdf === 'scrypt') scrypt(request, password, out);
    else if (request.kdf === 'pbkdf2') pbkdf2(password, request.salt, request.iterations, request.hash, out);
    else argon2id(request, password, out);
  };
  return {
    deriveFromPassword(request, password, out) {
      let done = false;
      try {
        derive(request, password, out);
        done = true;
      } catch {
        // The libraries' own errors say no more than this; the parameters were checked when they were read.
        const bytes = formatNumber(memoryOf(request));
        throw new VaultError('ERR_KDF_COST', `${request.kdf} could not be run with the ${bytes} bytes that it takes`);
      } finally {
        if (!done) out.fill(0);
      }
    },
  };
};
