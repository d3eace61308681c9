// The vault's life: it listens, is opened once, answers its owner and the ports that were granted, and ends, by being
// closed or for a reason of its own. Turns handlers into exposed methods whose answers are plain records.
import type { MessagePort } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import { toErrorRecord, VaultError, type VaultErrorCode } from '../../src/errors.js';
import { FRAME_HEADER_BYTES, handedOver, OPERATION_HEADER_BYTES } from '../../src/wire/frame.js';
import {
  type ExposedMethods,
  type FatalMessage,
  GRANTED_METHODS,
  type HandoffMessage,
  type ProgressMessage,
  READY_MESSAGE,
  type Reply,
  type StopMessage,
  VAULT_METHODS,
  type VaultMethods,
} from '../../src/wire/protocol.js';
import { checkWireConfig } from '../../src/wire/specs.js';
import { type AuditLog, openAuditLog } from '../audit/log.js';
import { chooseProviders } from '../providers/choose.js';
import { askedOf } from './asked.js';
import { guardedEndpoint } from './door.js';
import { handlers } from './handlers.js';
import type { HeldValues } from './held-values.js';
import { createLocking } from './locking.js';
import { type OpenVault, openVault } from './open.js';
import { loadSecretTools } from './secret-tools.js';
import type { Session } from './sessions.js';
import { createTurns } from './turns.js';

const REPORT_MS = 100;
/** Calls that name secrets which were handed off for them. */
const BRINGING_SECRETS: readonly (keyof VaultMethods)[] = [
  'load',
  'register',
  'seal',
  'exportKeystore',
  'reseal',
  'unlock',
];
/** How deep a call's arguments name them. */
const MAX_DEPTH = 6;
/** What is not done while the audit log cannot be written. */
const USES: readonly (keyof VaultMethods)[] = [
  'sign',
  'signTogether',
  'execute',
  'seal',
  'exportKeystore',
  'register',
  'grant',
  'unlock',
];

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
    let audit: AuditLog | undefined;
    try {
      if (checked.audit !== null) {
        audit = openAuditLog(checked.audit, { tell: (event) => vault?.sessions.tellEvent(event) });
      }
      const [chosen, tools] = await Promise.all([
        chooseProviders(checked.provider, { verifying: checked.verifyAfterSign }),
        loadSecretTools(checked),
      ]);
      // It may have been closed meanwhile.
      if (isOver()) throw new VaultError('ERR_VAULT_CLOSED');
      vault = openVault(checked, chosen, tools, {
        ownerPort: port,
        serve: servePort,
        audit,
        makeLocking: createLocking,
        report,
        fail: (error) => void fail(error instanceof VaultError ? error : new VaultError('ERR_INTERNAL')),
      });
      state = 'open';
      return { warnings: vault.warnings };
    } catch (error) {
      audit?.close();
      throw error;
    } finally {
      if (state === 'opening') state = 'waiting';
    }
  };

  /** Refuse new work, answer what was accepted, wipe everything, end the threads. */
  const close = (): Promise<void> => {
    closing ??= (async () => {
      state = 'closing';
      vault?.sessions.deafen(); // what they send from now on is not wanted
      while (calls > 0) {
        await new Promise<void>((resolve) => {
          onAnswered = resolve;
        });
      }
      vault?.lock.stop();
      vault?.journal.close();
      // Entry by entry first: wiping a slot checks its canaries.
      for (const { handle, gone, lifetime } of vault?.table.entries() ?? []) {
        lifetime?.stop();
        if (gone === undefined) vault?.store.wipe(handle.slot);
      }
      await end(new VaultError('ERR_VAULT_CLOSED'));
    })();
    return closing;
  };

  /** Signers first: a signature made with a half-wiped key could leak the key. */
  const end = (reason: VaultError): Promise<void> => {
    state = 'closed';
    ending ??= (async () => {
      vault?.sessions.close(reason);
      vault?.held.wipe();
      await vault?.pool.close();
      vault?.arena.wipe();
      vault = undefined;
    })();
    return ending;
  };

  /** The vault cannot go on: wipe, say why, end. */
  const fail = async (error: VaultError): Promise<void> => {
    await end(error);
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

  const turns = createTurns();

  /** @throws {VaultError} ERR_AUDIT_LOG */
  const refuseUnlogged = (): void => {
    const refusal = vault?.journal.refusal;
    if (refusal !== undefined) throw refusal;
  };

  /** A handler for one session. What a granted port asks takes its turn, but for a few frames. */
  const handling = (name: keyof typeof handlers, session: () => Session): ((...args: unknown[]) => unknown) => {
    const handle = handlers[name];
    const bringsSecrets = BRINGING_SECRETS.includes(name);
    const run = async (args: unknown[]): Promise<unknown> => {
      const asking = session();
      opened(); // before it takes a turn: a vault that closes waits for those
      if (USES.includes(name)) refuseUnlogged();
      const isGranted = asking.grant !== undefined;
      const passes = name === 'sign' && isGranted && turns.mayPass(asking, operationsIn(args[0]));
      if (isGranted && !passes) await turns.take(asking);
      if (name === 'sign') return handle(opened(), asking, ...args);
      const began = performance.now();
      let code: VaultErrorCode | undefined;
      try {
        return await handle(opened(), asking, ...args);
      } catch (error) {
        code = toErrorRecord(error).code;
        throw error;
      } finally {
        vault?.journal.call(askedOf(name, args), code, (performance.now() - began) * 1000);
      }
    };
    if (!bringsSecrets) return counted((...args) => run(args));
    return counted((...args) => {
      const answer = run(args);
      // Handlers do this too, but not every call comes so far.
      const drop = (): void => {
        if (vault !== undefined) dropNamed(args, vault.held);
      };
      void answer.then(drop, drop);
      return answer;
    });
  };

  const methodsFor = (names: readonly (keyof VaultMethods)[], session: () => Session): object =>
    Object.assign(
      Object.create(null),
      Object.fromEntries(
        (Object.keys(handlers) as (keyof typeof handlers)[])
          .filter((name) => names.includes(name))
          .map((name) => [name, answering(handling(name, session))]),
      ),
    );

  /** Answer a granted port. It has no hand-offs, and cannot stop the vault. */
  const servePort = (session: Session, granted: MessagePort): void => {
    const methods = Object.freeze(methodsFor(GRANTED_METHODS, () => session));
    expose(methods, guardedEndpoint(granted, new Set(GRANTED_METHODS)));
  };

  const methods = Object.assign(
    methodsFor(VAULT_METHODS, () => opened().sessions.owner),
    {
      open: answering(counted(open)),
      close: answering(async () => {
        await close();
        // After the answer has left.
        setImmediate(() => port.close());
      }),
    },
  ) as ExposedMethods;

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
  expose(Object.freeze(methods), guardedEndpoint(port, new Set(VAULT_METHODS), { onHandoff, onStop }));
  port.postMessage(READY_MESSAGE);
  return { current: () => vault };
};

/** Whatever became of a call: what was handed off for it does not stay. `value` is of a clone: its fields are plain. */
const dropNamed = (value: unknown, held: HeldValues, depth = 0): void => {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || depth > MAX_DEPTH) return;
  const { handoff } = value as { readonly handoff?: unknown };
  if (typeof handoff === 'number') held.dropHandoff(handoff);
  for (const each of Object.values(value)) dropNamed(each, held, depth + 1);
};

/** As many as a frame says that it has, and has room for. */
const operationsIn = (frame: unknown): number =>
  frame instanceof ArrayBuffer && frame.byteLength >= FRAME_HEADER_BYTES
    ? Math.min(new Uint32Array(frame, 0, 2)[1]!, frame.byteLength / OPERATION_HEADER_BYTES)
    : 0;

const asleep = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
