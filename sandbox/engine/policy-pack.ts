import type { ChildProcessByStdio } from "node:child_process";
import { createInterface } from "node:readline";
import { PassThrough, type Readable } from "node:stream";
import {
  Client,
  credentials,
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import {
  AnalyzerHandshakeResponse,
  AnalyzerStackConfigureRequest,
  AnalyzerStackConfigureResponse,
} from "@pulumi/pulumi/proto/analyzer_pb";
import { untilEnd } from "./run-program";

interface PolicyPackProcess {
  /** Starts the pack with this environment added to the plugin's own. */
  start(environment: Record<string, string>): ChildProcessByStdio<null, Readable, Readable>;
  output: { stdout(chunk: Uint8Array): void; stderr(chunk: Uint8Array): void };
  signal: AbortSignal;
}

/**
 * Runs a policy pack behind a proxy, and answers its exit code.
 *
 * A pack for Node.js reads project, stack and configuration from its environment when it starts, but the
 * engine tells them by a call afterwards. So this answers for the pack at first and starts it once it knows.
 */
export async function startPolicyPack({ start, output, signal }: PolicyPackProcess): Promise<number> {
  const configured = deferred<AnalyzerStackConfigureRequest | undefined>();
  const connected = deferred<Client>();
  // Nobody may be waiting yet when the pack fails to start; the exit code tells of it all the same.
  connected.promise.catch(() => undefined);
  const proxy = await serveAnalyzer(configured, connected.promise);
  try {
    output.stdout(Buffer.from(`${proxy.port}\n`));
    const cancelled = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const configuration = (await Promise.race([configured.promise, cancelled])) ?? undefined;
    if (signal.aborted) return 0;

    const pack = start(environmentOf(configuration));
    pack.stderr.on("data", output.stderr);
    const ended = untilEnd(pack, signal);
    ended.then(() => connected.reject(new Error("the policy pack ended before it could be reached")));
    connect(pack.stdout, output.stdout, configuration).then(connected.resolve, connected.reject);
    return (await ended).code;
  } finally {
    proxy.close();
    connected.promise.then((client) => client.close()).catch(() => undefined);
  }
}

interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle! };
}

/** Reads the port from the first line that the pack prints, and hands on the rest. */
async function connect(
  stdout: Readable,
  rest: (chunk: Uint8Array) => void,
  configuration: AnalyzerStackConfigureRequest | undefined,
): Promise<Client> {
  const copy = stdout.pipe(new PassThrough());
  const lines = createInterface({ input: copy });
  const port = await new Promise<string>((resolve) => {
    lines.once("line", resolve);
  });
  lines.on("line", (line) => rest(Buffer.from(`${line}\n`)));
  const client = new Client(`127.0.0.1:${port.trim()}`, credentials.createInsecure(), messageLimits);
  if (configuration) {
    const { path, requestSerialize, responseDeserialize } = AnalyzerService.configureStack;
    await new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, configuration, (error) => {
        if (error && error.code !== status.UNIMPLEMENTED) reject(error);
        else resolve();
      });
    });
  }
  return client;
}

const messageLimits = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** Serves the analyzer that the engine talks to: all but the two introductory calls goes on to the pack. */
async function serveAnalyzer(
  configured: Deferred<AnalyzerStackConfigureRequest | undefined>,
  pack: Promise<Client>,
): Promise<{ port: number; close(): void }> {
  const same = (bytes: Buffer) => bytes;
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const handlers: Record<string, handleUnaryCall<Buffer, Buffer>> = {};
  for (const [name, { path }] of Object.entries(AnalyzerService as unknown as ServiceDefinition)) {
    definition[name] = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    handlers[name] = (call, callback) => {
      // Without a stack, as when a pack is published, there is no configuration to wait for.
      configured.resolve(undefined);
      pack.then(
        (client) => {
          const sent = client.makeUnaryRequest(path, same, same, call.request, callback);
          call.on("cancelled", () => sent.cancel());
        },
        (error: Error) => callback({ code: status.UNAVAILABLE, message: error.message } as ServiceError),
      );
    };
  }
  handlers.handshake = (_call, callback) => {
    callback(null, Buffer.from(new AnalyzerHandshakeResponse().serializeBinary()));
  };
  handlers.configureStack = (call, callback) => {
    configured.resolve(AnalyzerStackConfigureRequest.deserializeBinary(call.request));
    callback(null, Buffer.from(new AnalyzerStackConfigureResponse().serializeBinary()));
  };
  const server = new Server(messageLimits);
  server.addService(definition, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    // Calls that wait for a pack that failed are answered before the server goes.
    close: () => {
      server.tryShutdown(() => undefined);
      setTimeout(() => server.forceShutdown(), 1_000).unref();
    },
  };
}

function environmentOf(configuration: AnalyzerStackConfigureRequest | undefined): Record<string, string> {
  if (!configuration) return {};
  return {
    PULUMI_NODEJS_ORGANIZATION: configuration.getOrganization(),
    PULUMI_NODEJS_PROJECT: configuration.getProject(),
    PULUMI_NODEJS_STACK: configuration.getStack(),
    PULUMI_NODEJS_DRY_RUN: `${configuration.getDryRun()}`,
    PULUMI_CONFIG: JSON.stringify(
      Object.fromEntries(configuration.getConfigMap().toArray() as [string, string][]),
    ),
  };
}
