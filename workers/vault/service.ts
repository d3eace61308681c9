// The vault's life: it listens, is opened once, answers, and ends, by being closed or for a reason of its own. Turns
// handlers into exposed methods whose answers are plain records.
import type { MessagePort } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import { toErrorRecord, VaultError } from '../../src/errors.js';
import { handedOver } from '../../src/wire/frame.js';
import {
  type ExposedMethods,
  type FatalMessage,
  type HandoffMessage,
  type ProgressMessage,
  READY_MESSAGE,
  type Reply,
  type StopMessage,
  VAULT_METHODS,
} from '../../src/wire/protocol.js';
import { checkWireConfig } from '../../src/wire/specs.js';
import { chooseProviders } from '../providers/choose.js';
import { guardedEndpoint } from './door.js';
import { handlers } from './handlers.js';
import { type OpenVault, openVault } from './open.js';
import { loadSecretTools } from './secret-tools.js';

const REPORT_MS = 100;

export interface Service {
  /** The open vault, or undefined before and after. */
  current(): OpenVault | undefined;
}

/** Start answering on a port. */
export const serve = (port: MessagePort): Service => {
  let vault: OpenVault | undefined;
  let state: 'waiting' | 'opening' | 'open' | 'closing' | 'closed' = 'waiting';
  let closing: Promise<void> | undefined;
  let ending: Promise<void> | undefined;
  /** Calls, of handlers and of open, that are not answered yet. */
  let calls = 0;
  let onAnswered: () => void = () => undefined;

  const isOver = (): boolean => state === 'closing' || state === 'closed';

  const opened = (): OpenVault => {
    if (state === 'waiting' || state === 'opening')
      throw new VaultError('ERR_REFUSED', 'the vault refused the call: it is not open yet');
    if (vault === undefined || state !== 'open') throw new VaultError('ERR_VAULT_CLOSED');
    return vault;
  };

  const open = async (config: unknown) => {
    if (state !== 'waiting') throw new VaultError('ERR_REFUSED', 'the vault refused the call: it was opened before');
    const checked = checkWireConfig(config);
    state = 'opening';
    try {
      const [chosen, tools] = await Promise.all([
        chooseProviders(checked.provider, { verifying: checked.verifyAfterSign }),
        loadSecretTools(checked.provider),
      ]);
      // It may have been closed meanwhile.
      if (isOver()) throw new VaultError('ERR_VAULT_CLOSED');
      vault = openVault(checked, chosen, tools, report);
      state = 'open';
      return { warnings: vault.warnings };
    } finally {
      if (state === 'opening') state = 'waiting';
    }
  };

  /** Refuse new work, answer what was accepted, wipe everything, end the threads. */
  const close = (): Promise<void> => {
    closing ??= (async () => {
      state = 'closing';
      while (calls > 0) {
        await new Promise<void>((resolve) => {
          onAnswered = resolve;
        });
      }
      // Entry by entry first: wiping a slot checks its canaries.
      for (const { handle } of vault?.table.entries() ?? []) vault?.store.wipe(handle.slot);
      await end();
    })();
    return closing;
  };

  /** Signers first: a signature made with a half-wiped key could leak the key. */
  const end = (): Promise<void> => {
    state = 'closed';
    ending ??= (async () => {
      vault?.held.wipe();
      await vault?.pool.close();
      vault?.arena.wipe();
      vault = undefined;
    })();
    return ending;
  };

  /** The vault cannot go on: wipe, say why, end. */
  const fail = async (error: VaultError): Promise<void> => {
    await end();
    const message: FatalMessage = { fatal: toErrorRecord(error) };
    port.postMessage(message);
    port.close();
  };

  /** To main, outside Comlink: a few times a second, and at the end. */
  let reportedAt = 0;
  const report = (done: number, total: number): void => {
    const now = performance.now();
    if (done < total && now - reportedAt < REPORT_MS) return;
    reportedAt = now;
    const message: ProgressMessage = { progress: { done, total } };
    port.postMessage(message);
  };

  /** One method as Comlink calls it: it never throws, and no stack of this thread crosses. */
  const answering =
    (run: (...args: unknown[]) => unknown) =>
    async (...args: unknown[]): Promise<Reply<unknown>> => {
      try {
        return reply(await run(...args));
      } catch (error) {
        if (error instanceof VaultError && error.code === 'ERR_MEMORY_CORRUPTED') void fail(error);
        return { ok: false, error: toErrorRecord(error) };
      }
    };

  const counted =
    (run: (...args: unknown[]) => unknown) =>
    async (...args: unknown[]): Promise<unknown> => {
      calls++;
      try {
        return await run(...args);
      } finally {
        calls--;
        onAnswered();
      }
    };

  const methods = Object.assign(Object.create(null), {
    ...Object.fromEntries(
      Object.entries(handlers).map(([name, handle]) => [
        name,
        answering(counted((...args) => handle(opened(), ...args))),
      ]),
    ),
    open: answering(counted(open)),
    close: answering(async () => {
      await close();
      // After the answer has left.
      setImmediate(() => port.close());
    }),
  }) as ExposedMethods;

  const reply = (value: unknown): Reply<unknown> => {
    const made = { ok: true, value } as const;
    const isBuffers = Array.isArray(value) && value.length > 0 && value.every((each) => each instanceof ArrayBuffer);
    return isBuffers ? transfer(made, handedOver(value)) : made;
  };

  const onHandoff = (message: HandoffMessage): void => {
    if (vault !== undefined && state === 'open') vault.held.receive(message);
    else new Uint8Array(message.bytes).fill(0);
  };

  /** The other threads come to rest between two native calls, and nothing of the keys is left. */
  const wipeNow = (): void => {
    vault?.pool.halt();
    vault?.arena.wipeSecrets();
  };

  const onStop = ({ stop }: StopMessage): void => {
    wipeNow();
    Atomics.store(stop, 0, 1);
    Atomics.notify(stop, 0);
    // Asleep until the thread is ended. To go on, here or in a signer, could mean a native call at that moment.
    for (;;) Atomics.wait(asleep, 0, 0);
  };

  // This thread ends by an error that nobody caught, or by process.exit().
  process.once('exit', wipeNow);
  expose(Object.freeze(methods), guardedEndpoint(port, new Set(VAULT_METHODS), onHandoff, onStop));
  port.postMessage(READY_MESSAGE);
  return { current: () => vault };
};

const asleep = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
