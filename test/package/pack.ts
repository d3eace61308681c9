// Packs the package and installs the tarball into an empty project, with npm as a user would.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChildResult, runProgram } from '../support/child.js';
import { repositoryRoot } from '../support/vectors.js';

export interface Packed {
  readonly tarball: string;
  /** The paths in the tarball. */
  readonly files: readonly string[];
}

/** npm's own variables would tell the inner npm about the outer one's project. */
const ownEnvironment = (): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => /^npm_(?:package|lifecycle|command|config_local_prefix|config_prefix)/.test(name))
      .concat('INIT_CWD')
      .map((name) => [name, undefined]),
  );

const npm = (args: readonly string[], cwd: string): Promise<ChildResult> => {
  const path = process.env.npm_execpath;
  const [program, first] = path?.endsWith('.js') ? [process.execPath, [path]] : ['npm', []];
  return runProgram(program, [...first, ...args], { cwd, env: ownEnvironment(), timeoutMs: 150_000 });
};

/** Pack what `npm run build` has built. */
export const pack = async (folder: string): Promise<Packed> => {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { code, stdout, stderr } = await npm(args, repositoryRoot);
  if (code !== 0) throw new Error(`npm pack ended with ${code}: ${stderr}`);
  const [packed] = Object.values(JSON.parse(stdout)) as { filename: string; files: { path: string }[] }[];
  if (packed === undefined) throw new Error('npm pack gave no tarball');
  return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path).sort() };
};

/**
 * Install a tarball into a new, empty project.
 *
 * @returns undefined when it is installed; the reason when no registry can be reached.
 */
export const install = async (tarball: string, project: string): Promise<string | undefined> => {
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  const args = ['install', tarball, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const { code, stderr, timedOut } = await npm(args, project);
  if (code === 0) return undefined;
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENOTCACHED/.exec(
    stderr,
  );
  if (offline !== null) return `the package registry can't be reached (${offline[0]})`;
  throw new Error(`npm install ended with ${timedOut ? 'a timeout' : code}: ${stderr}`);
};
