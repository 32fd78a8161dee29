import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { onTestFinished } from "vitest";

/** A directory of its own for one test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "keyless engine-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export const pulumiYaml = [
  "name: tiny",
  "runtime:",
  "  name: nodejs",
  "  options:",
  "    typescript: false",
  '    nodeargs: "--require sucrase/register/ts"',
  "main: infra/index.ts",
  "stackConfigDir: stacks",
  "",
].join("\n");

/** Writes a Pulumi project that finds this package's dependencies. */
export async function writeProject(files: Record<string, string>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [path, content] of Object.entries({ "Pulumi.yaml": pulumiYaml, ...files })) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  await symlink(resolve(__dirname, "../../../node_modules"), join(directory, "node_modules"));
  return directory;
}
