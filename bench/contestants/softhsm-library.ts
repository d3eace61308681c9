// Where SoftHSM2's library usually is.
import { existsSync } from 'node:fs';

const PLACES = [
  '/usr/lib/softhsm/libsofthsm2.so', // Debian, Ubuntu
  '/usr/lib64/softhsm/libsofthsm2.so', // Fedora
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/lib/libsofthsm2.so',
  '/usr/lib64/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** SOFTHSM2_LIB, or the first of the usual places that has it. */
export const libraryPath = (): string | undefined => {
  const named = process.env.SOFTHSM2_LIB;
  return [...(named === undefined || named === '' ? PLACES : [named])].find((path) => existsSync(path));
};
