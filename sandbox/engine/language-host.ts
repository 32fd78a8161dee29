/**
 * Pulumi's language host for Node.js: the engine starts it to run programs, policy packs and components.
 * Pulumi's own comes with its download; this one stands in for it beside a CLI built from Go modules, which
 * lacks it. It behaves as Pulumi's does, so that a project which runs here runs there.
 *
 * Started by the engine as `pulumi-language-nodejs [flags] <engine address>`; answers the port on stdout. It
 * starts at every run of the engine, so it loads no more than it needs.
 *
 * @see https://www.pulumi.com/docs/iac/concepts/how-pulumi-works/#language-hosts
 */
import { type handleUnaryCall, Server, ServerCredentials, type ServiceError, status } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as language from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { version } from "@pulumi/pulumi/version";
import { installDependencies, packageManagerVersion, programDependencies } from "./node-packages";
import { requiredPackages } from "./required-packages";
import { runPlugin } from "./run-plugin";
import { runProgram } from "./run-program";
import { parseRuntimeOptions } from "./runtime-options";

/** A gRPC message has no limit in Pulumi's own host; the largest that its SDK accepts is 400 MB. */
const maximumMessageBytes = 400 * 1024 * 1024;

/** Aborted when the engine cancels, ends or dies: whatever this host started ends with it. */
const ending = new AbortController();
let engineAddress = process.argv.slice(2).findLast((argument) => !argument.startsWith("-")) ?? "";

/** A unary method as an async function, cancelled when its caller goes away. */
function method<Request, Response>(
  answer: (request: Request, signal: AbortSignal) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const cancelled = new AbortController();
    call.on("cancelled", () => cancelled.abort());
    Promise.resolve()
      .then(() => answer(call.request, AbortSignal.any([cancelled.signal, ending.signal])))
      .then(
        (response) => callback(null, response),
        (error: Error) => callback(grpcError(error)),
      );
  };
}

function grpcError(error: Error): Partial<ServiceError> {
  return { code: status.UNKNOWN, message: error.message };
}

const methods = {
  handshake: method((request: language.LanguageHandshakeRequest) => {
    engineAddress = request.getEngineAddress();
    return new language.LanguageHandshakeResponse();
  }),

  getPluginInfo: method(() => new PluginInfo().setVersion(version)),

  getRequiredPackages: method(async (request: language.GetRequiredPackagesRequest) => {
    const directory = request.getInfo()?.getProgramDirectory() ?? ".";
    return new language.GetRequiredPackagesResponse().setPackagesList(await requiredPackages(directory));
  }),

  run: method((request: language.RunRequest, signal) => runProgram(request, engineAddress, signal)),

  runPlugin: (call: Parameters<typeof runPlugin>[0]) => {
    runPlugin(call, ending.signal).catch((error: Error) => call.destroy(error));
  },

  about: method((request: language.AboutRequest) => {
    const { packageManager } = parseRuntimeOptions(request.getInfo()?.getOptions());
    const answer = new language.AboutResponse().setExecutable(process.execPath).setVersion(process.version);
    const metadata = answer.getMetadataMap();
    const packageManagerInUse = packageManager === "auto" ? "npm" : packageManager;
    metadata.set("packagemanager", packageManagerInUse);
    metadata.set("packagemanagerVersion", packageManagerVersion(packageManagerInUse));
    return answer;
  }),

  getProgramDependencies: method(async (request: language.GetProgramDependenciesRequest) => {
    const directory = request.getInfo()?.getProgramDirectory() ?? ".";
    const dependencies = await programDependencies(directory, request.getTransitivedependencies());
    return new language.GetProgramDependenciesResponse().setDependenciesList(
      dependencies.map(({ name, version }) =>
        new language.DependencyInfo().setName(name).setVersion(version),
      ),
    );
  }),

  installDependencies: (call: Parameters<typeof installDependencies>[0]) => {
    installDependencies(call, ending.signal).catch((error: Error) => call.destroy(error));
  },

  runtimeOptionsPrompts: method(() => new language.RuntimeOptionsResponse()),

  template: method(() => new language.TemplateResponse()),

  cancel: method((empty) => {
    ending.abort();
    return empty;
  }),
};

/** Stops what runs, and lets this process end when the last of it has. */
function end(): void {
  ending.abort();
  server.forceShutdown();
  process.stdin.destroy();
}

const server = new Server({
  "grpc.max_receive_message_length": maximumMessageBytes,
  "grpc.max_send_message_length": maximumMessageBytes,
});
server.addService(LanguageRuntimeService, methods);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});

// The engine holds the other end of stdin: its end is how a killed engine is noticed.
process.stdin.on("end", end).on("error", end).resume();
process.once("SIGINT", end).once("SIGTERM", end);
