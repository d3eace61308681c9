// The key that signs the audit log. It signs in the vault thread, from its slot, past what its policy counts: a log that
// ended with its key's `maxSignatures` would end when it is needed.
import { VaultError } from '../../src/errors.js';
import type { AuditKey } from '../../src/wire/audit.js';
import { type HashName, KEY_TYPE_FACTS, type Scheme, SIGNATURE_BYTES } from '../../src/wire/types.js';
import type { Slots } from '../arena/slots.js';
import { hashMessage } from '../providers/hashes.js';
import type { Providers } from '../providers/provider.js';
import { restAll } from '../providers/rest.js';
import { freshAuxRand } from '../signer/aux-rand.js';
import type { KeyEntry } from '../vault/key-table.js';
import { wipeStack } from '../wipe-stack.js';

export interface AuditSigner extends AuditKey {
  /** The signature over a text; undefined while the key is locked, or since it was released. */
  sign(text: Uint8Array): Uint8Array | undefined;
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

/** What the vault thread signs with: a part of its SigningContext. */
export interface AuditSigningTools {
  readonly slots: Slots;
  readonly providers: Providers;
  readonly scratch: Uint8Array;
}

const refuse = (id: string, reason: string): VaultError =>
  new VaultError('ERR_AUDIT_LOG', `the key "${id}" cannot sign the audit log: ${reason}`, { keyId: id });

const hashOfType = ({ info }: KeyEntry): HashName | undefined => (info.type === 'secp256k1' ? 'sha256' : undefined);

/**
 * @param entry - the key of the settings' `audit.key`, or undefined if none of that id is registered.
 * @throws {VaultError} ERR_AUDIT_LOG - it is missing, does not sign, or its policy does not allow it to.
 */
export const auditSigner = async (
  id: string,
  entry: KeyEntry | undefined,
  { slots, providers, scratch }: AuditSigningTools,
): Promise<AuditSigner> => {
  if (entry === undefined) throw refuse(id, 'no key of that id is registered');
  const { type, publicKey, allow } = entry.info;
  if (KEY_TYPE_FACTS[type].schemes.length === 0) throw refuse(id, `it is of type ${type}, which does not sign`);
  const scheme: Scheme | undefined = entry.policy.schemes[0];
  if (scheme === undefined || !allow.includes('sign')) throw refuse(id, 'its policy does not allow "sign"');
  const provider = providers[type];
  const hash = hashOfType(entry);
  await provider.prepareToVerify?.();

  return {
    id,
    type,
    scheme,
    publicKey: Buffer.from(publicKey).toString('hex'),
    sign(text) {
      // Not `gone`: what ends the key may still be signed for, until its slot is wiped.
      const { slot, generation } = entry.handle;
      if (slots.generation(slot) !== generation) return undefined;
      const signature = new Uint8Array(SIGNATURE_BYTES[scheme]);
      const auxRand = scheme === 'schnorr' ? freshAuxRand() : undefined;
      try {
        const message = hashMessage(hash, text);
        provider.sign(slots.view(slot), generation, scheme, message, signature, scratch, auxRand);
        return signature;
      } finally {
        restAll(providers);
        wipeStack();
      }
    },
    verify: (text, signature) =>
      signature.length === SIGNATURE_BYTES[scheme] &&
      provider.verify(publicKey, scheme, hashMessage(hash, text), signature),
  };
};
