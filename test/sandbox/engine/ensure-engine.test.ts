import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { goModule } from "../../../sandbox/engine/cli-build";
import { isSupported, wantedVersion } from "../../../sandbox/engine/cli-version";
import { type EngineSources, ensureEngine, type Progress } from "../../../sandbox/engine/engine";
import { canBuild } from "../../../sandbox/engine/go-build";
import { temporaryDirectory } from "./project";

/** A stand-in for the CLI that only knows its version. */
async function writeCli(path: string, version: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho v${version}\n`);
  await chmod(path, 0o755);
  return path;
}

/** A machine that has nothing, unless told otherwise. */
async function machine(overrides: Partial<EngineSources> = {}, env: NodeJS.ProcessEnv = {}) {
  const root = await temporaryDirectory();
  const steps: Progress[] = [];
  const sources: EngineSources = {
    env: { PATH: "/usr/bin:/bin", KEYLESS_CACHE: join(root, "cache"), ...env },
    downloadAnswers: async () => false,
    download: () => Promise.reject(new Error("not reached")),
    goVersion: async () => undefined,
    build: () => Promise.reject(new Error("not reached")),
    ...overrides,
  };
  const ensure = () =>
    ensureEngine({ report: (step) => steps.push(step), home: join(root, "home"), sources });
  return { root, steps, ensure, sources };
}

const download = (directory: string) =>
  writeCli(join(directory, "bin", "pulumi"), wantedVersion).then(() => {});
const build = (version: string, target: string) => writeCli(target, version).then(() => {});

it("takes PULUMI_BIN before PATH", async () => {
  const directory = await temporaryDirectory();
  const chosen = await writeCli(join(directory, "chosen", "pulumi"), wantedVersion);
  await writeCli(join(directory, "path", "pulumi"), wantedVersion);
  const { ensure } = await machine({}, { PULUMI_BIN: chosen, PATH: join(directory, "path") });
  const engine = await ensure();
  expect(engine.pulumi).toBe(chosen);
  expect(engine.how).toBe(`Pulumi ${wantedVersion} from PULUMI_BIN (${chosen})`);
});

it.each([
  ["3.100.0", "is version 3.100.0"],
  ["4.0.0", "is version 4.0.0"],
])("refuses a PULUMI_BIN of version %s", async (version, problem) => {
  const cli = await writeCli(join(await temporaryDirectory(), "pulumi"), version);
  const { ensure } = await machine({}, { PULUMI_BIN: cli });
  await expect(ensure()).rejects.toThrow(
    `must be a Pulumi CLI of version 3.246 or later (below 4), but it ${problem}`,
  );
});

it("refuses a PULUMI_BIN that is not there", async () => {
  const { ensure } = await machine({}, { PULUMI_BIN: "/nowhere/pulumi" });
  await expect(ensure()).rejects.toThrow("PULUMI_BIN: '/nowhere/pulumi' must be a Pulumi CLI");
});

it("takes pulumi from PATH before the cache, with its own language host", async () => {
  const directory = await temporaryDirectory();
  const cli = await writeCli(join(directory, "pulumi"), "3.299.1");
  await writeCli(join(directory, "pulumi-language-nodejs"), "3.299.1");
  const { ensure, root } = await machine({}, { PATH: `/usr/bin:${directory}` });
  await writeCli(join(root, "cache", "pulumi", wantedVersion, "bin", "pulumi"), wantedVersion);
  expect(await ensure()).toMatchObject({
    version: "3.299.1",
    pulumi: cli,
    how: `Pulumi 3.299.1 from PATH (${cli})`,
  });
});

it("passes over a pulumi on PATH that is too old, and says so when there is nothing else", async () => {
  const directory = await temporaryDirectory();
  const cli = await writeCli(join(directory, "pulumi"), "3.245.9");
  const { ensure } = await machine({}, { PATH: directory });
  await expect(ensure()).rejects.toThrow(`${cli} is version 3.245.9, not 3.246 or later`);
});

it("downloads when the host answers, and finds it in the cache the next time", async () => {
  const { ensure, steps, sources, root } = await machine({ downloadAnswers: async () => true, download });
  expect((await ensure()).how).toBe(`Pulumi ${wantedVersion}, downloaded from https://get.pulumi.com`);
  expect(steps.map(({ step }) => step)).toContain(`Downloading Pulumi ${wantedVersion}`);
  sources.downloadAnswers = () => Promise.reject(new Error("asked again"));
  expect((await ensure()).how).toContain(`from the cache (${join(root, "cache")}`);
});

it("builds when nothing can be downloaded", async () => {
  const { ensure } = await machine({ goVersion: async () => "1.25.3", build });
  expect((await ensure()).how).toBe(`Pulumi ${wantedVersion}, built from its Go modules with Go 1.25.3`);
});

it("builds when the download fails, and leaves nothing of it behind", async () => {
  const { ensure, root } = await machine({
    downloadAnswers: async () => true,
    download: async (directory) => {
      await writeCli(join(directory, "bin", "pulumi-language-nodejs"), "half");
      throw new Error("connection reset");
    },
    goVersion: async () => "1.26.0",
    build,
  });
  await ensure();
  expect(await readdir(join(root, "cache", "pulumi", wantedVersion, "bin"))).toEqual(["pulumi"]);
});

it("asks no host when told so", async () => {
  const { ensure } = await machine(
    { downloadAnswers: () => Promise.reject(new Error("asked")), goVersion: async () => "1.26.0", build },
    { KEYLESS_NO_DOWNLOAD: "1" },
  );
  expect((await ensure()).how).toContain("built from its Go modules");
});

it("names every way out when there is none", async () => {
  const { ensure, root } = await machine({ goVersion: async () => "1.21.0" });
  await expect(ensure()).rejects.toThrowErrorMatchingInlineSnapshot(`
    [EngineNotFoundError: Pulumi 3.246.0 is needed and could not be had: there is no pulumi on PATH; https://get.pulumi.com cannot be reached; Go 1.21.0 is too old to build it.
    Any one of these helps:
      - install Pulumi (https://www.pulumi.com/docs/install/), version 3.246 or later (below 4), or set PULUMI_BIN to it;
      - let this machine reach https://get.pulumi.com and https://github.com, then run again;
      - install Go 1.25 or later (https://go.dev/dl/), and it is built from public Go modules.]
  `);
  expect(await readdir(join(root, "cache", "pulumi"))).toEqual([]);
});

it.each([
  ["of this machine", `999999999 ${hostname()}`, new Date()],
  ["of another machine", "1 elsewhere", new Date(0)],
  ["that had no time to say who it is", "", new Date(0)],
])("removes what a killed command %s left, and takes over its lock", async (_which, holder, lastSign) => {
  const { ensure, root } = await machine({ goVersion: async () => "1.26.0", build });
  const cache = join(root, "cache", "pulumi");
  await mkdir(join(cache, "partial-killed", "bin"), { recursive: true });
  const lock = join(cache, `${wantedVersion}.lock`);
  await writeFile(lock, holder);
  await utimes(lock, lastSign, lastSign);
  await ensure();
  expect(await readdir(cache)).toEqual([wantedVersion]);
});

it("builds once for two commands at once", async () => {
  let builds = 0;
  const { ensure, steps } = await machine({
    goVersion: async () => "1.26.0",
    build: async (version, target) => {
      builds++;
      await build(version, target);
      await new Promise((resolve) => setTimeout(resolve, 300));
    },
  });
  const hows = (await Promise.all([ensure(), ensure()])).map(({ how }) => how);
  expect(builds).toBe(1);
  expect(hows.filter((how) => how.includes("from the cache"))).toHaveLength(1);
  expect(steps.map(({ step }) => step)).toContain(
    `Waiting for another command that is getting Pulumi ${wantedVersion}`,
  );
});

it("lays out helpers beside a CLI that came alone, and does it once", async () => {
  const { ensure, root } = await machine({
    goVersion: async () => "1.26.0",
    // Not a script, as a script is taken for the wrapper of a complete installation.
    build: async (_version, target) => {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, "\u007fELF", { mode: 0o755 });
    },
  });
  const engine = await ensure();
  const bin = join(root, "home", "bin");
  expect(engine.pulumi).toBe(join(bin, "pulumi"));
  expect(engine.env.PATH?.startsWith(`${bin}:`)).toBe(true);
  const laidOut = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];
  expect(await readdir(bin)).toEqual([`language-host-${wantedVersion}.cjs`, ...laidOut]);
  const before = await Promise.all((await readdir(bin)).map((file) => stat(join(bin, file))));
  await ensure();
  const after = await Promise.all((await readdir(bin)).map((file) => stat(join(bin, file))));
  expect(after.map(({ ino }) => ino)).toEqual(before.map(({ ino }) => ino));
});

it("keeps the user's Pulumi login and settings out", async () => {
  const { ensure, root } = await machine({ goVersion: async () => "1.26.0", build });
  expect((await ensure()).env).toMatchObject({
    PULUMI_HOME: join(root, "home", "pulumi"),
    PULUMI_BACKEND_URL: `file://${join(root, "home", "state").replaceAll(" ", "%20")}?metadata=skip`,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  });
});

it.each([
  ["3.246.0", true],
  ["3.246.9", true],
  ["3.300.0-alpha.1", true],
  ["3.245.0", false],
  ["2.300.0", false],
  ["4.0.0", false],
  ["unknown", false],
])("knows whether CLI %s serves SDK 3.246.0: %s", (version, expected) => {
  expect(isSupported(version, "3.246.0")).toBe(expected);
});

it.each([
  ["1.25.0", true],
  ["1.26rc1", true],
  ["2.0", true],
  ["1.24.9", false],
])("knows whether Go %s can build: %s", (version, expected) => {
  expect(canBuild(version)).toBe(expected);
});

it("pins in go.mod the version of the installed SDK, and the hashes of all that it takes", async () => {
  const goMod = await readFile(join(goModule, "go.mod"), "utf8");
  expect(goMod).toContain(`\tgithub.com/pulumi/pulumi/pkg/v3 v${wantedVersion}`);
  expect(goMod).toContain(`\tgithub.com/pulumi/pulumi/sdk/v3 v${wantedVersion}`);
  const goSum = await readFile(join(goModule, "go.sum"), "utf8");
  expect(goSum).toContain(`github.com/pulumi/pulumi/pkg/v3 v${wantedVersion} h1:`);
});
