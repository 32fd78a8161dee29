import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join, relative } from "node:path";
import type { Readable } from "node:stream";
import pc from "picocolors";
import { shellExports, writePrivateFile } from "../../sandbox/core/environment-file";
import type { Engine } from "../../sandbox/engine/engine";
import { announcementFile, environmentFile, home, kubeconfigFile, root } from "../paths";
import { type Announcement, firstLine, sandboxCommand } from "../sandbox-process";
import { findControlPlane, findEngine } from "../session";
import { table } from "../table";

/** Runs the sandbox until it is told to end. @returns the exit code */
export async function sandbox({ port }: { port?: number }): Promise<number> {
  const engine = await findEngine();
  await findControlPlane();
  const child = spawn(
    process.execPath,
    [
      ...sandboxCommand,
      ...(port === undefined ? [] : ["--port", String(port)]),
      ...["--announcement-file", announcementFile, "--ready-json", "3"],
    ],
    { cwd: root, stdio: ["ignore", "inherit", "inherit", "pipe"] },
  );
  const ended = once(child, "close");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  const line = await Promise.race([firstLine(child.stdio[3] as Readable), ended.then(() => undefined)]);
  let forget = () => {};
  if (line !== undefined) {
    const announcement = JSON.parse(line) as Announcement;
    forget = writePrivateFile(environmentFile, environmentFor(announcement, engine));
    console.log(greeting(announcement));
  }
  const [code] = (await ended) as [number | null];
  forget();
  return code ?? 0;
}

/** What a shell sources to have SDKs, kubectl and Pulumi talk to the sandbox. */
function environmentFor({ env, toolsDirectory }: Announcement, engine: Engine): string {
  const { PATH: _path, ...engineEnv } = engine.env;
  const files = { PULUMI_CONFIG_PASSPHRASE_FILE: join(home, "passphrase"), KUBECONFIG: kubeconfigFile };
  return shellExports({ ...env, ...engineEnv, ...files }, [dirname(engine.pulumi), toolsDirectory]);
}

function greeting({ proxyUrl, services, account }: Announcement): string {
  const rows = [
    ["reached through", `${proxyUrl}, on this machine only`],
    ["tenant", account.tenantId],
    ["subscription", account.subscriptionId],
    ...services.map((service, index) => [index === 0 ? "plays" : "", service]),
  ];
  return [
    "",
    pc.bold("A local Azure is running."),
    "",
    table([], rows),
    "",
    "In another shell, make SDKs, kubectl and Pulumi talk to it:",
    `  ${pc.cyan(`. ${relative(process.cwd(), environmentFile)}`)}`,
    "",
    "Ctrl-C ends it; what it holds is kept.",
  ].join("\n");
}
