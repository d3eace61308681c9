// The demo's load: many signatures at once, as a busy program would ask for them.
import type { SignOptions, Vault } from '../../vault.js';
import type { Job } from './plan.js';

export interface Signed extends Job {
  readonly signature: Uint8Array;
}

/** Calls in flight: as each answers, the next begins. */
const WINDOW = 2_000;

/** Sign every job. `advance` is told how many were done since the last time. */
export const signAll = (
  vault: Vault,
  jobs: readonly Job[],
  options: SignOptions,
  advance: (by: number) => void,
): Promise<Signed[]> =>
  new Promise((resolve, reject) => {
    const signed: Signed[] = new Array(jobs.length);
    let next = 0;
    let done = 0;
    const start = (): void => {
      const i = next++;
      const job = jobs[i];
      if (job === undefined) return;
      vault.sign(job.keyId, job.message, options).then((signature) => {
        signed[i] = { ...job, signature };
        done += 1;
        if (done % 256 === 0) advance(256);
        if (done === jobs.length) resolve(signed);
        else start();
      }, reject);
    };
    for (let i = 0; i < WINDOW; i++) start();
  });
