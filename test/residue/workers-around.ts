// The package's own workers, copied, with a fixture in each thread that keeps secrets: it runs before anything of the
// package does, and again once the vault listens. What those threads have and send is seen in no other way.
import { writeFileSync } from 'node:fs';
import { workersWithSigner } from '../faults/fixtures/copied-workers.js';

export interface Around {
  /** The fixture's module, compiled. */
  readonly module: URL;
  /** Statements for the vault thread: before the package is imported there. */
  readonly beforeVault?: string;
  /** The same, after: `service` is the vault's. */
  readonly afterVault?: string;
  /** For each signer, before the package is imported there. */
  readonly beforeSigner: string;
}

/** The statements see the module as `fixture`. */
export const workersAround = ({ module, beforeVault = '', afterVault = '', beforeSigner }: Around): URL => {
  const head = `import * as fixture from ${JSON.stringify(module.href)};`;
  const workers = workersWithSigner(
    `${head}
    ${beforeSigner}
    const { signBatch: sign } = await import('./real-signer.js');
    export const signBatch = sign;`,
  );
  writeFileSync(
    new URL('vault/vault.js', workers),
    `${head}
    import { parentPort } from 'node:worker_threads';
    ${beforeVault}
    const { serve } = await import('./service.js');
    const service = serve(parentPort);
    ${afterVault}`,
  );
  return workers;
};
