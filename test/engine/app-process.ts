import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** An application, as it runs in a container. */
export interface AppProcess {
  /** `http://127.0.0.1:<port>` */
  url: string;
  stop(): void;
}

const fetchThroughProxy = pathToFileURL(join(__dirname, "fetch-through-proxy.mjs")).href;

/**
 * Runs a script that prints `listening on <port>`, with `PORT=0`.
 *
 * @param env the whole environment, besides PATH and HOME
 * @throws Error when it ends before it listens
 */
export async function startApp(script: string, env: Record<string, string>): Promise<AppProcess> {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, ["--import", fetchThroughProxy, script], {
    env: { PATH, HOME, ...env, PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const port = await new Promise<string>((resolve, reject) => {
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        printed += chunk;
        const [, found] = /listening on (\d+)/.exec(printed) ?? [];
        if (found !== undefined) resolve(found);
      });
    }
    child.once("close", () => reject(new Error(`${script} ended:\n${printed}`)));
  });
  return { url: `http://127.0.0.1:${port}`, stop: () => child.kill("SIGKILL") };
}
