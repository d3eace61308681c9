// Calls to the vault that settle whatever becomes of it: Comlink alone would leave them pending for ever. Work in hand
// keeps the process alive; an idle vault does not.
import type { MessagePort } from 'node:worker_threads';
import { transfer } from 'comlink';
import { fromErrorRecord, VaultError } from './errors.js';
import { handedOver } from './wire/frame.js';
import type { WireGrant } from './wire/grants.js';
import type { Reply, VaultMethods } from './wire/protocol.js';

export interface PendingCalls {
  /** Settle with the answer, or with the end of the other side. */
  settled<T>(answer: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T>;
  /** The other side has ended: what waits, and what is asked from now on, rejects. */
  end(error: VaultError): void;
}

/** What keeps the process alive while something is waited for. */
export interface Refable {
  ref(): void;
  unref(): void;
}

export const createPendingCalls = (port: Refable): PendingCalls => {
  const waiting = new Set<(error: VaultError) => void>();
  let ended: VaultError | undefined;
  return {
    settled: (answer) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(new VaultError(ended.code, ended.message));
          return;
        }
        waiting.add(reject);
        if (waiting.size === 1) port.ref();
        const settle =
          <V>(finish: (value: V) => void) =>
          (value: V): void => {
            waiting.delete(reject);
            if (waiting.size === 0) port.unref();
            finish(value);
          };
        answer(settle(resolve), settle(reject));
      }),
    end(error) {
      ended = error;
      for (const reject of waiting) reject(error);
      waiting.clear();
    },
  };
};

type MethodName = keyof VaultMethods;
type Result<M extends MethodName> = ReturnType<VaultMethods[M]>;

/** What sends a call: remote.ts. Not its type, or the package's declarations would lead to Comlink's, which need the DOM's. */
interface Sender {
  call(method: MethodName, args: readonly unknown[]): Promise<unknown>;
}

/** The vault's methods as promises of plain results. */
export interface VaultCalls {
  call<M extends MethodName>(method: M, ...args: Parameters<VaultMethods[M]>): Promise<Result<M>>;
  /** As `call('sign', frame)`; the frame is not used again. */
  sign(frame: ArrayBuffer): Promise<readonly ArrayBuffer[]>;
  /** As `call('grant', …)`; the port is transferred. */
  grant(grant: WireGrant, port: MessagePort): Promise<number>;
}

/** @param isDead - asked before a call is sent: a port may have no event left to tell that it has ended. If so, it ends `pending`. */
export const createVaultCalls = (
  pending: PendingCalls,
  channel: Sender,
  isDead: () => boolean = () => false,
): VaultCalls => {
  const invoke = async <M extends MethodName>(method: M, args: Parameters<VaultMethods[M]>): Promise<Result<M>> => {
    const reply = await pending.settled<Reply<Result<M>>>((resolve, reject) => {
      if (!isDead()) channel.call(method, args).then((value) => resolve(value as Reply<Result<M>>), reject);
    });
    if (reply.ok) return reply.value;
    throw fromErrorRecord(reply.error);
  };
  return {
    call: (method, ...args) => invoke(method, args),
    sign: (frame) => invoke('sign', [transfer(frame, handedOver([frame]))]),
    grant: (grant, port) => invoke('grant', [grant, transfer(port, [port])]),
  };
};
