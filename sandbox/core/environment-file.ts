import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** One `export NAME='value'` line for each variable, for any POSIX shell. */
export function shellExports(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}

/**
 * Writes the variables to `path`, readable by the user alone.
 *
 * @returns removes the file
 */
export function writeEnvironmentFile(path: string, variables: Readonly<Record<string, string>>): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, shellExports(variables), { mode: 0o600 });
  renameSync(temporary, path);
  return () => rmSync(path, { force: true });
}
