// Vaults for the length of one command, closed whatever happens: success, failure or a signal.
import { createKeyFile } from '../key-file.js';
import { openVault } from '../open.js';
import type { KeyType, Settings, Vault } from '../vault.js';
import { onInterrupt } from './interrupt.js';

/** @throws what `openVault` and the task throw. */
export const withVault = async <T>(
  settings: Settings | string | undefined,
  task: (vault: Vault) => Promise<T>,
): Promise<T> => {
  const opening = openVault(settings);
  const forget = onInterrupt(async () => (await opening).close());
  try {
    const vault = await opening;
    try {
      return await task(vault);
    } finally {
      await vault.close();
    }
  } finally {
    forget();
  }
};

/** `createKeyFile`; a signal waits until its vault is closed. */
export const makeKeyFile = async (type: KeyType, path: string): Promise<Uint8Array> => {
  const making = createKeyFile(type, path);
  const forget = onInterrupt(() => making);
  try {
    return await making;
  } finally {
    forget();
  }
};
