import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ServerWritableStream } from "@grpc/grpc-js";
import {
  type InstallDependenciesRequest,
  InstallDependenciesResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { untilEnd } from "./run-program";
import { type PackageManager, parseRuntimeOptions } from "./runtime-options";

const lockFiles: readonly [string, Exclude<PackageManager, "auto">][] = [
  ["yarn.lock", "yarn"],
  ["pnpm-lock.yaml", "pnpm"],
  ["bun.lock", "bun"],
  ["package-lock.json", "npm"],
];

/**
 * The version of a package manager, or an empty string when this process does not run under it: the engine asks
 * at the start of every update, and starting npm only to ask it would take longer than all else that is asked.
 */
export function packageManagerVersion(packageManager: Exclude<PackageManager, "auto">): string {
  const agent = process.env.npm_config_user_agent ?? "";
  return new RegExp(`(?:^| )${packageManager}/(\\S+)`).exec(agent)?.[1] ?? "";
}

/** Installs a program's dependencies where its package.json is, streaming what the package manager prints. */
export async function installDependencies(
  call: ServerWritableStream<InstallDependenciesRequest, InstallDependenciesResponse>,
  hostEnding: AbortSignal,
): Promise<void> {
  const info = call.request.getInfo();
  const { packageManager } = parseRuntimeOptions(info?.getOptions());
  const root = packageRoot(info?.getProgramDirectory() || call.request.getDirectory());
  const command = packageManager === "auto" ? packageManagerOf(root) : packageManager;
  const cancelled = new AbortController();
  call.on("cancelled", () => cancelled.abort());
  const install = spawn(command, ["install"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  install.stdout.on("data", (chunk: Uint8Array) =>
    call.write(new InstallDependenciesResponse().setStdout(chunk)),
  );
  install.stderr.on("data", (chunk: Uint8Array) =>
    call.write(new InstallDependenciesResponse().setStderr(chunk)),
  );
  const ended = await untilEnd(install, AbortSignal.any([cancelled.signal, hostEnding]));
  if (ended.error) throw new Error(`could not run ${command}: ${ended.error.message}`);
  if (ended.code !== 0) throw new Error(`${command} install exited with ${ended.code}`);
  call.end();
}

/** What a program depends on, with the versions that are installed. */
export async function programDependencies(
  programDirectory: string,
  transitive: boolean,
): Promise<{ name: string; version: string }[]> {
  const root = packageRoot(programDirectory);
  const manifest = await readJson(join(root, "package.json"));
  const direct = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }));
  const lock = await readJson(join(root, "package-lock.json"));
  const installed = Object.entries(lock.packages ?? {}).flatMap(([path, { version }]) => {
    const name = path.split("node_modules/").at(-1) ?? "";
    const topLevel = path === `node_modules/${name}`;
    return version && name && (transitive || (topLevel && direct.has(name))) ? [{ name, version }] : [];
  });
  return installed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  /** Of a package-lock.json: keyed by the path of each package, the root's own being empty. */
  packages?: Record<string, { version?: string }>;
}

async function readJson(file: string): Promise<Manifest> {
  if (!existsSync(file)) return {};
  return JSON.parse(await readFile(file, "utf8")) as Manifest;
}

/** The nearest directory upwards that has a package.json, or `directory` itself. */
function packageRoot(directory: string): string {
  for (let current = directory; ; current = dirname(current)) {
    if (existsSync(join(current, "package.json"))) return current;
    if (dirname(current) === current) return directory;
  }
}

function packageManagerOf(root: string): Exclude<PackageManager, "auto"> {
  return lockFiles.find(([file]) => existsSync(join(root, file)))?.[1] ?? "npm";
}
