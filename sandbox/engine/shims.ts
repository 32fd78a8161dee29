import {
  constants,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { wantedVersion } from "./cli-version";

/**
 * Lays out a directory as Pulumi's own download does — the CLI with its helpers beside it — for a CLI that
 * came without: a language host for Node.js and the runner of dynamic providers.
 *
 * The CLI is linked, or copied where it is on another file system, as it looks for helpers beside its own
 * real path and warns about those that it finds elsewhere. Idempotent, and safe when run twice at once.
 *
 * @returns the path of the CLI in that directory
 */
export async function layOut(cli: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const languageHost = join(directory, `language-host-${wantedVersion}.cjs`);
  await bundleLanguageHost(languageHost);
  await writeShim(join(directory, "pulumi-language-nodejs"), [languageHost]);
  await writeShim(join(directory, "pulumi-resource-pulumi-nodejs"), [
    "--require",
    join(__dirname, "end-with-engine.cjs"),
    require.resolve("@pulumi/pulumi/cmd/dynamic-provider"),
  ]);
  const laidOut = join(directory, "pulumi");
  if (!(await isSame(cli, laidOut))) {
    await replace(laidOut, async (temporary) => {
      try {
        await link(cli, temporary);
      } catch {
        await copyFile(cli, temporary, constants.COPYFILE_FICLONE);
        const { atime, mtime } = await stat(cli);
        await utimes(temporary, atime, mtime);
      }
    });
  }
  return laidOut;
}

/**
 * Bundles the language host with all that it loads. The engine starts it twice in every run: as one file of
 * JavaScript it is there in 0.12 s, through a TypeScript loader in 0.21 s.
 */
async function bundleLanguageHost(bundle: string): Promise<void> {
  const sources = (await readdir(__dirname)).filter((file) => file.endsWith(".ts"));
  const changed = await Promise.all(sources.map(async (file) => (await stat(join(__dirname, file))).mtimeMs));
  const bundled = await stat(bundle).catch(() => undefined);
  if (bundled && bundled.mtimeMs > Math.max(...changed)) return;
  const { build } = await import("esbuild");
  await replace(bundle, async (outfile) => {
    await build({
      entryPoints: [join(__dirname, "language-host.ts")],
      bundle: true,
      minifySyntax: true,
      platform: "node",
      outfile,
      logLevel: "silent",
    });
  });
}

async function writeShim(path: string, nodeArguments: string[]): Promise<void> {
  const quoted = [process.execPath, ...nodeArguments].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const script = `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`;
  if ((await readFile(path, "utf8").catch(() => "")) === script) return;
  await replace(path, (temporary) => writeFile(temporary, script, { mode: 0o755 }));
}

/** Puts a file in its place at once, so that whoever looks finds the whole of the old or the new one. */
export async function replace(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${process.pid}-${Math.random().toString(36).slice(2)}`);
  try {
    await write(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function isSame(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(a), stat(b).catch(() => undefined)]);
  return second !== undefined && first.size === second.size && first.mtimeMs === second.mtimeMs;
}
