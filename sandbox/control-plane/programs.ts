import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheRoot, fillCache } from "../engine/cache";
import type { Report } from "../engine/engine";
import { buildGoProgram, canBuild, goVersion, oldestGo } from "../engine/go-build";

/** The programs of a real control plane, by the paths of their executables. */
export interface ControlPlanePrograms {
  etcd: string;
  kubeApiServer: string;
  kubeControllerManager: string;
  /** The mutating webhook of azure-workload-identity. */
  webhook: string;
}

/** The programs cannot be had; the message says why. */
export class ControlPlaneUnavailable extends Error {
  override readonly name = "ControlPlaneUnavailable";

  constructor(
    message: string,
    /** Whether this machine has nothing to build them with; the message is one line then. */
    readonly lacksGo: boolean,
  ) {
    super(message);
  }
}

interface Source {
  program: keyof ControlPlanePrograms;
  /** Of the executable, and in what progress says. */
  file: string;
  /** Directory below `go`. */
  module: string;
  package: string;
  /** The module whose version is the program's. */
  versionOf: string;
  /** The string variables that tell the program its version, as the linker sets them. @default none */
  versionVariables?: (version: string) => Record<string, string>;
}

/** What Kubernetes' own build sets; `/version` would answer v0.0.0-master. */
const kubernetesVersion = (version: string): Record<string, string> => {
  const [gitMajor = "", gitMinor = ""] = version.split(".");
  const variables = { gitVersion: `v${version}`, gitMajor, gitMinor, gitTreeState: "clean" };
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`k8s.io/component-base/version.${name}`, value]),
  );
};

const sources: Source[] = [
  {
    program: "etcd",
    file: "etcd",
    module: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    versionOf: "go.etcd.io/etcd/server/v3",
  },
  {
    program: "kubeApiServer",
    file: "kube-apiserver",
    module: "kubernetes",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    versionOf: "k8s.io/kubernetes",
    versionVariables: kubernetesVersion,
  },
  {
    program: "kubeControllerManager",
    file: "kube-controller-manager",
    module: "kubernetes",
    package: "k8s.io/kubernetes/cmd/kube-controller-manager",
    versionOf: "k8s.io/kubernetes",
    versionVariables: kubernetesVersion,
  },
  {
    program: "webhook",
    file: "azure-workload-identity-webhook",
    module: "webhook",
    package: ".",
    versionOf: "github.com/Azure/azure-workload-identity",
  },
];

/** What tests put their own in the place of. */
export interface ProgramSources {
  env: NodeJS.ProcessEnv;
  goVersion(): Promise<string | undefined>;
  build: typeof buildGoProgram;
}

const thisMachine: ProgramSources = { env: process.env, goVersion, build: buildGoProgram };

/**
 * Finds etcd, kube-apiserver, kube-controller-manager and the workload-identity webhook in the cache, or builds them
 * from their Go modules, which takes some minutes once.
 *
 * @throws ControlPlaneUnavailable when they have to be built, and Go is missing, too old, or fails
 */
export async function ensureControlPlane(
  report: Report,
  machine: ProgramSources = thisMachine,
): Promise<ControlPlanePrograms> {
  const programs: Partial<ControlPlanePrograms> = {};
  for (const source of sources) programs[source.program] = await ensure(source, report, machine);
  return programs as ControlPlanePrograms;
}

async function ensure(source: Source, report: Report, machine: ProgramSources): Promise<string> {
  const module = join(__dirname, "go", source.module);
  const version = versionIn(module, source.versionOf);
  const title = `${source.file} ${version}`;
  const variables = Object.entries(source.versionVariables?.(version) ?? {});
  const linkerFlags = variables.map(([name, value]) => `-X ${name}=${value}`).join(" ");
  // A change of what is built along with a version must not find the program of before.
  const directory = join(
    cacheRoot(machine.env),
    source.file,
    `${version}-${fingerprint(module, linkerFlags)}`,
  );
  const onWait = () => report({ step: `Waiting for another command that is building ${title}` });
  await fillCache({ directory, file: source.file, onWait }, async (partial) => {
    const go = await machine.goVersion();
    if (!go || !canBuild(go)) {
      const state = go ? `Go ${go} is too old` : "there is no Go";
      const need = `${title} has to be built with Go ${oldestGo} or later`;
      throw new ControlPlaneUnavailable(`${need}, and ${state}.`, true);
    }
    const program = { title, module, package: source.package, linkerFlags };
    await machine.build(program, join(partial, source.file), report).catch((error: Error) => {
      throw new ControlPlaneUnavailable(`${title} could not be built: ${error.message}`, false);
    });
    return "built";
  });
  return join(directory, source.file);
}

/** @throws Error when go.mod does not name the dependency, which it does as it is committed */
function versionIn(module: string, dependency: string): string {
  const line = readFileSync(join(module, "go.mod"), "utf8")
    .split("\n")
    .map((text) => text.replace(/^require/, "").trim())
    .find((text) => text.startsWith(`${dependency} v`));
  if (!line) throw new Error(`${module}/go.mod does not require ${dependency}`);
  return line.split(" ")[1]!.slice(1);
}

/** Short, and another one for other sources, pins or flags. */
function fingerprint(module: string, flags: string): string {
  const hash = createHash("sha256").update(flags);
  const entries = readdirSync(module, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const file of files.sort()) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 8);
}
