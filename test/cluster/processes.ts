import { execFileSync } from "node:child_process";

/** The programs of control planes that run on files below `directory`, by their names. */
export function controlPlaneProcesses(directory: string): string[] {
  return execFileSync("ps", ["-A", "-o", "args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(`${directory}/control-planes/`))
    .map((line) => line.split(" ")[0]?.split("/").at(-1) ?? "")
    .sort();
}

export const allPrograms = [
  "azure-workload-identity-webhook",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
];
