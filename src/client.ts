// The Vault object: one stub for each of the vault's methods (workers/vault/handlers.ts has their twins, in the same
// order). Callers' mistakes are found here, before any message is sent. No secret passes through.
import { createCoalescer } from './coalescer.js';
import { VaultError } from './errors.js';
import { expectExecution, expectExport, expectSeal } from './file-requests.js';
import type { VaultHost } from './host.js';
import { deliverKey, prepareDelivery } from './key-delivery.js';
import { assertMessage, assertSignatureBytes, copyBytes, signRequest, unsupported, verifyRequest } from './requests.js';
import { expectKey } from './settings/keys.js';
import type { KeyInfo, Vault, VaultInfo } from './vault.js';
import { warnOnce } from './warn.js';
import { describe, isKeyId, KEY_ID_RULE } from './wire/check.js';
import type { KeyRecord } from './wire/protocol.js';
import type { WireConfig } from './wire/specs.js';
import { KEY_TYPE_FACTS, type KeyHandle, type KeyId } from './wire/types.js';

interface ClientKey {
  readonly info: KeyInfo;
  readonly handle: KeyHandle;
}

/** A client of an open vault. `keys` are those of the start. */
export const createClient = (
  host: VaultHost,
  config: WireConfig,
  info: VaultInfo,
  keys: readonly KeyRecord[],
): Vault => {
  const known = new Map<string, ClientKey>(keys.map((record) => [record.info.id, record]));
  const coalescer = createCoalescer(host.sign, config);
  let closing: Promise<void> | undefined;

  const keyOf = (id: string): ClientKey => {
    const key = known.get(id);
    if (key !== undefined) return key;
    if (closing !== undefined) throw new VaultError('ERR_VAULT_CLOSED');
    if (!isKeyId(id)) throw new TypeError(`"id" expected ${KEY_ID_RULE}, got ${describe(id)}`);
    throw new VaultError('ERR_KEY_NOT_FOUND', `no key "${id}" is registered`, { keyId: id });
  };

  const assertOpen = (): void => {
    if (closing !== undefined) throw new VaultError('ERR_VAULT_CLOSED');
  };

  const vault: Vault = {
    async register(id, spec) {
      assertOpen();
      const checked = expectKey(id, spec, process.cwd());
      if (known.has(id)) throw new VaultError('ERR_KEY_EXISTS', `the key id "${id}" is taken`, { keyId: id });
      const wireSpec = await deliverKey(host, checked);
      const record = await host.call('register', wireSpec);
      if (record.warning !== undefined) warnOnce(record.warning);
      known.set(id, record);
      return copyInfo(record.info);
    },

    async publicKey(id) {
      assertOpen();
      const { type } = keyOf(id).info;
      if (KEY_TYPE_FACTS[type].publicKeyBytes === 0) throw unsupported(id, type, 'have a public key');
      return host.call('publicKey', id);
    },

    sign(id, message, options) {
      return new Promise((resolve, reject) => {
        assertOpen();
        const key = keyOf(id);
        const request = signRequest(key.info, options);
        const length = assertMessage(message, request.digest);
        coalescer.assertRoom(1, length);
        coalescer.add(key, request, message, resolve, reject, length);
      });
    },

    signMany(id, messages, options) {
      return new Promise((resolve, reject) => {
        assertOpen();
        const key = keyOf(id);
        const request = signRequest(key.info, options);
        if (!Array.isArray(messages)) throw new TypeError(`"messages" expected an array, got ${typeof messages}`);
        // Read once, by index: whatever the array does when it is read, what was checked is what is signed.
        const count = messages.length;
        coalescer.assertRoom(count, 0);
        const checked: Uint8Array[] = [];
        const lengths: number[] = [];
        let bytes = 0;
        for (let i = 0; i < count; i++) {
          const message = messages[i] as Uint8Array;
          const length = assertMessage(message, request.digest);
          checked.push(message);
          lengths.push(length);
          bytes += length;
        }
        coalescer.assertRoom(count, bytes);
        const signatures: Uint8Array[] = new Array(count);
        let missing = count;
        if (missing === 0) resolve(signatures);
        for (let i = 0; i < count; i++) {
          const keep = (signature: Uint8Array): void => {
            signatures[i] = signature;
            if (--missing === 0) resolve(signatures);
          };
          coalescer.add(key, request, checked[i]!, keep, reject, lengths[i]!);
        }
      });
    },

    async signTogether(ids, message) {
      assertOpen();
      if (!Array.isArray(ids) || ids.length === 0) throw new TypeError('"ids" expected a list of at least one key id');
      const named: string[] = [];
      for (let i = 0, count = ids.length; i < count; i++) named.push(ids[i]);
      if (new Set(named).size !== named.length) throw new TypeError('"ids" expected each key id once, got one twice');
      for (const id of named) {
        const { type } = keyOf(id).info;
        if (type !== 'bls12-381') throw unsupported(id, type, 'sign together');
      }
      assertMessage(message, false);
      return host.call('signTogether', named, copyBytes(message));
    },

    async verify(id, message, signature, options) {
      assertOpen();
      const { scheme, hash, digest } = verifyRequest(keyOf(id).info, options);
      assertMessage(message, digest);
      assertSignatureBytes(signature);
      return host.call('verify', { id, scheme, hash, message: copyBytes(message), signature: copyBytes(signature) });
    },

    async release(id) {
      assertOpen();
      keyOf(id);
      known.delete(id);
      coalescer.flush(); // what was asked before is signed before
      await host.call('release', id);
    },

    async execute(id, operator, input) {
      assertOpen();
      const { info: key } = keyOf(id);
      const { path } = expectExecution(operator, input);
      if (key.type !== 'seed') throw unsupported(id, key.type, 'have extended public keys');
      return host.call('execute', { id: id as KeyId, operator, path });
    },

    async seal(request) {
      assertOpen();
      const { password, ids, allow, ...rest } = expectSeal(request);
      for (const id of ids ?? []) keyOf(id);
      const { secret } = await prepareDelivery(host, [password]);
      const which = { ...(ids && { ids }), ...(allow && { allow }) };
      return host.call('seal', { ...rest, ...which, password: secret(password) });
    },

    async exportKeystore(id, request) {
      assertOpen();
      keyOf(id);
      const { password, ...rest } = expectExport(request);
      const { secret } = await prepareDelivery(host, [password]);
      await host.call('exportKeystore', { ...rest, id: id as KeyId, password: secret(password) });
    },

    info: () => ({
      ...info,
      providers: { ...info.providers },
      residue: { ...info.residue },
      memory: { ...info.memory, keysUsed: known.size },
    }),

    keys: () => Array.from(known.values(), (key) => copyInfo(key.info)),

    closed: host.ended,

    close() {
      coalescer.flush();
      closing ??= host.close().then(() => known.clear());
      return closing;
    },

    async [Symbol.asyncDispose]() {
      await vault.close();
    },
  };
  return Object.freeze(vault);
};

const copyInfo = (info: KeyInfo): KeyInfo => ({ ...info, publicKey: info.publicKey.slice(), allow: [...info.allow] });
