// The sources of a program that uses the installed package, as one of its users would write it. They are written into
// an empty project beside the package and run there.

/** Signs with every key type and verifies with @noble/curves, which made none of the signatures. Prints JSON. */
export const CONSUMER: string = `
import { ed25519 } from '@noble/curves/ed25519.js';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { openVault } from 'strongroom';

const BLS_SUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const message = new Uint8Array(32).map((_, index) => index);
const warnings = [];
process.on('warning', (warning) => warnings.push(warning.message));

const vault = await openVault(process.argv[2] ?? {
  threads: 2,
  keys: {
    ed: { type: 'ed25519', from: 'generate' },
    ec: { type: 'secp256k1', from: 'generate' },
    bls: { type: 'bls12-381', from: 'generate' },
    x: { type: 'x25519', from: 'generate' },
  },
});
const verdicts = {};
const check = async (name, id, options, verify) => {
  const signature = await vault.sign(id, message, options);
  const publicKey = await vault.publicKey(id);
  const bent = signature.slice();
  bent[10] ^= 1;
  verdicts[name] = {
    noble: verify(signature, publicKey),
    nobleOfBent: verify(bent, publicKey),
    vault: await vault.verify(id, message, signature, options),
    vaultOfBent: await vault.verify(id, message, bent, options),
  };
};
const refuseErrors = (verify) => (signature, publicKey) => {
  try {
    return verify(signature, publicKey);
  } catch {
    return false;
  }
};
await check('ed25519', 'ed', undefined, (s, p) => ed25519.verify(s, message, p));
await check('ecdsa', 'ec', undefined, (s, p) => secp256k1.verify(s, message, p, { prehash: false }));
await check('ecdsa-recoverable', 'ec', { scheme: 'ecdsa-recoverable' }, refuseErrors((s, p) => {
  const recovered = secp256k1.recoverPublicKey(Uint8Array.of(s[64], ...s.subarray(0, 64)), message, { prehash: false });
  return Buffer.from(recovered).equals(p);
}));
await check('schnorr', 'ec', { scheme: 'schnorr' }, (s, p) => schnorr.verify(s, message, p.subarray(1)));
const bls = bls12_381.longSignatures;
await check('bls12-381', 'bls', undefined, refuseErrors((s, p) => bls.verify(s, bls.hash(message, BLS_SUITE), p)));
const many = await vault.signMany('ed', Array.from({ length: 1000 }, (_, index) => Uint8Array.of(index >> 8, index)));
const types = vault.keys().map(({ type }) => type).sort();
const { providers, threads } = vault.info();
await vault.close();
console.log(JSON.stringify({ verdicts, many: many.length, types, providers, threads, warnings }));
`;

/** Uses the declarations, and must compile under strict settings without skipLibCheck. */
export const TYPED_CONSUMER: string = `
import { openVault, VaultError, type KeyInfo, type Settings, type Vault } from 'strongroom';

const settings: Settings = { keys: { a: { type: 'ed25519', from: 'generate' } } };
export const run = async (): Promise<Uint8Array | undefined> => {
  try {
    await using vault: Vault = await openVault(settings);
    const info: KeyInfo = await vault.register('b', { type: 'secp256k1', from: { env: 'KEY' } });
    // @ts-expect-error - a scheme that no key has
    await vault.sign(info.id, new Uint8Array(32), { scheme: 'rsa' });
    return await vault.sign('a', new Uint8Array(0));
  } catch (error) {
    if (error instanceof VaultError && error.code === 'ERR_VAULT_STARTUP') return undefined;
    throw error;
  }
};
`;
