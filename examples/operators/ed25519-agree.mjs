// An operator: an ed25519 identity agrees on a key with another one. Both sides turn their ed25519 keys into x25519 keys,
// as libsodium and many messengers do, and hash the shared point with both identities and what the key is for.
//
//   operators: { 'identity/agree': './ed25519-agree.mjs' }                            in the settings
//   await vault.execute('node/identity', 'identity/agree', { peer, info: 'session 1' })   32 bytes, the same on both sides
//
// What stays of it: nothing, as long as every secret is in `secret` and `scratch`, which the vault takes away, and
// libsodium computes, which zeroes what it derives. The same with node:crypto's key objects, or with a library over
// BigInts, would leave the key in ordinary memory for some time; so would Buffer.from(secret), or a hex string of it.
import sodium from 'sodium-native';
import { defineOperator } from 'strongroom/operator';

const KEY_BYTES = 32;
const MAX_INFO_CHARACTERS = 256;

export const operator = defineOperator({
  types: ['ed25519'],

  input(value) {
    const { peer, info } = Object(value);
    if (!(peer instanceof Uint8Array) || peer.length !== KEY_BYTES) throw new TypeError('"peer" expected 32 bytes');
    if (typeof info !== 'string' || info.length === 0 || info.length > MAX_INFO_CHARACTERS) {
      throw new TypeError('"info" expected a string of 1 to 256 characters');
    }
    const theirs = Buffer.alloc(KEY_BYTES);
    try {
      sodium.crypto_sign_ed25519_pk_to_curve25519(theirs, peer); // refuses what is no point, or of small order
    } catch {
      throw new TypeError('"peer" expected an ed25519 public key');
    }
    return { peer, theirs, info: Buffer.from(info, 'utf8') };
  },

  run({ secret, publicKey, scratch }, { peer, theirs, info }) {
    const pair = scratch.subarray(0, 64); // libsodium's form of the secret key: seed, public key
    const scalar = scratch.subarray(64, 96);
    const shared = scratch.subarray(96, 128);
    pair.set(secret);
    pair.set(publicKey, KEY_BYTES);
    sodium.crypto_sign_ed25519_sk_to_curve25519(scalar, pair);
    sodium.crypto_scalarmult(shared, scalar, theirs);
    // BLAKE2b keyed with the shared point; the identities in one order, so that both sides have the same.
    const identities = [Buffer.from(publicKey), Buffer.from(peer)].sort(Buffer.compare);
    const key = Buffer.alloc(KEY_BYTES);
    sodium.crypto_generichash(key, Buffer.concat([...identities, info]), shared);
    return key;
  },
});
