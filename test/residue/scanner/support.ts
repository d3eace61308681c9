// Whether this machine lets one process read another's memory. Where it doesn't, residue tests are skipped, loudly.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { readMappings } from './maps.js';

/** Why no scan is possible here, or undefined where it is. */
export const whyNoScan = (): string | undefined => {
  if (process.platform !== 'linux')
    return `memory of another process is read through /proc, which ${process.platform} does not have`;
  // A child of our own, as the processes under test are: that is what kernels with Yama allow.
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const pid = child.pid as number;
    const mapping = readMappings(pid).find(({ perms }) => perms.startsWith('r'));
    const memory = openSync(`/proc/${pid}/mem`, 'r');
    try {
      readSync(memory, new Uint8Array(16), 0, 16, mapping?.start ?? 0);
    } finally {
      closeSync(memory);
    }
    return undefined;
  } catch (error) {
    return `this system does not let a process read its child's memory (${(error as NodeJS.ErrnoException).code})`;
  } finally {
    child.kill('SIGKILL');
  }
};
