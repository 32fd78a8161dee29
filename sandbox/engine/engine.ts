import { existsSync } from "node:fs";
import { mkdir, open, realpath, rm } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { cacheRoot, fillCache } from "./cache";
import { buildCli } from "./cli-build";
import { isSupported, versionOf, wantedVersion } from "./cli-version";
import { canBuild, goVersion, oldestGo } from "./go-build";
import { layOut } from "./shims";

/** How far a step is; `done` and `total` count what the step is about, and are left out where unknown. */
export interface Progress {
  step: string;
  done?: number;
  total?: number;
}

export type Report = (progress: Progress) => void;

/** The Pulumi CLI, ready to run. */
export interface Engine {
  /** Of the CLI, such as `3.246.0`. */
  version: string;
  /** Which way it was had, as a sentence fit to print. */
  how: string;
  /** Path of the CLI. */
  pulumi: string;
  /** Directory of the sandbox's state: the engine's settings, the stacks and their configuration. */
  home: string;
  /** What the CLI needs in its environment, whatever the project and stack. */
  env: Record<string, string>;
}

/** Whether a CLI runs programs through the language host of this project, having none of Pulumi's own beside it. */
export const usesOwnLanguageHost = ({ pulumi, home }: Pick<Engine, "pulumi" | "home">): boolean =>
  dirname(pulumi) === join(home, "bin");

export interface EnsureEngineOptions {
  report: Report;
  /** @default `.keyless` beside the package's own package.json */
  home?: string;
  /** How to get at what is outside; tests put their own here. */
  sources?: EngineSources;
}

/** The ways to a CLI that is not on this machine yet. */
export interface EngineSources {
  /** The environment that is searched. */
  env: NodeJS.ProcessEnv;
  /** Whether Pulumi's download host answers, within seconds. */
  downloadAnswers(): Promise<boolean>;
  /** Installs the official CLI below a directory, as `bin/pulumi`. */
  download(directory: string): Promise<void>;
  goVersion(): Promise<string | undefined>;
  /** Builds the CLI as this file. */
  build(version: string, target: string, report: Report): Promise<void>;
}

/** No CLI could be had; the message names the ways out. */
export class EngineNotFoundError extends Error {
  override readonly name = "EngineNotFoundError";
}

/**
 * Finds Pulumi's CLI, or gets it: `PULUMI_BIN` or `pulumi` on PATH, the cache, Pulumi's download, a build from
 * Go modules. Two commands do not get it at once, and one that is killed meanwhile leaves nothing half done.
 *
 * `KEYLESS_NO_DOWNLOAD=1` leaves out the download; {@link cacheRoot} says where the cache is.
 *
 * @throws EngineNotFoundError when there is no way to one, or `PULUMI_BIN` names none that fits.
 */
export async function ensureEngine(options: EnsureEngineOptions): Promise<Engine> {
  const { report, sources = thisMachine } = options;
  const home = resolve(options.home ?? join(__dirname, "..", "..", ".keyless"));
  const missed: string[] = [];
  const found = (await installed(sources.env, home, missed)) ?? (await obtained(sources, report, missed));
  if (!found) throw new EngineNotFoundError(explain(missed));

  const pulumi = (await isComplete(found.cli)) ? found.cli : await layOut(found.cli, join(home, "bin"));
  await mkdir(join(home, "state"), { recursive: true });
  return {
    version: found.version,
    how: found.how,
    pulumi,
    home,
    env: {
      PATH: `${dirname(pulumi)}${delimiter}${sources.env.PATH ?? ""}`,
      // Settings, login and chosen stacks of the sandbox's own: the user's stay out of it, and untouched.
      PULUMI_HOME: join(home, "pulumi"),
      // No files beside the state's own for its attributes: those are not written at once, and an engine that is
      // killed while it writes one could not read its state again.
      PULUMI_BACKEND_URL: `${pathToFileURL(join(home, "state")).href}?metadata=skip`,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
  };
}

interface Found {
  cli: string;
  version: string;
  how: string;
}

/** A CLI that the user has. */
async function installed(env: NodeJS.ProcessEnv, home: string, missed: string[]): Promise<Found | undefined> {
  if (env.PULUMI_BIN) {
    const cli = resolve(env.PULUMI_BIN);
    const version = await versionOf(cli);
    if (version && isSupported(version)) {
      return { cli, version, how: `Pulumi ${version} from PULUMI_BIN (${cli})` };
    }
    const state = version ? `is version ${version}` : "cannot be run";
    throw new EngineNotFoundError(
      `PULUMI_BIN: '${env.PULUMI_BIN}' must be a Pulumi CLI of version ${supported()}, but it ${state}.`,
    );
  }
  const cli = (env.PATH ?? "")
    .split(delimiter)
    // What was laid out for an earlier run is not the user's own.
    .filter((directory) => directory && resolve(directory) !== join(home, "bin"))
    .map((directory) => resolve(directory, "pulumi"))
    .find((candidate) => existsSync(candidate));
  if (!cli) {
    missed.push("there is no pulumi on PATH");
    return undefined;
  }
  const version = await versionOf(cli);
  if (version && isSupported(version)) {
    return { cli, version, how: `Pulumi ${version} from PATH (${cli})` };
  }
  missed.push(`${cli} ${version ? `is version ${version}, not ${supported()}` : "cannot be run"}`);
  return undefined;
}

/** The CLI of the cache, which is filled first when it is empty. */
async function obtained(
  sources: EngineSources,
  report: Report,
  missed: string[],
): Promise<Found | undefined> {
  const version = wantedVersion;
  const directory = join(cacheRoot(sources.env), "pulumi", version);
  const cli = join(directory, "bin", "pulumi");
  const onWait = () => report({ step: `Waiting for another command that is getting Pulumi ${version}` });
  const how = await fillCache(
    { directory, file: join("bin", "pulumi"), onWait },
    async (partial) =>
      (await download(sources, version, partial, report, missed)) ??
      (await build(sources, version, partial, report, missed)),
  );
  if (how === undefined) return undefined;
  return { cli, version, how: how === "found" ? `Pulumi ${version} from the cache (${cli})` : how };
}

async function download(
  sources: EngineSources,
  version: string,
  directory: string,
  report: Report,
  missed: string[],
): Promise<string | undefined> {
  if (sources.env.KEYLESS_NO_DOWNLOAD === "1") {
    missed.push("KEYLESS_NO_DOWNLOAD=1 rules out the download");
    return undefined;
  }
  report({ step: "Looking for Pulumi's download host" });
  if (!(await sources.downloadAnswers())) {
    missed.push("https://get.pulumi.com cannot be reached");
    return undefined;
  }
  report({ step: `Downloading Pulumi ${version}` });
  try {
    await sources.download(directory);
    return `Pulumi ${version}, downloaded from https://get.pulumi.com`;
  } catch (error) {
    missed.push(`the download failed: ${(error as Error).message}`);
    await rm(join(directory, "bin"), { recursive: true, force: true });
    return undefined;
  }
}

async function build(
  sources: EngineSources,
  version: string,
  directory: string,
  report: Report,
  missed: string[],
): Promise<string | undefined> {
  const go = await sources.goVersion();
  if (!go || !canBuild(go)) {
    missed.push(go ? `Go ${go} is too old to build it` : "there is no Go to build it");
    return undefined;
  }
  try {
    await sources.build(version, join(directory, "bin", "pulumi"), report);
    return `Pulumi ${version}, built from its Go modules with Go ${go}`;
  } catch (error) {
    missed.push(`the build failed: ${(error as Error).message}`);
    return undefined;
  }
}

/**
 * Whether a CLI has its language host beside it, as an official installation has. One that is a script wraps an
 * installation that is elsewhere, and is taken to be complete.
 */
async function isComplete(cli: string): Promise<boolean> {
  if (existsSync(join(dirname(await realpath(cli)), "pulumi-language-nodejs"))) return true;
  const file = await open(cli);
  try {
    const { buffer } = await file.read({ buffer: Buffer.alloc(2) });
    return buffer.toString() === "#!";
  } finally {
    await file.close();
  }
}

function supported(): string {
  const [major, minor] = wantedVersion.split(".");
  return `${major}.${minor} or later (below ${Number(major) + 1})`;
}

function explain(missed: string[]): string {
  return [
    `Pulumi ${wantedVersion} is needed and could not be had: ${missed.join("; ")}.`,
    "Any one of these helps:",
    `  - install Pulumi (https://www.pulumi.com/docs/install/), version ${supported()}, or set PULUMI_BIN to it;`,
    "  - let this machine reach https://get.pulumi.com and https://github.com, then run again;",
    `  - install Go ${oldestGo} or later (https://go.dev/dl/), and it is built from public Go modules.`,
  ].join("\n");
}

const thisMachine: EngineSources = {
  env: process.env,
  goVersion,
  build: buildCli,
  async downloadAnswers() {
    try {
      const signal = AbortSignal.timeout(4_000);
      return (await fetch("https://get.pulumi.com/install.sh", { method: "HEAD", signal })).ok;
    } catch {
      return false;
    }
  },
  async download(directory) {
    const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
    await PulumiCommand.install({ root: directory });
  },
};
