import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb";
import { parseRuntimeOptions, type RuntimeOptions } from "./runtime-options";

/** The exit code by which `@pulumi/pulumi` says that the user has been told already what went wrong. */
const alreadyReported = 32;

/** How long a program that was asked to stop may take, in milliseconds, as with Pulumi's own host. */
const stopGraceMilliseconds = 5_000;

/** Runs a Pulumi program to its end and says how it ended. */
export async function runProgram(
  request: RunRequest,
  engineAddress: string,
  signal: AbortSignal,
): Promise<RunResponse> {
  const failed = (message: string) => new RunResponse().setError(message);
  if (request.getAttachDebugger()) {
    return failed("this language host cannot attach a debugger; set nodeargs to --inspect-brk instead");
  }
  const info = request.getInfo();
  if (!info) return failed("the engine did not say which program to run");

  let command: string[];
  let options: RuntimeOptions;
  try {
    options = parseRuntimeOptions(info.getOptions());
    command = [...options.nodeArguments, locate("@pulumi/pulumi/cmd/run", info.getProgramDirectory())];
  } catch (error) {
    return failed((error as Error).message);
  }
  const flag = (name: string, value: string) => (value ? [`--${name}`, value] : []);
  command.push(
    ...flag("monitor", request.getMonitorAddress()),
    ...flag("engine", engineAddress),
    ...flag("organization", request.getOrganization()),
    ...flag("project", request.getProject()),
    ...flag("root-directory", info.getRootDirectory()),
    ...flag("stack", request.getStack()),
    ...flag("pwd", info.getProgramDirectory()),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    ...flag("parallel", `${request.getParallel()}`),
    info.getEntryPoint(),
    ...request.getArgsList(),
  );
  const program = spawn(process.execPath, command, {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      ...optionEnvironment(options),
      PULUMI_CONFIG: configuration(request),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
  });
  const ended = await untilEnd(program, signal);
  if (ended.error) {
    return failed(`Problem executing program (could not run language executor): ${ended.error.message}`);
  }
  if (ended.code === 0) return new RunResponse();
  if (ended.code === alreadyReported) return new RunResponse().setBail(true);
  return failed(`Program exited with non-zero exit code: ${ended.code}`);
}

/**
 * The path of a module of `@pulumi/pulumi`, as the program would find it.
 *
 * @throws Error when its dependencies are not installed.
 */
export function locate(module: string, programDirectory: string): string {
  try {
    return createRequire(join(programDirectory, "program.js")).resolve(module);
  } catch {
    throw new Error(
      `It looks like the Pulumi SDK has not been installed. Have you run npm install in ${programDirectory}?`,
    );
  }
}

/** The environment by which `@pulumi/pulumi` learns of runtime options. */
export function optionEnvironment(options: RuntimeOptions): Record<string, string> {
  return {
    ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
    ...(options.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig } : {}),
  };
}

/** The stack's configuration as JSON, keys in the form that every version of the SDK reads. */
function configuration(request: RunRequest): string {
  const entries = request.getConfigMap().toArray() as [string, string][];
  return JSON.stringify(
    Object.fromEntries(
      entries.map(([key, value]) => {
        const colon = key.indexOf(":");
        return [`${key.slice(0, colon)}:config:${key.slice(colon + 1)}`, value];
      }),
    ),
  );
}

/** Waits for a process to end; stops it, gently first, when `signal` aborts. */
export function untilEnd(child: ChildProcess, signal: AbortSignal): Promise<{ code: number; error?: Error }> {
  const stop = () => {
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGKILL"), stopGraceMilliseconds).unref();
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: 1, error }));
    child.once("close", (code) => {
      signal.removeEventListener("abort", stop);
      resolve({ code: code ?? 1 });
    });
  });
}
