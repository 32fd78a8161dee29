import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { requiredPackages } from "../../../sandbox/engine/required-packages";
import { temporaryDirectory } from "./project";

afterEach(() => vi.unstubAllEnvs());

async function installed(manifests: Record<string, string>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, manifest] of Object.entries(manifests)) {
    await mkdir(join(directory, "node_modules", name), { recursive: true });
    await writeFile(join(directory, "node_modules", name, "package.json"), manifest);
  }
  return directory;
}

const resource = (name: string, pulumi: object = {}) =>
  JSON.stringify({ name, version: "1.2.3", pulumi: { resource: true, ...pulumi } });

it("finds the providers that a program's packages ask for, but for attached ones", async () => {
  vi.stubEnv("PULUMI_DEBUG_PROVIDERS", "azure-native:1234,kubernetes:2345");
  const directory = await installed({
    "@pulumi/azure-native": resource("@pulumi/azure-native"),
    "@pulumi/random": resource("@pulumi/random"),
    "@team/pulumi-shelf": resource("@team/pulumi-shelf", {
      name: "shelf",
      version: "v2.0.0",
      server: "https://example.com",
    }),
    "@team/nameless": resource("@team/nameless"),
    lodash: JSON.stringify({ name: "lodash", version: "4.0.0" }),
    broken: "{",
  });
  const packages = await requiredPackages(directory);
  expect(packages.map((found) => found.toObject())).toMatchObject([
    { kind: "resource", name: "random", version: "v1.2.3", server: "" },
    { kind: "resource", name: "shelf", version: "v2.0.0", server: "https://example.com" },
  ]);
});

it("finds none where nothing is installed", async () => {
  expect(await requiredPackages(await temporaryDirectory())).toEqual([]);
});
