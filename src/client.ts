// The Vault object: one stub for each of the vault's methods (workers/vault/handlers.ts has their twins, in the same
// order). Callers' mistakes are found here, before any message is sent. No secret passes through.
import { EventEmitter } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createCoalescer } from './coalescer.js';
import { VaultError } from './errors.js';
import { expectCall, isFrameOperator } from './execution.js';
import { expectExport, expectSeal } from './file-requests.js';
import type { VaultHost, VaultPort } from './host.js';
import { deliverKey, prepareDelivery } from './key-delivery.js';
import { type ClientKey, copyInfo, createKnownKeys } from './known-keys.js';
import { createTelling, expectLock, expectUnlock } from './lock-requests.js';
import { assertMessage, assertSignatureBytes, copyBytes, signRequest, unsupported, verifyRequest } from './requests.js';
import { expectKey } from './settings/keys.js';
import type { Vault, VaultEvents, VaultInfo } from './vault.js';
import { warnOnce } from './warn.js';
import { expectGrant } from './wire/grants.js';
import { answerBytes, OPERATOR_TYPES, operatorCode, packInput } from './wire/operators.js';
import type { ConnectReply, KeyRecord } from './wire/protocol.js';
import { KEY_TYPE_FACTS, type KeyId } from './wire/types.js';

/**
 * A client of an open vault, or of a port that was granted. `keys` are those that it begins with.
 *
 * @param host - the owner's has a way in for secrets; a granted port has none.
 */
export const createClient = (
  host: VaultPort | VaultHost,
  config: ConnectReply['config'],
  info: VaultInfo,
  keys: readonly KeyRecord[],
): Vault => {
  const known = createKnownKeys(keys);
  const coalescer = createCoalescer(host.sign, config);
  const events = new EventEmitter<VaultEvents>();
  /** The grants that were made here, by the ports that were given out. */
  const grants = new WeakMap<MessagePort, number>();
  let locked = info.locked;
  const tellInOrder = createTelling();
  let closing: Promise<void> | undefined;

  host.onNotice((notice) => {
    known.update(notice);
    if (notice.locked !== undefined) locked = notice.locked;
    // After what it tells of: whoever listens sees the keys as they are.
    if (notice.event === undefined) return;
    if (notice.event.type === 'audit-failed') warnOnce(notice.event.reason);
    events.emit(notice.event.type, notice.event as never);
  });

  const owner = (): VaultHost => {
    if ('handoff' in host) return host;
    throw new VaultError(
      'ERR_NOT_GRANTED',
      'a port that was granted has keys to use, and none to give or to take away',
    );
  };

  const assertOpen = (): void => {
    if (closing !== undefined) throw new VaultError('ERR_VAULT_CLOSED');
  };

  const vault: Vault = {
    async register(id, spec) {
      assertOpen();
      const host = owner();
      const checked = expectKey(id, spec, process.cwd());
      if (known.has(id)) throw new VaultError('ERR_KEY_EXISTS', `the key id "${id}" is taken`, { keyId: id });
      const wireSpec = await deliverKey(host, checked);
      const record = await host.call('register', wireSpec);
      if (record.warning !== undefined) warnOnce(record.warning);
      known.set(record);
      return copyInfo(record.info);
    },

    async publicKey(id) {
      assertOpen();
      const { type } = known.get(id).info;
      if (KEY_TYPE_FACTS[type].publicKeyBytes === 0) throw unsupported(id, type, 'have a public key');
      return host.call('publicKey', id);
    },

    sign(id, message, options) {
      return new Promise((resolve, reject) => {
        assertOpen();
        const key = known.ready(id);
        const request = signRequest(key.info, options);
        const length = assertMessage(message, request.digest);
        coalescer.assertRoom(1, length);
        coalescer.add(key, request, message, resolve, reject, length);
      });
    },

    signMany(id, messages, options) {
      return new Promise((resolve, reject) => {
        assertOpen();
        const key = known.ready(id);
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
        // What a policy limits is given to all of them or to none: they stay together.
        const together = isLimited(key) || !('handoff' in host);
        if (together) coalescer.flush();
        for (let i = 0; i < count; i++) {
          const keep = (signature: Uint8Array): void => {
            signatures[i] = signature;
            if (--missing === 0) resolve(signatures);
          };
          coalescer.add(key, request, checked[i]!, keep, reject, lengths[i]!, together && i < count - 1);
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
        const { type } = known.get(id).info;
        if (type !== 'bls12-381') throw unsupported(id, type, 'sign together');
      }
      assertMessage(message, false);
      return host.call('signTogether', named, copyBytes(message));
    },

    async verify(id, message, signature, options) {
      assertOpen();
      const { scheme, hash, digest } = verifyRequest(known.get(id).info, options);
      assertMessage(message, digest);
      assertSignatureBytes(signature);
      return host.call('verify', { id, scheme, hash, message: copyBytes(message), signature: copyBytes(signature) });
    },

    async release(id) {
      assertOpen();
      const host = owner();
      known.get(id);
      known.delete(id);
      coalescer.flush(); // what was asked before is signed before
      await host.call('release', id);
    },

    execute: ((id: string, operator: unknown, input: unknown): Promise<unknown> =>
      new Promise((resolve, reject) => {
        assertOpen();
        const key = known.ready(id);
        if (isFrameOperator(operator)) {
          if (!OPERATOR_TYPES[operator].includes(key.info.type)) throw unsupported(id, key.info.type, operator);
          const packed = packInput(operator, key.info.type, input);
          const scheme = operatorCode(operator);
          const length = answerBytes(scheme, packed, 0, packed.length);
          coalescer.assertRoom(1, packed.length);
          const request = { scheme, hash: 0, auxRand: undefined, resultBytes: length };
          coalescer.add(key, request, packed, resolve, reject, packed.length);
          return;
        }
        host
          .call('execute', expectCall(key.info, operator, input))
          .then(resolve, (error: unknown) =>
            reject(error instanceof VaultError ? error : new TypeError('"input" cannot be sent to the vault')),
          );
      })) as Vault['execute'],

    async grant(request) {
      assertOpen();
      const grant = expectGrant(request);
      const { port1, port2 } = new MessageChannel();
      try {
        grants.set(port1, await host.grant(grant, port2));
        return port1;
      } catch (error) {
        port1.close();
        throw error;
      }
    },

    async revoke(port) {
      assertOpen();
      const grant = grants.get(port);
      if (grant === undefined) throw new TypeError('"port" expected a port that this vault has granted');
      coalescer.flush();
      await host.call('revoke', grant);
      grants.delete(port); // not before: a call that was refused may be made again
    },

    async lock(options) {
      assertOpen();
      const request = expectLock(options);
      const host = owner();
      coalescer.flush();
      return tellInOrder(request, (request) => host.call('lock', request));
    },

    async unlock(passwords) {
      assertOpen();
      const host = owner();
      const { password, files } = expectUnlock(passwords);
      const secrets = [...(password === undefined ? [] : [password]), ...files.map((file) => file.password)];
      return tellInOrder(prepareDelivery(host, secrets), ({ secret }) =>
        host.call('unlock', {
          files: files.map((file) => ({ path: file.path, password: secret(file.password) })),
          ...(password !== undefined && { password: secret(password) }),
        }),
      );
    },

    async stats() {
      assertOpen();
      return owner().call('stats');
    },

    events,

    async seal(request) {
      assertOpen();
      const host = owner();
      const { password, ids, allow, ...rest } = expectSeal(request);
      for (const id of ids ?? []) known.get(id);
      const { secret } = await prepareDelivery(host, [password]);
      const which = { ...(ids && { ids }), ...(allow && { allow }) };
      return host.call('seal', { ...rest, ...which, password: secret(password) });
    },

    async exportKeystore(id, request) {
      assertOpen();
      const host = owner();
      known.get(id);
      const { password, ...rest } = expectExport(request);
      const { secret } = await prepareDelivery(host, [password]);
      await host.call('exportKeystore', { ...rest, id: id as KeyId, password: secret(password) });
    },

    info: () => ({
      ...info,
      locked,
      providers: { ...info.providers },
      residue: { ...info.residue },
      memory: { ...info.memory, keysUsed: known.size },
    }),

    keys: known.infos,

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

/** Where only the vault knows what is left, and a granted port does not know what its grant limits. */
const isLimited = ({ info: { limits } }: ClientKey): boolean =>
  limits.maxSignatures !== undefined || limits.perSecond !== undefined;
