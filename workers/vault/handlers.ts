// The vault's methods: one handler for each client stub of src/client.ts, in the same order. Every argument is checked
// here as if its sender were hostile, and what a port was granted before anything else. Handlers throw VaultErrors; service.ts turns them into replies.
import { types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { type SettingsProblem, VaultError, type VaultErrorCode } from '../../src/errors.js';
import { isKeyId, listOf, summarize } from '../../src/wire/check.js';
import { createFrameWriter, REPLY_HEADER_BYTES, STATUS_CODES, schemeCode } from '../../src/wire/frame.js';
import { checkGrant } from '../../src/wire/grants.js';
import { MAX_LOADS, type WireLoad, wireLoad } from '../../src/wire/loads.js';
import {
  type LoadReply,
  TYPING_STEPS,
  type TypingStep,
  type VaultMethods,
  type VerifyRequest,
} from '../../src/wire/protocol.js';
import {
  checkExecuteRequest,
  checkExportRequest,
  checkLockRequest,
  checkResealRequest,
  checkSealRequest,
  checkUnlockRequest,
} from '../../src/wire/requests.js';
import { checkWireKeySpec, MAX_KEYS } from '../../src/wire/specs.js';
import {
  HASHES,
  KEY_TYPE_FACTS,
  KEY_TYPES,
  type KeyType,
  MAX_MESSAGE_BYTES,
  SIGNATURE_BYTES,
  type Slot,
} from '../../src/wire/types.js';
import { auditSigner } from '../audit/signer.js';
import { encodeHex } from '../codec/hex.js';
import { hashMessage } from '../providers/hashes.js';
import { publicKeyOf } from '../providers/public-key.js';
import { claimVariable } from '../sources/environ.js';
import { writeKeyFile } from '../sources/file.js';
import { generateSecret } from '../sources/generate.js';
import { wipeStack } from '../wipe-stack.js';
import { admitFrame, refund } from './admission.js';
import { execute } from './execute.js';
import type { KeyEntry } from './key-table.js';
import { exportKeystore } from './keystore-export.js';
import { loadAll } from './loading.js';
import type { OpenVault } from './open.js';
import { assertAllowed } from './policy.js';
import { recordFor } from './records.js';
import { dropHeldOf, registerKey } from './registration.js';
import { releaseKey, wipeSlot } from './release.js';
import { dropSecret } from './secret-reader.js';
import type { Session } from './sessions.js';

/** Handlers answer at once or later. `open` and `close` belong to the service: they begin and end what these work on. */
export type Handlers = {
  readonly [M in Exclude<keyof VaultMethods, 'open' | 'close'>]: (
    vault: OpenVault,
    session: Session,
    ...args: unknown[]
  ) => ReturnType<VaultMethods[M]> | Promise<ReturnType<VaultMethods[M]>>;
};

/** Each is looked for in the whole environment block, at a tenth of a millisecond or two. */
const MAX_VARIABLES = 16_384;
const MAX_VARIABLE_NAME_LENGTH = 255;
const MAX_SIGNATURE_BYTES = 1024;
const MAX_PATH_LENGTH = 32_767;

const refuse = (expected: string): never => {
  throw new VaultError('ERR_REFUSED', `the vault refused the call: expected ${expected}`);
};

export const handlers: Handlers = {
  claimVariables({ arena, held }, _session, names) {
    const isName = (name: unknown): name is string =>
      typeof name === 'string' && name.length <= MAX_VARIABLE_NAME_LENGTH && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
    if (!Array.isArray(names) || names.length > MAX_VARIABLES || !Array.from(names).every(isName)) {
      return refuse('a list of environment variable names');
    }
    const scrubbed: string[] = [];
    const exposed: string[] = [];
    for (const name of new Set(names)) {
      // Two calls at once may name one variable, which is to be had only once.
      if (held.claimAgain(name)) {
        scrubbed.push(name);
        continue;
      }
      held.dropVariable(name);
      try {
        const claimed = claimVariable(name, arena.staging);
        if (claimed === undefined) continue;
        (claimed.scrubbed ? scrubbed : exposed).push(name);
        held.holdVariable(name, arena.staging.subarray(0, claimed.length));
      } catch (error) {
        held.refuseVariable(name, error);
      } finally {
        arena.staging.fill(0);
      }
    }
    return { scrubbed, exposed };
  },

  async load(vault, session, specs, loads): Promise<LoadReply> {
    if (!Array.isArray(specs) || specs.length > MAX_KEYS) return refuse('a list of keys');
    // Array.from, here and below: array methods skip holes, and what follows would meet them.
    const checked = Array.from(specs, checkWireKeySpec);
    const checkedLoads = checkLoads(loads);
    const loaded = await vault.lock.awaited(async () => {
      const loading = await loadAll(vault, checked, checkedLoads, (id) =>
        releaseKey(vault, vault.table.get(id), 'released', session),
      );
      if (loading.failures.length === 0) await vault.pool.ready();
      return loading;
    });
    if (loaded.failures.length > 0) return loaded;
    const { audit, config, table, signing } = vault;
    const key = config.audit?.key ?? undefined;
    audit?.begin(key === undefined ? undefined : await auditSigner(key, table.find(key), signing));
    vault.sessions.watch(session);
    // As they are now: a key may have expired meanwhile.
    const keys = loaded.keys.filter(({ handle }) => table.at(handle.slot, handle.generation) !== undefined);
    return { ...loaded, keys, info: vault.info() }; // as every thread tells it
  },

  async register(vault, _session, spec) {
    const checked = checkWireKeySpec(spec);
    try {
      vault.lock.assertUnlocked();
      return await vault.lock.awaited(() => registerKey(vault, checked));
    } finally {
      dropHeldOf(vault, checked.source);
    }
  },

  publicKey(vault, session, id) {
    session.assertGranted('publicKey');
    const { info } = seen(vault, session, id);
    if (KEY_TYPE_FACTS[info.type].publicKeyBytes === 0) throw unsupported(info, 'have a public key');
    return info.publicKey;
  },

  async sign({ dispatcher, table, sessions, lock }, session, frame) {
    const admitted = admitFrame(frame, table, session);
    if (admitted.entries.some((entry) => entry !== undefined)) lock.touch();
    const replies = await dispatcher.submit(admitted);
    if (admitted.limited) sessions.tellLeft(limitedKeys(admitted.entries), session);
    return replies;
  },

  async signTogether(vault, session, ids, message) {
    session.assertGranted('sign');
    if (!Array.isArray(ids) || ids.length === 0 || ids.length > vault.config.maxKeys)
      return refuse('a list of key ids');
    if (new Set(ids).size !== ids.length) return refuse('each key id once');
    const bytes = messageBytes(message);
    const keys = Array.from(ids, (id) => blsKey(seen(vault, session, id)));
    if (keys.length > vault.config.maxPending || keys.length * bytes.length > vault.config.maxPendingBytes) {
      throw new VaultError(
        'ERR_VAULT_BUSY',
        `${keys.length} copies of ${bytes.length} bytes exceed what may be pending`,
      );
    }
    const writer = createFrameWriter(keys.length * (bytes.length + 20));
    for (const { handle } of keys) writer.add(handle, schemeCode('bls12-381'), 0, bytes, undefined);
    const replies = await handlers.sign(vault, session, writer.finish());
    const statuses = replies.flatMap(statusesOf);
    const failure = statuses.find((status) => status !== 0);
    if (failure !== undefined) {
      // Those of the others do not leave the vault.
      for (const [i, entry] of keys.entries()) if (statuses[i] === 0) refund(entry, session, 1);
      throw new VaultError(STATUS_CODES[failure] as VaultErrorCode);
    }
    const signatures = replies.flatMap((reply) => signaturesOf(reply, SIGNATURE_BYTES['bls12-381']));
    return vault.providers['bls12-381'].aggregate!(signatures);
  },

  async verify(vault, session, request) {
    session.assertGranted('verify');
    if (typeof request !== 'object' || request === null) return refuse('a verification request');
    const { id, scheme, hash, message, signature } = request as Partial<VerifyRequest>;
    const { info } = seen(vault, session, id);
    const { schemes } = KEY_TYPE_FACTS[info.type];
    if (schemes.length === 0) throw unsupported(info, 'verify');
    if (scheme === undefined || !schemes.includes(scheme)) {
      throw new VaultError(
        'ERR_SCHEME_UNSUPPORTED',
        `the key "${info.id}" is of type ${info.type}; its schemes are ${schemes.join(', ')}`,
        { keyId: info.id },
      );
    }
    if (hash !== undefined && (info.type !== 'secp256k1' || !HASHES.includes(hash)))
      return refuse('a hash of secp256k1');
    if (!isOwnBytes(signature, MAX_SIGNATURE_BYTES)) return refuse('a signature');
    const digest = hashMessage(hash, messageBytes(message));
    const provider = vault.providers[info.type];
    await provider.prepareToVerify?.();
    return provider.verify(info.publicKey, scheme, digest, signature);
  },

  release: (vault, session, id) => releaseKey(vault, vault.table.get(keyId(id)), 'released', session),

  execute(vault, session, request) {
    const checked = checkExecuteRequest(request);
    session.assertGranted(checked.operator);
    const entry = seen(vault, session, checked.id);
    if (entry.gone !== undefined) throw new VaultError('ERR_VAULT_LOCKED', undefined, { keyId: entry.info.id });
    return execute(vault, session, entry, checked);
  },

  async seal(vault, _session, request) {
    const { path, password, cost, ids, allow } = checkSealRequest(request);
    try {
      vault.lock.assertUnlocked();
      const entries = ids === undefined ? [...vault.table.entries()] : ids.map((id) => vault.table.ready(id));
      for (const entry of entries) assertAllowed(entry, 'export');
      const policy = allow === undefined ? {} : { allow };
      return await using(vault, entries, () => vault.sealedKeys.add(path, password, cost, entries, policy));
    } finally {
      dropSecret(password, vault.held);
    }
  },

  async exportKeystore(vault, _session, request) {
    const { id, path, password, n } = checkExportRequest(request);
    try {
      const entry = vault.table.ready(id);
      assertAllowed(entry, 'export');
      await using(vault, [entry], () => exportKeystore(vault, entry, path, password, n));
    } finally {
      dropSecret(password, vault.held);
    }
  },

  async reseal(vault, _session, request) {
    const { path, password, newPassword, cost } = checkResealRequest(request);
    try {
      vault.lock.assertUnlocked();
      return await vault.lock.awaited(() => vault.sealedKeys.reseal(path, password, newPassword, cost));
    } finally {
      dropSecret(password, vault.held);
      dropSecret(newPassword, vault.held);
    }
  },

  readTyped({ terminal }, _session, step) {
    if (!TYPING_STEPS.includes(step as TypingStep)) return refuse(`one of ${TYPING_STEPS.join(', ')}`);
    return terminal.step(step as TypingStep);
  },

  connect({ sessions, table, config, info }, session) {
    sessions.watch(session);
    const keys = [...table.entries()].filter(session.sees).map((entry) => recordFor(entry, session.grant));
    const { threads, maxPending, maxPendingBytes } = config;
    const { memory, ...rest } = info();
    // Not how many there are that it does not see.
    const seenInfo = { ...rest, memory: { ...memory, keysUsed: keys.length } };
    return { keys, info: seenInfo, config: { threads, maxPending, maxPendingBytes } };
  },

  grant({ sessions }, session, request, port) {
    if (!(port instanceof MessagePort)) return refuse('a port');
    try {
      return sessions.grant(session, checkGrant(request), port).number;
    } catch (error) {
      port.close(); // whoever waits at its other end is not left waiting
      throw error;
    }
  },

  revoke({ sessions }, session, number) {
    if (typeof number !== 'number') return refuse("a grant's number");
    sessions.revoke(session, number);
  },

  lock: (vault, _session, request) => vault.lock.lock(checkLockRequest(request).unsealed, 'asked'),

  async unlock(vault, _session, request) {
    const checked = checkUnlockRequest(request);
    try {
      return await vault.lock.unlock(checked);
    } finally {
      for (const secret of [checked.password, ...checked.files.map(({ password }) => password)]) {
        if (secret !== undefined) dropSecret(secret, vault.held);
      }
    }
  },

  stats: ({ journal, dispatcher, sessions, pool, config: { maxPending } }) =>
    journal.stats({ ...dispatcher.load, maxPending, threads: pool.threads, grants: sessions.granted }),

  async createKeyFile(vault, _session, type, path) {
    if (!KEY_TYPES.includes(type as KeyType)) return refuse(`one of ${KEY_TYPES.join(', ')}`);
    if (typeof path !== 'string' || path.length === 0 || path.length > MAX_PATH_LENGTH || path.includes('\0')) {
      return refuse('the path of a file');
    }
    const { arena, store, providers, scratch } = vault;
    const provider = providers[type as KeyType];
    let publicKey = new Uint8Array();
    let taken: Slot | undefined;
    try {
      const secret = arena.decoded.subarray(0, generateSecret(provider.keyType, arena.decoded));
      taken = store.add((view) => {
        provider.load(secret, view, scratch);
        publicKey = publicKeyOf(view, provider.keyType).slice();
      }).slot;
      const length = encodeHex(secret, arena.staging);
      arena.staging[length] = 0x0a; // a text file ends in a line feed
      writeKeyFile(path, arena.staging.subarray(0, length + 1));
      return publicKey;
    } finally {
      arena.staging.fill(0);
      arena.decoded.fill(0);
      scratch.fill(0);
      wipeStack();
      if (taken !== undefined) await wipeSlot(vault, taken, provider.keyType);
    }
  },
};

/** Work that is in flight on keys: their release waits for it. */
const using = async <T>({ table }: OpenVault, entries: readonly KeyEntry[], work: () => Promise<T>): Promise<T> => {
  for (const entry of entries) table.begin(entry);
  try {
    return await work();
  } finally {
    for (const entry of entries) table.end(entry);
  }
};

const checkLoads = (loads: unknown): readonly WireLoad[] => {
  const problems: SettingsProblem[] = [];
  const checked = listOf(0, MAX_LOADS, wireLoad)(loads, 'loads', problems);
  if (checked === undefined || problems.length > 0) return refuse(`a list of loads: ${summarize(problems)}`);
  return checked;
};

/** A key that the session may know of. @throws {VaultError} ERR_KEY_NOT_FOUND, ERR_KEY_EXPIRED, ERR_KEY_IDLE */
const seen = ({ table }: OpenVault, session: Session, id: unknown): KeyEntry => {
  const known = keyId(id);
  if (session.sees({ info: { id: known } })) return table.get(known);
  // What a port does not see is not there, and never was.
  throw new VaultError('ERR_KEY_NOT_FOUND', `no key "${known}" is registered`, { keyId: known });
};

const limitedKeys = (entries: readonly (KeyEntry | undefined)[]): Set<KeyEntry> => {
  const limited = new Set<KeyEntry>();
  for (const entry of entries) if (entry?.quota !== undefined) limited.add(entry);
  return limited;
};

const keyId = (id: unknown): string => (isKeyId(id) ? id : refuse('a key id'));

const messageBytes = (message: unknown): Uint8Array => {
  return isOwnBytes(message, MAX_MESSAGE_BYTES) ? message : refuse('a message');
};

/** Bytes that only this thread can change: a sender could change, or grow, what it shares. */
const isOwnBytes = (value: unknown, maxLength: number): value is Uint8Array =>
  types.isUint8Array(value) && value.buffer instanceof ArrayBuffer && value.length <= maxLength;

const unsupported = ({ id, type }: KeyEntry['info'], operation: string): VaultError =>
  new VaultError('ERR_OPERATION_UNSUPPORTED', `the key "${id}" is of type ${type}, which does not ${operation}`, {
    keyId: id,
  });

const blsKey = (entry: KeyEntry): KeyEntry => {
  if (entry.info.type !== 'bls12-381') throw unsupported(entry.info, 'sign together');
  return entry;
};

const statusesOf = (reply: ArrayBuffer): number[] => [
  ...new Uint8Array(reply, REPLY_HEADER_BYTES, new Uint32Array(reply, 0, 1)[0]!),
];

/** Every signature of a reply in which each operation succeeded. */
const signaturesOf = (reply: ArrayBuffer, length: number): Uint8Array[] => {
  const count = new Uint32Array(reply, 0, 1)[0]!;
  return Array.from(
    { length: count },
    (_, i) => new Uint8Array(reply, REPLY_HEADER_BYTES + count + i * length, length),
  );
};
