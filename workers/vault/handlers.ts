// The vault's methods: one handler for each client stub of src/client.ts, in the same order. Every argument is checked
// here as if its sender were hostile. Handlers throw VaultErrors; service.ts turns them into replies.
import { types } from 'node:util';
import { toErrorRecord, VaultError } from '../../src/errors.js';
import { isKeyId } from '../../src/wire/check.js';
import { createFrameWriter, REPLY_HEADER_BYTES, STATUS_CODES, schemeCode } from '../../src/wire/frame.js';
import type { KeyRecord, LoadReply, VaultMethods, VerifyRequest } from '../../src/wire/protocol.js';
import { checkWireKeySpec, MAX_KEYS, type WireKeySpec } from '../../src/wire/specs.js';
import {
  HASHES,
  KEY_TYPE_FACTS,
  KEY_TYPES,
  type KeyType,
  MAX_MESSAGE_BYTES,
  SIGNATURE_BYTES,
  type Slot,
} from '../../src/wire/types.js';
import { encodeHex } from '../codec/hex.js';
import { hashMessage } from '../providers/hashes.js';
import { publicKeyOf } from '../providers/public-key.js';
import { claimVariable } from '../sources/environ.js';
import { writeKeyFile } from '../sources/file.js';
import { generateSecret } from '../sources/generate.js';
import { wipeStack } from '../wipe-stack.js';
import { admitFrame } from './admission.js';
import type { KeyEntry } from './key-table.js';
import type { OpenVault } from './open.js';

/** Handlers answer at once or later. `open` and `close` belong to the service: they begin and end what these work on. */
export type Handlers = {
  readonly [M in Exclude<keyof VaultMethods, 'open' | 'close'>]: (
    vault: OpenVault,
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
  claimVariables({ arena, held }, names) {
    const isName = (name: unknown): name is string =>
      typeof name === 'string' && name.length <= MAX_VARIABLE_NAME_LENGTH && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
    if (!Array.isArray(names) || names.length > MAX_VARIABLES || !Array.from(names).every(isName)) {
      return refuse('a list of environment variable names');
    }
    const scrubbed: string[] = [];
    const exposed: string[] = [];
    for (const name of new Set(names)) {
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

  async load(vault, specs): Promise<LoadReply> {
    if (!Array.isArray(specs) || specs.length > MAX_KEYS) return refuse('a list of keys');
    // Array.from, here and below: array methods skip holes, and what follows would meet them.
    const checked = Array.from(specs, checkWireKeySpec);
    const keys: KeyRecord[] = [];
    const failures: LoadReply['failures'][number][] = [];
    try {
      for (const spec of checked) {
        try {
          keys.push(registerKey(vault, spec));
        } catch (error) {
          const { code, message } = toErrorRecord(error);
          failures.push({ id: spec.id, code, reason: message });
        }
      }
    } finally {
      for (const spec of checked) dropHeldOf(vault, spec);
    }
    if (failures.length > 0) {
      await Promise.all(keys.map(({ info }) => releaseKey(vault, vault.table.get(info.id))));
      return { keys: [], failures, info: vault.info() };
    }
    await vault.pool.ready();
    return { keys, failures, info: vault.info() };
  },

  register(vault, spec) {
    const checked = checkWireKeySpec(spec);
    try {
      return registerKey(vault, checked);
    } finally {
      dropHeldOf(vault, checked);
    }
  },

  publicKey: ({ table }, id) => table.get(keyId(id)).info.publicKey,

  sign: ({ dispatcher, table }, frame) => dispatcher.submit(admitFrame(frame, table)),

  async signTogether(vault, ids, message) {
    if (!Array.isArray(ids) || ids.length === 0 || ids.length > vault.config.maxKeys)
      return refuse('a list of key ids');
    if (new Set(ids).size !== ids.length) return refuse('each key id once');
    const bytes = messageBytes(message);
    const keys = Array.from(ids, (id) => blsKey(vault, keyId(id)));
    if (keys.length > vault.config.maxPending || keys.length * bytes.length > vault.config.maxPendingBytes) {
      throw new VaultError(
        'ERR_VAULT_BUSY',
        `${keys.length} copies of ${bytes.length} bytes exceed what may be pending`,
      );
    }
    const writer = createFrameWriter(keys.length * (bytes.length + 20));
    for (const { handle } of keys) writer.add(handle, schemeCode('bls12-381'), 0, bytes, undefined);
    const replies = await vault.dispatcher.submit(admitFrame(writer.finish(), vault.table));
    const signatures = replies.flatMap((reply) => signaturesOf(reply, SIGNATURE_BYTES['bls12-381']));
    return vault.providers['bls12-381'].aggregate!(signatures);
  },

  verify({ table, providers }, request) {
    if (typeof request !== 'object' || request === null) return refuse('a verification request');
    const { id, scheme, hash, message, signature } = request as Partial<VerifyRequest>;
    const { info } = table.get(keyId(id));
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
    return providers[info.type].verify(info.publicKey, scheme, digest, signature);
  },

  release: (vault, id) => releaseKey(vault, vault.table.get(keyId(id))),

  async createKeyFile(vault, type, path) {
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

const blsKey = ({ table }: OpenVault, id: string): KeyEntry => {
  const entry = table.get(id);
  if (entry.info.type !== 'bls12-381') throw unsupported(entry.info, 'sign together');
  return entry;
};

const registerKey = ({ table, loader, providers }: OpenVault, spec: WireKeySpec): KeyRecord => {
  const { id, type, source } = spec;
  table.assertFree(id);
  return loader.load(spec, ({ handle, publicKey }) => {
    const info = { id, type, publicKey, provider: providers[type].name, source: source.kind };
    table.add(id, { info, handle, inFlight: 0, releasing: false, drained: undefined });
    return { info, handle };
  });
};

/**
 * Refuse new work, wait for the work in flight, and only then wipe. A signature made with a half-wiped key could leak
 * the key, so this order is a security property.
 */
const releaseKey = async (vault: OpenVault, entry: KeyEntry): Promise<void> => {
  await vault.table.retire(entry);
  await wipeSlot(vault, entry.handle.slot, entry.info.type);
  vault.table.remove(entry);
};

/** Wipe a slot that no batch names, make every thread forget its key, and only then let it be taken again. */
const wipeSlot = async ({ store, forgetting }: OpenVault, slot: Slot, type: KeyType): Promise<void> => {
  store.wipe(slot);
  if (type === 'bls12-381') await forgetting.forget(slot);
  store.free(slot);
};

/** Whatever became of the key: nothing that came for it stays. */
const dropHeldOf = ({ held }: OpenVault, { source }: WireKeySpec): void => {
  if (source.kind === 'env') held.dropVariable(source.name);
  if ((source.kind === 'env' || source.kind === 'bytes') && source.handoff !== undefined)
    held.dropHandoff(source.handoff);
};

/** Every signature of a reply. @throws {VaultError} the first status that is not a success. */
const signaturesOf = (reply: ArrayBuffer, length: number): Uint8Array[] => {
  const count = new Uint32Array(reply, 0, 1)[0]!;
  const statuses = new Uint8Array(reply, REPLY_HEADER_BYTES, count);
  return Array.from(statuses, (status, i) => {
    const code = STATUS_CODES[status];
    if (code === undefined || code === 'OK')
      return new Uint8Array(reply, REPLY_HEADER_BYTES + count + i * length, length);
    throw new VaultError(code);
  });
};
