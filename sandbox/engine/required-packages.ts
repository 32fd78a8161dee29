import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PackageDependency } from "@pulumi/pulumi/proto/plugin_pb";

interface PackageManifest {
  name?: string;
  version?: string;
  pulumi?: { resource?: boolean; name?: string; version?: string; server?: string };
}

/**
 * The provider plugins that a program's own `node_modules` ask for. The engine makes sure of them before it
 * runs the program; it needs none that are attached by `PULUMI_DEBUG_PROVIDERS`.
 */
export async function requiredPackages(programDirectory: string): Promise<PackageDependency[]> {
  const attached = new Set(
    (process.env.PULUMI_DEBUG_PROVIDERS ?? "").split(",").map((entry) => entry.split(":")[0]),
  );
  const manifests = await installedManifests(join(programDirectory, "node_modules"));
  const packages: PackageDependency[] = [];
  for (const { name = "", version, pulumi } of manifests) {
    if (!pulumi?.resource) continue;
    const plugin = pulumi.name ?? (name.startsWith("@pulumi/") ? name.slice("@pulumi/".length) : "");
    const pluginVersion = pulumi.version ?? version;
    if (!plugin || !pluginVersion || attached.has(plugin)) continue;
    packages.push(
      new PackageDependency()
        .setKind("resource")
        .setName(plugin)
        .setVersion(pluginVersion.startsWith("v") ? pluginVersion : `v${pluginVersion}`)
        .setServer(pulumi.server ?? ""),
    );
  }
  return packages;
}

async function installedManifests(nodeModules: string): Promise<PackageManifest[]> {
  const entries = await readdir(nodeModules).catch(() => []);
  const found = await Promise.all(
    entries.map(async (entry) => {
      if (entry.startsWith("@")) return installedManifests(join(nodeModules, entry));
      try {
        return [JSON.parse(await readFile(join(nodeModules, entry, "package.json"), "utf8"))];
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}
