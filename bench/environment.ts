// The machine and the software that the figures were taken on.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Of the last 1, 5 and 15 minutes, before anything was started. Zeros on Windows. */
  readonly loadBefore: readonly number[];
  readonly node: string;
  readonly v8: string;
  readonly openssl: string;
  /** Options of node itself: command line and NODE_OPTIONS. */
  readonly flags: readonly string[];
  readonly packages: Readonly<Record<string, string>>;
}

/** What takes part in a signature or in a contestant. */
const PACKAGES = ['sodium-native', 'secp256k1', '@chainsafe/blst', '@noble/curves', 'comlink', 'piscina'];

const require = createRequire(import.meta.url);

interface Manifest {
  readonly name?: string;
  readonly version?: string;
}

/** The version of an installed package. Not every package lets its package.json be resolved. */
const versionOf = (name: string): string => {
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    return 'absent';
  }
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
      if (manifest.name === name && manifest.version !== undefined) return manifest.version;
    } catch {
      // No manifest here.
    }
  }
  return 'unknown';
};

/** Call it first: the load average is that of before. */
export const readEnvironment = (): Environment => ({
  cpu: cpus()[0]?.model.trim() || 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
  system: `${platform()} ${arch()} ${release()}`,
  loadBefore: loadavg(),
  node: process.versions.node,
  v8: process.versions.v8,
  openssl: process.versions.openssl,
  flags: [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(' ').filter((flag) => flag !== '')],
  packages: Object.fromEntries(['strongroom', ...PACKAGES].map((name) => [name, versionOf(name)])),
});
