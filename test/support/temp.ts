// Folders for one test file, gone when its process ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

/** The path of a new empty folder (mode 0700), removed with all it holds when the process exits. */
export const tempFolder = (): string => {
  if (folders.length === 0) {
    process.on('exit', () => {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });
  }
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-'));
  folders.push(folder);
  return folder;
};
