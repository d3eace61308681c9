// The methods of the vault's ports: one table, both sides. Every method takes and gives structured-cloneable values
// without secrets; secret hand-offs travel outside Comlink, as transferred buffers (see HandoffMessage).
import type { MessagePort } from 'node:worker_threads';
import type { ErrorRecord, StartupFailure } from '../errors.js';
import type { GoneReason, VaultEvent } from './events.js';
import type { WireGrant } from './grants.js';
import type { KeyInfo, VaultInfo } from './info.js';
import type { WireLoad } from './loads.js';
import type {
  WireExecuteRequest,
  WireExportRequest,
  WireLockRequest,
  WireResealRequest,
  WireSealRequest,
  WireUnlockRequest,
} from './requests.js';
import type { WireConfig, WireKeySpec } from './specs.js';
import type { VaultStats } from './stats.js';
import type { HashName, KeyHandle, KeyType, Scheme } from './types.js';

/** A key as the vault describes it to its clients. */
export interface KeyRecord {
  readonly info: KeyInfo;
  readonly handle: KeyHandle;
  /** A sentence for process.emitWarning. */
  readonly warning?: string;
}

/** The vault is open. */
export interface OpenReply {
  /** Sentences for process.emitWarning. */
  readonly warnings: readonly string[];
}

export interface LoadReply {
  readonly keys: readonly KeyRecord[];
  /** Every key that could not be registered; when there is one, nothing stays registered. */
  readonly failures: readonly StartupFailure[];
  /** Keys that were to be registered. */
  readonly total: number;
  /** What the vault runs on, as its threads are ready. */
  readonly info: VaultInfo;
}

/** What a port that was granted begins with. */
export interface ConnectReply {
  /** The keys that it may use, as they are now: notices tell what changes. */
  readonly keys: readonly KeyRecord[];
  readonly info: VaultInfo;
  readonly config: Pick<WireConfig, 'threads' | 'maxPending' | 'maxPendingBytes'>;
}

/** What was locked. */
export interface LockReply {
  /** Ids of the keys that an unlock brings back. */
  readonly locked: readonly string[];
  /** Ids of those that had no encrypted source, and are lost. */
  readonly gone: readonly string[];
}

/** How the vault found the variables that sources name. */
export interface ClaimReply {
  /** Read from the process's environment block and overwritten there: a look from JavaScript now finds ''. */
  readonly scrubbed: readonly string[];
  /** Read there, and could not be overwritten. */
  readonly exposed: readonly string[];
}

export interface VerifyRequest {
  readonly id: string;
  readonly scheme: Scheme;
  readonly hash: HashName | undefined;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** A password that is typed at the terminal, step by step: what is typed is read by the vault thread, and stays there. */
export const TYPING_STEPS = ['open', 'old', 'new', 'again', 'close'] as const;
/** `old` and `new` read a line, `again` the same line once more; each is asked for until it is not `waiting`. */
export type TypingStep = (typeof TYPING_STEPS)[number];

/** A rough guess: see workers/vault/terminal-strength.ts. */
export type Strength = 'weak' | 'fair' | 'strong';

export type TypingReply =
  /** A secret of kind `bytes` can name the line by this number. `strength`: of a new one. */
  | { readonly state: 'typed'; readonly handoff: number; readonly strength?: Strength }
  /** The line is not complete; or it was taken back whole, and is read anew; or it, and all that was typed, is wiped. */
  | { readonly state: 'waiting' | 'empty' | 'too-long' | 'different' | 'cancelled' | 'closed' | 'no-terminal' };

/** The methods and their plain signatures. Handlers answer each with a {@link Reply}. */
export interface VaultMethods {
  /** Make the arena, test the providers, start the signers. First of all, and once. */
  open(config: WireConfig): OpenReply;
  /** Read named variables from the process's environment block into the arena, and scrub them there. */
  claimVariables(names: readonly string[]): ClaimReply;
  /** Register every key of the settings, or none. Once, after `open`. */
  load(keys: readonly WireKeySpec[], loads: readonly WireLoad[]): LoadReply;
  register(spec: WireKeySpec): KeyRecord;
  publicKey(id: string): Uint8Array;
  /** A frame of operations (frame.ts); answered by replies that follow one another in the frame's order. */
  sign(frame: ArrayBuffer): readonly ArrayBuffer[];
  signTogether(ids: readonly string[], message: Uint8Array): Uint8Array;
  verify(request: VerifyRequest): boolean;
  release(id: string): void;
  /** An operator whose input does not go into frames; the answer is as the operator says. */
  execute(request: WireExecuteRequest): unknown;
  /** Write keys into a sealed file. Answers with the number of keys that it holds then. */
  seal(request: WireSealRequest): number;
  exportKeystore(request: WireExportRequest): void;
  /** Write a sealed file anew, under another password. Answers with the number of keys in it. */
  reseal(request: WireResealRequest): number;
  /** Read what was typed at the terminal meanwhile. For the program. */
  readTyped(step: TypingStep): TypingReply;
  /** First of all at a port that was granted. */
  connect(): ConnectReply;
  /** Serve a port; answers with the grant's number. */
  grant(request: WireGrant, port: MessagePort): number;
  /** End a grant that was made at this port, with those that were made of it. */
  revoke(grant: number): void;
  lock(request: WireLockRequest): LockReply;
  /** Load again what was locked. Answers with the ids. */
  unlock(request: WireUnlockRequest): readonly string[];
  stats(): VaultStats;
  /** Generate a key and keep it only in a new file of mode 0600. Answers with the public key. */
  createKeyFile(type: KeyType, path: string): Uint8Array;
  close(): void;
}

/** The closed list of the port's methods. Anything else is refused. */
export const VAULT_METHODS: readonly (keyof VaultMethods)[] = [
  'open',
  'claimVariables',
  'load',
  'register',
  'publicKey',
  'sign',
  'signTogether',
  'verify',
  'release',
  'execute',
  'seal',
  'exportKeystore',
  'reseal',
  'readTyped',
  'grant',
  'revoke',
  'lock',
  'unlock',
  'stats',
  'createKeyFile',
  'close',
];

/** The methods of a port that was granted. */
export const GRANTED_METHODS: readonly (keyof VaultMethods)[] = [
  'connect',
  'publicKey',
  'sign',
  'signTogether',
  'verify',
  'execute',
  'grant',
  'revoke',
];

/** Arguments of one call, at most. */
export const MAX_ARGUMENTS = 2;

/** The vault's last message when it ends for a reason of its own. */
export interface FatalMessage {
  readonly fatal: ErrorRecord;
}
export const isFatalMessage = (data: unknown): data is FatalMessage =>
  typeof data === 'object' && data !== null && Object.hasOwn(data, 'fatal');

/** How far a start has come with keys that cost a key derivation. Outside Comlink, while `load` is under way. */
export interface ProgressMessage {
  readonly progress: { readonly done: number; readonly total: number };
}
export const isProgressMessage = (data: unknown): data is ProgressMessage =>
  typeof data === 'object' && data !== null && Object.hasOwn(data, 'progress');

/** What changed, outside Comlink: to each port, of what it sees. */
export interface NoticeMessage {
  readonly notice: {
    /** Keys that are new, or in another state. */
    readonly changed?: readonly KeyRecord[];
    readonly gone?: readonly { readonly id: string; readonly reason: GoneReason }[];
    /** What the keys' policies leave. */
    readonly left?: readonly { readonly id: string; readonly signatures: number }[];
    readonly locked?: boolean;
    /** To the owner only. */
    readonly event?: VaultEvent;
  };
}
export const isNoticeMessage = (data: unknown): data is NoticeMessage =>
  typeof data === 'object' && data !== null && Object.hasOwn(data, 'notice');

/** Every answer is one of these: errors are records, so their codes survive and no stack of the vault crosses. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorRecord };

/** The same methods as they are exposed and called over Comlink. */
export type ExposedMethods = {
  readonly [M in keyof VaultMethods]: (
    ...args: Parameters<VaultMethods[M]>
  ) => Promise<Reply<ReturnType<VaultMethods[M]>>>;
};

/** Secret bytes on their way in: a transferred buffer, by number, outside Comlink. The vault wipes it after use. */
export interface HandoffMessage {
  readonly handoff: number;
  readonly bytes: ArrayBuffer;
}

/**
 * Main is about to end the process, or the vault's thread: the vault brings its threads to rest, wipes everything, sets
 * the first number to 1, and never does anything again.
 */
export interface StopMessage {
  readonly stop: Int32Array<SharedArrayBuffer>;
}

/** The vault's first message: it listens. Calls made before it would be lost. */
export interface ReadyMessage {
  readonly ready: true;
}
export const READY_MESSAGE: ReadyMessage = { ready: true };
export const isReadyMessage = (data: unknown): data is ReadyMessage =>
  typeof data === 'object' && data !== null && Object.hasOwn(data, 'ready') && (data as ReadyMessage).ready === true;
