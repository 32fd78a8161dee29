import { capturePulumi, type Environment } from "../../sandbox/engine/run";
import { UsageError } from "../errors";
import { root } from "../paths";
import { openSession } from "../session";
import type { InspectionReport } from "./main";
import { runInspection } from "./run";
import { type ExportedResource, readStack } from "./stack-state";

export interface InspectionOptions {
  stack: string;
  /** Look at real Azure, with this shell's own Pulumi and login, instead of the sandbox. */
  azure: boolean;
  become: "all" | string[];
}

/** Reads a stack's state through the engine and inspects what it says. @throws UsageError when nothing is deployed */
export async function inspectStack({ stack, azure, become }: InspectionOptions): Promise<InspectionReport> {
  return azure ? onAzure(stack, become) : inSandbox(stack, become);
}

async function inSandbox(stack: string, become: InspectionOptions["become"]): Promise<InspectionReport> {
  const session = await openSession({ quiet: true });
  try {
    const { args, env } = await session.stack(root, stack);
    const { engine } = session;
    const exported = await capturePulumi({ engine, cwd: root, env, args: ["stack", "export", ...args] });
    return await runInspection({ resources: deployed(exported, stack, become), become }, env);
  } finally {
    await session.close();
  }
}

/** The CLI on PATH with the backend that it is logged in to. */
async function onAzure(stack: string, become: InspectionOptions["become"]): Promise<InspectionReport> {
  const env: Environment = {};
  const exported = await capturePulumi({
    engine: { pulumi: process.env.PULUMI_BIN ?? "pulumi", env: {} },
    cwd: root,
    env,
    args: ["stack", "export", "--stack", stack],
  }).catch((error: Error) => {
    throw new UsageError(error.message);
  });
  return runInspection({ resources: deployed(exported, stack, become), become }, env);
}

function deployed(exported: string, stack: string, become: InspectionOptions["become"]): ExportedResource[] {
  const { deployment } = JSON.parse(exported) as { deployment: { resources?: ExportedResource[] } };
  const resources = deployment.resources ?? [];
  const names = readStack(resources).workloads.map(({ name }) => name);
  if (names.length === 0) {
    throw new UsageError(`Stack ${stack} has no workloads: bring it up first (npm run up -- ${stack}).`);
  }
  const unknown = become === "all" ? [] : become.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`Stack ${stack} has no workload ${unknown.join(", ")}; it has ${names.join(", ")}.`);
  }
  return resources;
}
