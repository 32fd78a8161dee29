import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { relative } from "node:path";
import type { Readable } from "node:stream";
import Table from "cli-table3";
import pc from "picocolors";
import { announcementFile, environmentFile, root } from "../paths";
import { type Announcement, firstLine, sandboxCommand } from "../sandbox-process";

/** Runs the sandbox until it is told to end. @returns the exit code */
export async function sandbox({ port }: { port?: number }): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      ...sandboxCommand,
      ...(port === undefined ? [] : ["--port", String(port)]),
      ...["--environment-file", environmentFile, "--announcement-file", announcementFile],
      ...["--ready-json", "3"],
    ],
    { cwd: root, stdio: ["ignore", "inherit", "inherit", "pipe"] },
  );
  const ended = once(child, "close");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  const line = await Promise.race([firstLine(child.stdio[3] as Readable), ended.then(() => undefined)]);
  if (line !== undefined) console.log(greeting(JSON.parse(line) as Announcement));
  const [code] = (await ended) as [number | null];
  rmSync(announcementFile, { force: true });
  return code ?? 0;
}

function greeting({ proxyUrl, services, account }: Announcement): string {
  const facts = new Table({ style: { head: [], border: ["dim"] } });
  facts.push(
    ["proxy", `${proxyUrl}  ${pc.dim("(loopback only; every Azure name below is reached through it)")}`],
    ["tenant", account.tenantId],
    ["subscription", account.subscriptionId],
    ...services.map((service, index) => [index === 0 ? "services" : "", service]),
  );
  return [
    pc.bold("A local Azure is running."),
    facts.toString(),
    "In another shell, make SDKs, kubectl and Pulumi talk to it:",
    `  ${pc.cyan(`. ${relative(process.cwd(), environmentFile)}`)}`,
    "Ctrl-C ends it; what it holds is kept.",
  ].join("\n");
}
