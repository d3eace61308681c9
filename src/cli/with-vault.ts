// Vaults for the length of one command, closed whatever happens: success, failure or a signal.
import type { VaultHost } from '../host.js';
import { prepareDelivery } from '../key-delivery.js';
import { createKeyFile } from '../key-file.js';
import { openChecked, withHost } from '../open.js';
import { readSettings } from '../settings/read.js';
import type { KeyType, LoadProgress, Settings, Vault } from '../vault.js';
import type { CheckedSecret, WireSecret } from '../wire/sources.js';
import { type Ask, createAsk } from './ask.js';
import { onInterrupt } from './interrupt.js';
import { answerPrompts } from './passwords.js';
import { type Progress, startProgress } from './progress.js';

/** What a command works with beside the vault. */
export interface Tools {
  readonly host: VaultHost;
  readonly ask: Ask;
}

export interface Answers {
  /** Answers for each password of the settings that would have to be typed. */
  readonly password?: CheckedSecret | undefined;
  /** Asked before the keys are loaded, which may take long. */
  readonly first?: (ask: Ask) => Promise<void>;
}

/** A bar for keystores, which take a key derivation each. */
const keystoreProgress = (): { show(progress: LoadProgress): void; stop(): void } => {
  let bar: Progress | undefined;
  let shown = 0;
  return {
    show({ done, total }) {
      if (total < 2) return;
      bar ??= startProgress('opening keystores', total);
      bar.advance(done - shown);
      shown = done;
    },
    stop: () => bar?.stop(),
  };
};

/** @throws what `openVault` and the task throw, and CliErrors of questions that have no answer. */
export const withVault = async <T>(
  settings: Settings | string | undefined,
  task: (vault: Vault, tools: Tools) => Promise<T>,
  { password, first }: Answers = {},
): Promise<T> => {
  const progress = keystoreProgress();
  const checked = readSettings(settings, process.env, 'program');
  const opening = openChecked(checked, { onProgress: progress.show }, async (host, sources) => {
    const ask = createAsk(host);
    await first?.(ask);
    return answerPrompts(sources, password, ask);
  });
  const forget = onInterrupt(async () => (await opening).vault.close());
  try {
    const { vault, host } = await opening.finally(progress.stop);
    try {
      return await task(vault, { host, ask: createAsk(host) });
    } finally {
      await vault.close();
    }
  } finally {
    forget();
  }
};

/** A vault without keys, for work on files. */
export const withEmptyVault = <T>(task: (tools: Tools) => Promise<T>): Promise<T> =>
  withHost(async (host) => {
    const forget = onInterrupt(() => host.close());
    try {
      return await task({ host, ask: createAsk(host) });
    } finally {
      forget();
    }
  });

/** How secrets are told to the vault, each once. */
export const deliver = async <const T extends readonly CheckedSecret[]>(
  host: VaultHost,
  secrets: T,
): Promise<{ [I in keyof T]: WireSecret }> => {
  const { secret } = await prepareDelivery(host, secrets);
  return secrets.map(secret) as { [I in keyof T]: WireSecret };
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
