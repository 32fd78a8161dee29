import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { ensureControlPlane, type ProgramSources } from "../../../sandbox/control-plane/programs";
import type { GoProgram } from "../../../sandbox/engine/go-build";
import { temporaryDirectory } from "../engine/project";

async function machine(overrides: Partial<ProgramSources> = {}) {
  const built: GoProgram[] = [];
  const sources: ProgramSources = {
    env: { KEYLESS_CACHE: join(await temporaryDirectory(), "cache") },
    goVersion: async () => "1.26.8",
    build: async (program, target) => {
      built.push(program);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, program.package);
    },
    ...overrides,
  };
  return { built, ensure: () => ensureControlPlane(() => {}, sources) };
}

it("builds each program once, and finds it again", async () => {
  const { built, ensure } = await machine();
  const programs = await ensure();
  expect(await readFile(programs.kubeApiServer, "utf8")).toBe("k8s.io/kubernetes/cmd/kube-apiserver");
  expect(await readFile(programs.webhook, "utf8")).toBe(".");
  expect(built.map(({ title }) => title)).toEqual([
    "etcd 3.6.4",
    "kube-apiserver 1.34.2",
    "kube-controller-manager 1.34.2",
    "azure-workload-identity-webhook 1.3.0",
  ]);
  expect(built[1]?.linkerFlags).toContain("-X k8s.io/component-base/version.gitVersion=v1.34.2");
  expect(await ensure()).toEqual(programs);
  expect(built).toHaveLength(4);
});

it.each([
  [undefined, "there is no Go"],
  ["1.24.9", "Go 1.24.9 is too old"],
])("says in one line that Go %s cannot build them", async (version, reason) => {
  const { ensure } = await machine({ goVersion: async () => version });
  await expect(ensure()).rejects.toMatchObject({
    lacksGo: true,
    message: `etcd 3.6.4 has to be built with Go 1.25 or later, and ${reason}.`,
  });
});

it("needs no Go once they are built", async () => {
  let version: string | undefined = "1.26.8";
  const { ensure } = await machine({ goVersion: async () => version });
  const programs = await ensure();
  version = undefined;
  expect(await ensure()).toEqual(programs);
});

it("tells a build that failed from a machine that cannot build", async () => {
  const { ensure } = await machine({
    build: () => Promise.reject(new Error("go build ended with 1: no space")),
  });
  await expect(ensure()).rejects.toMatchObject({
    lacksGo: false,
    message: "etcd 3.6.4 could not be built: go build ended with 1: no space",
  });
});
