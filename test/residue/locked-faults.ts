// Keys of locked sources whose loading fails at one step after another: in the vault thread, and in the signer that derives
// the key from the password.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyType } from 'strongroom';
import { describeHits, makeSecret, type SourceMaker, type Target, whatBroke } from './faults.js';
import { faultId, faultMessage } from './fixtures/faulty-workers/orders.js';
import type { LockedSource, TestKey } from './keys.js';
import { asSecrets, deliver, makeKeystore, makePassword, makeSealedFile, sealedTraces } from './locked-keys.js';
import type { Program, ProgramSource } from './program.js';
import type { Secret } from './scanner/forms.js';
import { compilePatterns } from './scanner/patterns.js';
import { scanProcess } from './scanner/scan.js';

export interface Attempts {
  readonly key: Pick<TestKey, 'secret' | 'traces'>;
  readonly source: SourceMaker;
}
export const plainSource = ([key]: readonly [TestKey]): Attempts => ({ key, source: () => key.from });

/** A file that is made anew for each attempt, under the attempt's id. */
export const sealedKey = (folder: string, type: KeyType, create: boolean): Attempts => {
  const sealed = join(folder, `${type}-attempts`);
  const password = makePassword();
  const bytes = makeSecret();
  const salt = makeSecret().slice(0, 16);
  const from = { sealed, password: deliver(password, 'file', folder).secret, ...(create && { create }) };
  const make = (id: string): void => makeSealedFile(sealed, password, [[id, type, bytes]], { salt });
  make('first');
  return {
    key: { secret: { label: 'sealed', type, bytes }, traces: asSecrets('sealed', sealedTraces(sealed, password)) },
    source(fault) {
      make(create ? 'other' : faultId(fault, 'key'));
      return from;
    },
  };
};

/** The salt of a file tells a signer to fail. */
export const refusedInSigner = async (
  folder: string,
  program: Program,
  target: Target,
  type: KeyType,
  name: LockedSource,
  broken: string[],
): Promise<void> => {
  if (name === 'mnemonic file' || name === 'sealed create') return;
  const secret = makeSecret();
  const password = makePassword();
  for (const when of ['before', 'after'] as const) {
    const from = ((): ProgramSource => {
      const file = join(folder, `fails-${name.replace(' ', '-')}-${when}`);
      const given = deliver(password, 'file', folder).secret;
      if (name === 'sealed') {
        makeSealedFile(file, password, [['bad', type, secret]], {
          salt: Uint8Array.from(faultMessage({ at: 1, when }, 16)),
        });
        return { sealed: file, password: given };
      }
      const kdf = name === 'keystore scrypt' ? 'scrypt' : 'pbkdf2';
      const salt = Uint8Array.from(faultMessage({ at: 1, when: 'before' }));
      const { json } = makeKeystore(type as 'secp256k1', kdf, secret, password, { salt });
      writeFileSync(file, json);
      return { keystore: file, password: given };
    })();
    const answer = await program.start({ do: 'register', id: 'bad', type, from });
    if (answer.code !== 'ERR_KDF_COST') broken.push(`a failing signer, ${when}: ${answer.code}`);
    const what = await whatBroke(target, answer, 1, ['ed25519']);
    if (what !== undefined) broken.push(`a failing signer, ${when}: ${what}`);
    const traces =
      name === 'sealed'
        ? asSecrets('bad', sealedTraces(join(folder, `fails-${name.replace(' ', '-')}-${when}`), password))
        : [];
    const text: Secret = { label: 'password', type: 'text', bytes: new TextEncoder().encode(password) };
    const { hits } = scanProcess(
      program.pid,
      compilePatterns([{ label: 'bad', type, bytes: secret }, text, ...traces]),
    );
    if (hits.length > 0) broken.push(`a failing signer, ${when}: ${describeHits(hits)}`);
  }
};
