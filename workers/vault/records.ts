// A key as it is described to a port: what the port may know of it.
import type { WireGrant } from '../../src/wire/grants.js';
import type { KeyInfo, KeyLimits } from '../../src/wire/info.js';
import type { KeyRecord } from '../../src/wire/protocol.js';
import type { KeyEntry } from './key-table.js';

const NO_BYTES: Uint8Array = new Uint8Array();

const limitsOf = ({ policy, quota, lifetime }: KeyEntry): KeyLimits => {
  const { maxSignatures, perSecond, idleMs } = policy;
  const signaturesLeft = quota?.signaturesLeft;
  const expiresAt = lifetime?.expiresAt;
  return {
    ...(maxSignatures !== undefined && { maxSignatures }),
    ...(signaturesLeft !== undefined && { signaturesLeft }),
    ...(perSecond !== undefined && { perSecond }),
    ...(idleMs !== undefined && { idleMs }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
};

/** The key's own facts, as they are now. */
export const infoOf = (entry: KeyEntry): KeyInfo => ({
  ...entry.info,
  state: entry.gone === undefined ? 'ready' : 'locked',
  limits: limitsOf(entry),
});

/** @param grant - of the port that is told; undefined: the owner's. */
export const recordFor = (entry: KeyEntry, grant: WireGrant | undefined): KeyRecord => {
  const info = infoOf(entry);
  const { handle } = entry;
  if (grant === undefined) return { info, handle };
  const operations: readonly string[] = grant.operations;
  return {
    info: {
      ...info,
      publicKey: operations.includes('publicKey') ? info.publicKey : NO_BYTES,
      allow: info.allow.filter((each) => operations.includes(each)),
      schemes: info.schemes.filter((each) => operations.includes('sign') && (grant.schemes?.includes(each) ?? true)),
    },
    handle,
  };
};
