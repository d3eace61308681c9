// Starts the vault thread and keeps it private: the Worker and its Comlink remote never leave this file. Calls settle
// whatever happens to the thread: Comlink alone would leave them pending for ever.
import { Worker } from 'node:worker_threads';
import { createPendingCalls, createVaultCalls, type VaultCalls } from './calls.js';
import { fromErrorRecord, VaultError } from './errors.js';
import { createHandoff, type Handoff } from './handoff.js';
import { createNotices } from './notices.js';
import { createCallChannel } from './remote.js';
import type { OpenOptions, VaultEnd } from './vault.js';
import {
  isFatalMessage,
  isNoticeMessage,
  isProgressMessage,
  isReadyMessage,
  type NoticeMessage,
  type StopMessage,
} from './wire/protocol.js';

/** A client's side of a port of the vault: its methods as promises of plain results. */
export interface VaultPort extends VaultCalls {
  /** From now on told of every notice, and of those that came before. One listener. */
  onNotice(listener: (notice: NoticeMessage['notice']) => void): void;
  /** Settles when the port has ended. */
  readonly ended: Promise<VaultEnd>;
  /** Close the vault in order, or give back a port that was granted. */
  close(): Promise<void>;
}

/** The owner's: if the vault does not end by itself, its thread is ended. */
export interface VaultHost extends VaultPort {
  readonly handoff: Handoff;
  /** Wipe everything and end the thread now. What waits rejects with the error, which `ended` tells too. */
  abort(error: VaultError): void;
}

/** How long a thread that has closed may take to end by itself. Ending it from outside is safe, but abrupt. */
const EXIT_GRACE_MS = 5_000;
/** How long the vault may take to come to rest before its thread is ended. */
const STOP_TIMEOUT_MS = 6_000;

/** Brings each open vault to rest. A process must not end in the middle of a native call of another thread. */
const stops = new Set<() => void>();
const stopAll = (): void => {
  for (const stop of stops) stop();
};

/** An own field only: code that reaches a prototype must not choose what runs beside the keys. @throws {TypeError} */
const workersFolder = (options: unknown): URL => {
  if (typeof options !== 'object' || options === null) throw new TypeError('"options" expected an object');
  const given: unknown = Object.hasOwn(options, 'workers') ? (options as OpenOptions).workers : undefined;
  if (given === undefined) return new URL('../workers/', import.meta.url);
  if (!(given instanceof URL)) throw new TypeError('"options.workers" expected a URL');
  return given;
};

/** @throws {TypeError} */
const progressListener = (options: OpenOptions): OpenOptions['onProgress'] => {
  const given: unknown = Object.hasOwn(options, 'onProgress') ? options.onProgress : undefined;
  if (given === undefined) return undefined;
  if (typeof given !== 'function') throw new TypeError('"options.onProgress" expected a function');
  return given as OpenOptions['onProgress'];
};

/** Start the vault thread. Resolves when it listens. @throws {VaultError} ERR_VAULT_CRASHED */
export const startHost = async (options: OpenOptions): Promise<VaultHost> => {
  const folder = workersFolder(options);
  const onProgress = progressListener(options);
  // Both empty, or NODE_OPTIONS would load code of others beside the keys.
  const worker = new Worker(new URL('vault/vault.js', folder), { execArgv: [], env: {}, name: 'strongroom' });

  /** The vault wipes everything and comes to rest; the number tells when it has. */
  const stop = (): Int32Array<SharedArrayBuffer> => {
    const message: StopMessage = { stop: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) };
    worker.postMessage(message);
    return message.stop;
  };
  const stopNow = (): void => void Atomics.wait(stop(), 0, 0, STOP_TIMEOUT_MS);
  const setStop = (on: boolean): void => {
    if (on) stops.add(stopNow);
    else stops.delete(stopNow);
    if (stops.size === 0) process.off('exit', stopAll);
    else if (!process.listeners('exit').includes(stopAll)) process.on('exit', stopAll);
  };
  const terminate = worker.terminate.bind(worker);
  // Whoever ends it, ends it at rest.
  worker.terminate = async () => {
    const wait = Atomics.waitAsync(stop(), 0, 0, STOP_TIMEOUT_MS);
    if (wait.async && stops.has(stopNow)) await wait.value;
    return terminate();
  };

  const pending = createPendingCalls(worker);
  let end: VaultEnd | undefined;
  let closing = false;
  let terminated = false;
  let failure: VaultError | undefined;
  let listening: () => void = () => undefined;

  const ended = new Promise<VaultEnd>((resolve) => {
    worker.once('error', (error: NodeJS.ErrnoException) => {
      // The text of a thread's last error is not ours: only its kind is told.
      failure ??= new VaultError('ERR_VAULT_CRASHED', `the vault thread ended with ${error.code ?? error.name}`);
    });
    worker.once('exit', (code) => {
      setStop(false);
      end =
        closing && failure === undefined && (code === 0 || terminated)
          ? { reason: 'closed' }
          : {
              reason: failure?.code === 'ERR_UNSAFE_RUNTIME' ? 'unsafe-runtime' : 'crashed',
              error: failure ?? new VaultError('ERR_VAULT_CRASHED', `the vault thread ended with exit code ${code}`),
            };
      pending.end(end.error ?? new VaultError('ERR_VAULT_CLOSED'));
      resolve(end);
    });
  });

  const notices = createNotices();
  const channel = createCallChannel(worker);
  worker.on('message', (data: unknown) => {
    if (isReadyMessage(data)) listening();
    else if (isFatalMessage(data)) failure = fromErrorRecord(data.fatal);
    else if (isProgressMessage(data)) onProgress?.(data.progress);
    else if (isNoticeMessage(data)) notices.receive(data);
    else channel.deliver(data);
  });

  const calls = createVaultCalls(pending, channel);

  await pending.settled<void>((resolve) => {
    listening = resolve;
  });
  setStop(true);

  return {
    ...calls,
    onNotice: notices.listen,
    handoff: createHandoff(worker),
    ended,
    async close() {
      closing = true;
      worker.ref();
      try {
        if (end === undefined) await calls.call('close');
      } catch {
        // It ended meanwhile; `ended` says how.
      }
      const timer = setTimeout(() => {
        terminated = true;
        void worker.terminate();
      }, EXIT_GRACE_MS);
      await ended;
      clearTimeout(timer);
    },
    abort(error) {
      if (end !== undefined) return;
      failure ??= error;
      void worker.terminate();
    },
  };
};
