import { execFileSync } from "node:child_process";

interface Running {
  processId: number;
  program: string;
}

/** The programs of control planes that run on files below `directory`. */
function running(directory: string): Running[] {
  return execFileSync("ps", ["-A", "-o", "pid=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(`${directory}/control-planes/`))
    .map((line) => {
      const [processId, executable = ""] = line.trim().split(/\s+/);
      return { processId: Number(processId), program: executable.split("/").at(-1) ?? "" };
    });
}

/** Their names, in order. */
export const controlPlaneProcesses = (directory: string): string[] =>
  running(directory)
    .map(({ program }) => program)
    .sort();

export function killProgram(directory: string, name: string): void {
  for (const { processId, program } of running(directory)) {
    if (program === name) process.kill(processId, "SIGKILL");
  }
}

/** What runs for a cluster with workload identity. */
export const allPrograms = [
  "azure-workload-identity-webhook",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
];
