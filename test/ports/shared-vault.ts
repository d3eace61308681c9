// One vault for the tests of a file, where each would open its own: to open one takes longer than most tests do. A test
// has it for itself, with its own keys; what it leaves is taken away.
import type { MessagePort } from 'node:worker_threads';
import { type KeySpec, openVault, type Vault } from 'strongroom';

export interface SharedVault {
  /** The vault with these keys and no others, and no grants; disposed of, it has none. It is not to be closed. */
  use(keys: Readonly<Record<string, KeySpec>>): Promise<Vault>;
  close(): Promise<void>;
}

export const shareVault = (threads = 1): SharedVault => {
  let opening: Promise<Vault> | undefined;
  return {
    async use(keys) {
      opening ??= openVault({ threads });
      const vault = await opening;
      const ports: MessagePort[] = [];
      // One after another: slots are taken in this order.
      for (const [id, spec] of Object.entries(keys)) await vault.register(id, spec);
      return {
        ...vault,
        async grant(request) {
          const port = await vault.grant(request);
          ports.push(port);
          return port;
        },
        async [Symbol.asyncDispose]() {
          // Some were revoked, have expired, or are closed.
          for (const port of ports) await vault.revoke(port).catch(() => undefined);
          for (const { id } of vault.keys()) await vault.release(id).catch(() => undefined);
          vault.events.removeAllListeners();
        },
      };
    },
    async close() {
      await (await opening)?.close();
    },
  };
};
