// What the measurements share: the vault, the bare loops, the messages and whoever checks the signatures.
import type { Scheme } from 'strongroom';
import type { Checker, Keep, PublicKey } from './check.js';
import { createChecker } from './check.js';
import { type BareSign, createBareSign, missingLibrary } from './contestants/bare.js';
import { type BareThreads, startBareThreads } from './contestants/bare-threads.js';
import { type Echo, startEcho } from './contestants/echo.js';
import { type BenchVault, openBenchVault } from './contestants/strongroom.js';
import { keyIdOf, makeSecret, SIGNED_TYPES, type SignedType } from './keys.js';
import { createMessages, type Messages } from './messages.js';
import type { Options } from './options.js';

export interface Context extends BenchVault {
  readonly options: Options;
  readonly messages: Messages;
  readonly checker: Checker;
  /** The secrets of the keys that the bare loops and the peers have too: of each type with a native library. */
  readonly secrets: ReadonlyMap<SignedType, Uint8Array>;
  readonly bare: ReadonlyMap<SignedType, BareSign>;
  readonly bareThreads: BareThreads;
  readonly echo: Echo;
  /** Types without a native library, and the package that is missing: there is no bare loop to compare with. */
  readonly missing: ReadonlyMap<SignedType, string>;
  /** Keeps the signatures that the key of a type makes, by its default scheme where nothing else is said. */
  keeperOf(contestant: string, type: SignedType, scheme?: Scheme): Keep;
  /** The key of an id. */
  key(id: string): PublicKey;
  close(): Promise<void>;
}

/** Start everything that the chosen measurements need. */
export const startContext = async (options: Options): Promise<Context> => {
  const { sizes, threads } = options;
  const missing = new Map<SignedType, string>();
  const secrets = new Map<SignedType, Uint8Array>();
  for (const type of SIGNED_TYPES) {
    const name = missingLibrary(type);
    if (name === undefined) secrets.set(type, makeSecret());
    else missing.set(type, name);
  }
  const messages = createMessages(sizes.messages);
  const checker = createChecker(messages);
  const opened = await openBenchVault(threads, secrets, 0);
  const bareThreads = await startBareThreads(opened.vault.info().threads, secrets, messages.for);
  const echo = await startEcho();
  const key = (id: string): PublicKey => {
    const known = opened.keys.get(id);
    if (known === undefined) throw new RangeError(`the vault has no key "${id}"`);
    return known;
  };
  return {
    ...opened,
    options,
    messages,
    checker,
    secrets,
    bare: new Map(Array.from(secrets, ([type, secret]) => [type, createBareSign(type, secret)])),
    bareThreads,
    echo,
    missing,
    key,
    keeperOf: (contestant, type, scheme) => checker.keeperFor(contestant, [key(keyIdOf(type))], scheme),
    async close() {
      await Promise.all([bareThreads.close(), echo.close()]);
      await opened.vault.close();
    },
  };
};
