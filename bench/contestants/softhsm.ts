// SoftHSM2 through PKCS#11: what the interface of a hardware module costs, without the hardware. The run's key is
// imported into a token of its own. One session, and calls that block, in a process that does nothing else.
import { fork } from 'node:child_process';
import { createECDH } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CheckedKey } from '../check.js';
import { makeSecret } from '../keys.js';
import { ownFolder, ownProcess } from './outside.js';
import type { Peer, PeerEntry, Terms } from './peer.js';
import type { SoftHsmKey, SoftHsmOrder, SoftHsmReply } from './softhsm-process.js';

/** Beyond the time that an order takes: a process that is silent for this long has stalled. */
const SILENCE_MS = 10_000;
const P256_ID = 'softhsm/p256';

interface Part extends SoftHsmKey {
  readonly label: string;
  readonly otherKey?: CheckedKey;
}

/** A key on the curve that hardware modules have, for the same digests. */
const p256Part = (digests: readonly Uint8Array[]): Part => {
  const ecdh = createECDH('prime256v1');
  const secret = makeSecret();
  ecdh.setPrivateKey(secret);
  const publicKey = Uint8Array.from(ecdh.getPublicKey(null, 'compressed'));
  const otherKey: CheckedKey = { id: P256_ID, type: 'p256', publicKey };
  return { label: 'SoftHSM2, other curve: P-256', curve: 'p256', secret, messages: digests, otherKey };
};

const partsOf = ({ scheme, secret, messages }: Terms): Part[] => {
  if (scheme === 'ed25519') return [{ label: 'SoftHSM2', curve: 'ed25519', secret, messages: messages.plain }];
  const digests = messages.for('secp256k1');
  return [{ label: 'SoftHSM2', curve: 'secp256k1', secret, messages: digests }, p256Part(digests)];
};

/** The folder of a token, and the settings that lead there. */
const writeSettings = (folder: string): string => {
  const tokens = join(folder, 'tokens');
  const settings = join(folder, 'softhsm2.conf');
  mkdirSync(tokens);
  writeFileSync(
    settings,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n`,
  );
  return settings;
};

export const softHsm: Peer = {
  name: 'SoftHSM2',
  schemes: ['ed25519', 'ecdsa'],
  async open(terms) {
    const parts = partsOf(terms);
    const folder = ownFolder();
    const child = fork(fileURLToPath(new URL('./softhsm-process.js', import.meta.url)), {
      env: { ...process.env, SOFTHSM2_CONF: writeSettings(folder.path) },
      execArgv: [],
      serialization: 'advanced', // bytes as they are
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const end = ownProcess(child, () => child.connected && child.disconnect());
    const close = async (): Promise<void> => {
      await end();
      folder.remove();
    };

    const ask = async (order: SoftHsmOrder): Promise<SoftHsmReply> => {
      if (!child.connected) throw new Error("SoftHSM2's process has ended");
      const over = new AbortController();
      const { signal } = over;
      const limit = SILENCE_MS + ('seconds' in order ? order.seconds * 1000 : 0);
      const silence = sleep(limit, undefined, { signal }).then((): never => {
        throw new Error(`SoftHSM2's process was silent for ${limit / 1000} s`);
      });
      const reply = once(child, 'message', { signal }).then(([message]) => message as SoftHsmReply);
      const death = once(child, 'exit', { signal }).then(([code, killer]): never => {
        throw new Error(`SoftHSM2's process ended (${killer ?? code})`);
      });
      try {
        child.send(order, () => undefined); // of an order that does not arrive, the exit tells
        return await Promise.race([reply, death, silence]);
      } finally {
        over.abort();
        await Promise.allSettled([reply, death, silence]);
      }
    };

    const entry = ({ label, curve, otherKey }: Part): PeerEntry => ({
      label,
      ...(otherKey === undefined ? {} : { otherKey }),
      async run(seconds, keep) {
        const reply = await ask({ curve, seconds, every: keep.every });
        if (!('rate' in reply)) throw new Error('SoftHSM2 gave no figure');
        for (const [i, signature] of reply.kept) keep.add(i, signature);
        return reply.rate;
      },
    });

    try {
      const reply = await ask({
        open: parts.map(({ curve, secret, messages }) => ({ curve, secret, messages })),
      });
      if ('absent' in reply) {
        await close();
        return reply;
      }
      return { entries: parts.map(entry), close };
    } catch (error) {
      await close();
      throw error;
    }
  },
};
