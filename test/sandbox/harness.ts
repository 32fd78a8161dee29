import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningSandbox, type SandboxArgs, startSandbox } from "../../sandbox/core/sandbox";

/** A sandbox with a store of its own, on a free port. */
export interface TestSandbox extends RunningSandbox {
  readonly directory: string;
  /** Stops it and removes its store. */
  stop(): Promise<void>;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "keyless-test-"));
}

/** Starts a fresh sandbox in this process. Stop it in `afterAll`. */
export async function startTestSandbox(args: Omit<SandboxArgs, "directory"> = {}): Promise<TestSandbox> {
  const directory = temporaryDirectory();
  const sandbox = await startSandbox({ directory, ...args });
  return {
    ...sandbox,
    directory,
    stop: async () => {
      await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The functions that a client module exports: plain data in, a promise of plain data out. */
type ClientModule = Record<string, (...args: any[]) => unknown>;

/** A process that sees the sandbox as Azure, in which the vendor's SDKs run unchanged. */
export interface Client<Module extends ClientModule> {
  /** Calls an exported function of the module in that process. @throws ClientFailure with what it threw */
  call<Name extends keyof Module & string>(
    name: Name,
    ...args: Parameters<Module[Name]>
  ): Promise<Awaited<ReturnType<Module[Name]>>>;
  stop(): void;
}

/** What a function threw in the client's process, as far as it is plain data. */
export class ClientFailure extends Error {
  readonly statusCode?: number;
  readonly code?: string;
  /** The response's body, where the SDK's error has one. */
  readonly body?: unknown;

  constructor(failure: {
    name: string;
    message: string;
    statusCode?: number;
    code?: string;
    body?: unknown;
  }) {
    super(failure.message);
    this.name = failure.name;
    Object.assign(this, failure);
  }
}

/**
 * Starts one process that runs the module at `modulePath`; every call is made in it, so its start is paid once.
 *
 * @param env the whole environment, besides PATH and HOME: `sandbox.env` for the deployer, `sandbox.networkEnv` and
 * a workload's own variables for a workload
 * @example
 * const client = startClient<typeof import("./vault-client")>(join(__dirname, "vault-client.ts"), sandbox.env);
 * await client.call("setSecret", { vault: "v", name: "n", value: "x" });
 */
export function startClient<Module extends ClientModule>(
  modulePath: string,
  env: Readonly<Record<string, string>>,
): Client<Module> {
  const { PATH = "", HOME = "" } = process.env;
  const child = fork(join(__dirname, "client-runner.ts"), [modulePath], {
    env: { PATH, HOME, ...env },
    execArgv: ["--require", require.resolve("sucrase/register/ts")],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return connectTo(child);
}

interface Answer {
  id: number;
  result?: unknown;
  failure?: ConstructorParameters<typeof ClientFailure>[0];
}

function connectTo<Module extends ClientModule>(child: ChildProcess): Client<Module> {
  const waiting = new Map<number, { resolve(result: never): void; reject(error: Error): void }>();
  let calls = 0;
  child.on("message", ({ id, result, failure }: Answer) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (failure) call?.reject(new ClientFailure(failure));
    else call?.resolve(result as never);
  });
  child.on("exit", (code, signal) => {
    for (const call of waiting.values()) call.reject(new Error(`The client ended with ${signal ?? code}.`));
    waiting.clear();
  });
  return {
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        calls += 1;
        waiting.set(calls, { resolve, reject });
        child.send({ id: calls, name, args }, (error) => error && reject(error));
      }),
    stop: () => child.kill("SIGKILL"),
  };
}
