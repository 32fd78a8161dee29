import { spawn } from "node:child_process";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { type RunPluginRequest, RunPluginResponse } from "@pulumi/pulumi/proto/language_pb";
import { startPolicyPack } from "./policy-pack";
import { locate, optionEnvironment, untilEnd } from "./run-program";
import { parseRuntimeOptions } from "./runtime-options";

type Call = ServerWritableStream<RunPluginRequest, RunPluginResponse>;

/**
 * Runs a plugin written for Node.js — a component provider or a policy pack — until it ends or the engine
 * cancels, streaming what it prints and at last its exit code.
 *
 * @throws Error when it cannot be started.
 */
export async function runPlugin(call: Call, hostEnding: AbortSignal): Promise<void> {
  const request = call.request;
  if (request.getAttachDebugger()) throw new Error("this language host cannot attach a debugger");
  const directory = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const options = parseRuntimeOptions(request.getInfo()?.getOptions());
  const policyPack = request.getKind() === "analyzer";
  const runner = locate(
    policyPack ? "@pulumi/pulumi/cmd/run-policy-pack" : "@pulumi/pulumi/cmd/run-plugin",
    directory,
  );
  // As with Pulumi's own host, `nodeargs` come after the runner, and so do not reach node itself.
  const command = policyPack
    ? [runner, ...options.nodeArguments, ...request.getArgsList(), directory]
    : [runner, ...options.nodeArguments, directory, ...request.getArgsList()];

  const cancelled = new AbortController();
  call.on("cancelled", () => cancelled.abort());
  const signal = AbortSignal.any([cancelled.signal, hostEnding]);
  const output = {
    stdout: (chunk: Uint8Array) => call.write(new RunPluginResponse().setStdout(chunk)),
    stderr: (chunk: Uint8Array) => call.write(new RunPluginResponse().setStderr(chunk)),
  };
  const start = (environment: Record<string, string>) =>
    spawn(process.execPath, command, {
      cwd: policyPack ? directory : request.getPwd(),
      env: { ...parseEnvironment(request.getEnvList()), ...optionEnvironment(options), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });

  let exitCode: number;
  if (policyPack) {
    exitCode = await startPolicyPack({ start, output, signal });
  } else {
    const plugin = start({});
    plugin.stdout.on("data", output.stdout);
    plugin.stderr.on("data", output.stderr);
    const ended = await untilEnd(plugin, signal);
    if (ended.error) throw ended.error;
    exitCode = ended.code;
  }
  call.write(new RunPluginResponse().setExitcode(exitCode));
  call.end();
}

function parseEnvironment(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((entry) => {
      const equals = entry.indexOf("=");
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
