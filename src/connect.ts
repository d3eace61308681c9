// connectVault: the client at a port that was granted, in any thread.
import { MessagePort } from 'node:worker_threads';
import { createPendingCalls, createVaultCalls } from './calls.js';
import { createClient } from './client.js';
import { type ErrorRecord, fromErrorRecord, VaultError } from './errors.js';
import type { VaultPort } from './host.js';
import { createNotices } from './notices.js';
import { createCallChannel } from './remote.js';
import type { Vault, VaultEnd } from './vault.js';
import { isFatalMessage, isNoticeMessage } from './wire/protocol.js';

const openPort = (port: MessagePort): VaultPort => {
  const pending = createPendingCalls(port);
  const notices = createNotices();
  const channel = createCallChannel(port);
  let closing = false;
  let fatal: ErrorRecord | undefined;

  port.on('message', (data: unknown) => {
    if (isFatalMessage(data)) fatal = data.fatal;
    else if (isNoticeMessage(data)) notices.receive(data);
    else channel.deliver(data);
  });
  port.unref();

  let over: () => void = () => undefined;
  const ended = new Promise<VaultEnd>((resolve) => {
    over = () => {
      const error = fatal === undefined ? new VaultError('ERR_VAULT_CLOSED') : fromErrorRecord(fatal);
      pending.end(error);
      resolve(closing || error.code === 'ERR_VAULT_CLOSED' ? { reason: 'closed' } : { reason: endOf(error), error });
    };
    port.once('close', over);
  });

  /** A port that was closed before, or handed on, has no event left to tell it by: it cannot keep the process alive. */
  const isDead = (): boolean => {
    const { hasRef } = port as { hasRef?(): boolean };
    const dead = hasRef !== undefined && !hasRef.call(port);
    if (dead) over();
    return dead;
  };

  return {
    ...createVaultCalls(pending, channel, isDead),
    onNotice: notices.listen,
    ended,
    async close() {
      closing = true;
      port.ref(); // until it is closed
      port.close();
      await ended;
    },
  };
};

const endOf = ({ code }: VaultError): VaultEnd['reason'] => (code === 'ERR_GRANT_REVOKED' ? 'revoked' : 'crashed');

/**
 * The client at a port that `vault.grant` made: the same methods, of which it may use those that were granted.
 *
 * @param port - used by nothing else.
 * @throws {TypeError} it is not a MessagePort of node:worker_threads.
 * @throws {VaultError} ERR_GRANT_REVOKED, ERR_VAULT_CLOSED - it was revoked, has expired, or the vault has ended.
 */
export const connectVault = async (port: MessagePort): Promise<Vault> => {
  if (!(port instanceof MessagePort)) throw new TypeError('"port" expected a MessagePort of node:worker_threads');
  const host = openPort(port);
  try {
    const { keys, info, config } = await host.call('connect');
    return createClient(host, config, info, keys);
  } catch (error) {
    await host.close();
    throw error;
  }
};
