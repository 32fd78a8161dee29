import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * One `export NAME='value'` line for each variable, for any POSIX shell.
 *
 * @param path directories to look for commands in, after the shell's own
 */
export function shellExports(
  variables: Readonly<Record<string, string>>,
  path: readonly string[] = [],
): string {
  const quote = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  return [
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}\n`),
    ...path.map((directory) => `export PATH="$PATH":${quote(directory)}\n`),
  ].join("");
}

/**
 * Writes a file that its user alone can read, all of it or nothing.
 *
 * @returns removes the file
 */
export function writePrivateFile(path: string, content: string): () => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, path);
  return () => rmSync(path, { force: true });
}
