// The program whose vault is locked and unlocked while its memory is read from outside. Passwords reach it by files, or by
// its standard input into buffers that it hands off; keys by files alone.
import { readSync } from 'node:fs';
import { type KeySpec, openVault, type SecretSource, type Settings, type Vault } from 'strongroom';

export type LockCommand =
  | { readonly do: 'open'; readonly settings: Omit<Settings, 'keys'>; readonly keys: Readonly<Record<string, KeySpec>> }
  /** Let every key do what its type does, so many times. */
  | { readonly do: 'use'; readonly count: number }
  | { readonly do: 'lock' }
  /** Lock while every key is busy. */
  | { readonly do: 'lock under load'; readonly count: number }
  /** Lock while a key is being loaded from a file that is slow to open. */
  | { readonly do: 'lock while loading'; readonly id: string; readonly key: KeySpec }
  /** Lock while that is unlocked. */
  | { readonly do: 'lock while unlocking' }
  /** By the files that the settings name. */
  | { readonly do: 'unlock' }
  /** By passwords of so many bytes of standard input, for each of the files. */
  | { readonly do: 'unlock by bytes'; readonly files: readonly (readonly [path: string, bytes: number])[] }
  | { readonly do: 'release'; readonly ids: readonly string[] }
  | { readonly do: 'close' }
  /** Keep bytes of standard input: what a scan must find. */
  | { readonly do: 'keep'; readonly bytes: number };

export interface LockAnswer {
  readonly code?: string;
  readonly locked?: readonly string[];
  readonly gone?: readonly string[];
}

const PAUSE_MS = 40;
const MESSAGE = new Uint8Array(32).fill(5);
const PEER = new Uint8Array(32).fill(9, 0, 1);
const kept: Buffer[] = [];
let vault: Vault | undefined;

const opened = (): Vault => {
  if (vault === undefined) throw new Error('no vault is open');
  return vault;
};

const readBytes = (length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) at += readSync(0, bytes, at, length - at, null);
  return bytes;
};

const secretFromInput = (length: number): SecretSource => {
  const bytes = new Uint8Array(new ArrayBuffer(length));
  for (let at = 0; at < length; ) at += readSync(0, bytes, at, length - at, null);
  return { bytes };
};

/** What each type can do, `count` times at once. */
const use = async (count: number): Promise<void> => {
  const vault = opened();
  const messages = Array.from({ length: count }, () => MESSAGE);
  const each = (work: () => Promise<unknown>): Promise<unknown> => Promise.all(messages.map(work));
  await Promise.all(
    vault.keys().map(({ id, type }): Promise<unknown> => {
      switch (type) {
        case 'secp256k1':
          return Promise.all([vault.signMany(id, messages), vault.signMany(id, messages, { scheme: 'schnorr' })]);
        case 'ed25519':
          return vault.signMany(id, messages);
        case 'bls12-381':
          return vault.signMany(id, messages.slice(0, Math.ceil(count / 10)));
        case 'x25519':
          return each(() => vault.execute(id, 'agree', { peer: PEER, info: MESSAGE }));
        case 'seed':
          return vault.execute(id, 'extendedPublicKey', { path: 'm/1' });
        case 'aead':
          return each(() => vault.execute(id, 'encrypt', { message: MESSAGE }));
        default:
          return each(() => vault.execute(id, 'mac', { message: MESSAGE }));
      }
    }),
  );
};

const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, PAUSE_MS));
/** What a lock refuses, or ends. */
const unlessLocked = ({ code }: { readonly code?: string }): void => {
  if (code !== 'ERR_VAULT_LOCKED') throw new Error(`not by the lock: ${code}`);
};

const perform = async (command: LockCommand): Promise<LockAnswer> => {
  switch (command.do) {
    case 'open':
      vault = await openVault({ ...command.settings, keys: command.keys });
      return {};
    case 'use':
      await use(command.count);
      return {};
    case 'lock':
      return opened().lock();
    // What was under way may answer later; what is read is the moment at which the lock answers.
    case 'lock under load':
      use(command.count).catch(unlessLocked);
      return opened().lock();
    case 'lock while loading':
      void opened()
        .register(command.id, command.key)
        .then(() => Promise.reject(new Error('it was registered')))
        .catch(unlessLocked);
      await pause();
      return opened().lock();
    case 'lock while unlocking':
      void opened().unlock().catch(unlessLocked);
      await pause();
      return opened().lock();
    case 'unlock':
      return { locked: await opened().unlock() };
    case 'unlock by bytes': {
      const files = command.files.map(([path, length]): [string, SecretSource] => [path, secretFromInput(length)]);
      return { locked: await opened().unlock({ files: Object.fromEntries(files) }) };
    }
    case 'release':
      await Promise.all(command.ids.map((id) => opened().release(id)));
      return {};
    case 'close':
      await opened().close();
      return {};
    case 'keep':
      kept.push(readBytes(command.bytes));
      return {};
  }
};

process.on('message', (command: LockCommand) => {
  perform(command)
    .catch(
      (error: { readonly code?: string; readonly message: string }): LockAnswer => ({
        code: error.code ?? error.message,
      }),
    )
    .then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
