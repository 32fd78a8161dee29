import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { replace } from "../engine/shims";

/**
 * Puts an executable `kubelogin` into `directory`, for users who have none: one file of JavaScript behind a line of
 * shell. Idempotent, and safe when run twice at once.
 * @returns its path
 */
export async function installKubelogin(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const program = join(directory, "kubelogin.cjs");
  const source = join(__dirname, "kubelogin.ts");
  const bundled = await stat(program).catch(() => undefined);
  if (!bundled || bundled.mtimeMs <= (await stat(source)).mtimeMs) {
    const { build } = await import("esbuild");
    await replace(program, async (outfile) => {
      await build({
        entryPoints: [source],
        bundle: true,
        minifySyntax: true,
        platform: "node",
        outfile,
        logLevel: "silent",
      });
    });
  }
  const shim = join(directory, "kubelogin");
  const quoted = [process.execPath, program].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  await replace(shim, async (temporary) => {
    await writeFile(temporary, `#!/bin/sh\nexec ${quoted} "$@"\n`);
    await chmod(temporary, 0o755);
  });
  return shim;
}
