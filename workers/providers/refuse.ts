// The refusals that all providers share. Lengths and names only, never a value.
import { VaultError } from '../../src/errors.js';
import { AUX_RAND_BYTES, DIGEST_BYTES, type KeyType, type Scheme, SIGNATURE_BYTES } from '../../src/wire/types.js';

/** The error for a scheme that a key type does not have. */
export const unsupportedScheme = (type: KeyType, scheme: Scheme): VaultError =>
  new VaultError('ERR_SCHEME_UNSUPPORTED', `a key of type ${type} does not sign with scheme ${scheme}`);

/** The error for signing with a type that does not sign. */
export const unsupportedSigning = (type: KeyType): VaultError =>
  new VaultError('ERR_OPERATION_UNSUPPORTED', `a key of type ${type} does not sign`);

/** The error of an aggregate that cannot be made. */
export const notASignature = (count: number): VaultError =>
  new VaultError(
    'ERR_SIGNATURE_FAULT',
    `expected ${count} valid signatures to aggregate, got at least one that is not`,
  );

const requireLength = (name: string, bytes: Uint8Array | undefined, length: number): void => {
  if (bytes?.length !== length)
    throw new RangeError(`"${name}" expected ${length} bytes, got ${bytes?.length ?? 'none'}`);
};

/** @throws {RangeError} a digest or signature buffer of the wrong length. */
export const checkDigestAndRoom = (scheme: Scheme, digest: Uint8Array, signature: Uint8Array): void => {
  requireLength('digest', digest, DIGEST_BYTES);
  checkRoom(scheme, signature);
};

/** @throws {RangeError} a signature buffer that is not as long as the scheme's signature. */
export const checkRoom = (scheme: Scheme, signature: Uint8Array): void =>
  requireLength('signature', signature, SIGNATURE_BYTES[scheme]);

/** @throws {RangeError} auxiliary randomness that is missing or not 32 bytes. */
export function checkAuxRand(auxRand: Uint8Array | undefined): asserts auxRand is Uint8Array {
  requireLength('auxRand', auxRand, AUX_RAND_BYTES);
}
