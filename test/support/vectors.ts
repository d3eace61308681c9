// Published test vectors. They lie outside the repository, in `../shared/vectors` beside it; STRONGROOM_VECTORS names
// another folder. Without them a test must skip, with the reason: never pass.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository, seen from .build/test/support. */
export const repositoryRoot: string = fileURLToPath(new URL('../../../', import.meta.url));

/** What a skipped test says. */
export const NO_VECTORS = 'no test vectors: ../shared/vectors is absent and STRONGROOM_VECTORS is not set';

const vectorFolder = (): string | undefined => {
  const named = process.env.STRONGROOM_VECTORS;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error('STRONGROOM_VECTORS names a folder that does not exist');
    return named;
  }
  const beside = join(repositoryRoot, '..', 'shared', 'vectors');
  return existsSync(beside) ? beside : undefined;
};

/** The text of a vector file, or undefined when there are no vectors. A file missing from the folder is an error. */
export const loadVectorText = (path: string): string | undefined => {
  const folder = vectorFolder();
  return folder === undefined ? undefined : readFileSync(join(folder, path), 'utf8');
};

/** A vector file as JSON, or undefined when there are no vectors. The caller states the shape. */
export const loadVectors = <T = unknown>(path: string): T | undefined => {
  const text = loadVectorText(path);
  return text === undefined ? undefined : (JSON.parse(text) as T);
};
