import { execFile, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Report } from "./engine";

const run = promisify(execFile);

/** The oldest Go that can build what is built here, as the modules ask. */
export const oldestGo = "1.25";

/** The version of Go on this machine, such as `1.26.8`, or undefined when there is none. */
export async function goVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run("go", ["env", "GOVERSION"], { cwd: "/" });
    return /^go(\d+\.\d+\S*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** Whether that version of Go is new enough. */
export function canBuild(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const [oldestMajor = 0, oldestMinor = 0] = oldestGo.split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** A program, and the module of ours that pins everything its build takes. */
export interface GoProgram {
  /** As progress names it: "Pulumi 3.246.0". */
  title: string;
  /** The directory of the go.mod and the go.sum. */
  module: string;
  /** Import path of its main package. */
  package: string;
  /** What the linker is told besides leaving out what only debuggers read. @default nothing */
  linkerFlags?: string;
}

/**
 * Builds a program from its public Go modules, in the versions that go.sum vouches for. The first time takes
 * minutes; what Go has compiled stays in its own cache, so that a build which was stopped goes on from there.
 *
 * @throws Error with the end of what Go printed.
 */
export async function buildGoProgram(program: GoProgram, target: string, report: Report): Promise<void> {
  const { title, module } = program;
  await mkdir(dirname(target), { recursive: true });
  let downloaded = 0;
  const packages = await go(module, ["list", "-mod=readonly", "-deps", program.package], (line) => {
    if (line.startsWith("go: downloading")) {
      report({ step: `Downloading the Go modules of ${title}`, done: ++downloaded });
    }
  });
  const total = packages.split("\n").filter(Boolean).length;
  const step = `Building ${title} from its Go modules`;
  let done = 0;
  report({ step, done, total });
  const linkerFlags = ["-s -w", program.linkerFlags].filter(Boolean).join(" ");
  const flags = ["-mod=readonly", "-v", "-ldflags", linkerFlags];
  await go(module, ["build", ...flags, "-o", target, program.package], (line) => {
    if (/^[\w.-]+(\/|$)/.test(line)) report({ step, done: Math.min(++done, total), total });
  });
  report({ step, done: total, total });
}

/** Runs Go in a pinned module; `onLine` sees what it says on stderr, the answer is its stdout. */
function go(module: string, argv: string[], onLine: (line: string) => void): Promise<string> {
  const child = spawn("go", argv, {
    cwd: module,
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let answer = "";
  const lastLines: string[] = [];
  child.stdout.on("data", (chunk) => {
    answer += chunk;
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    onLine(line);
    lastLines.push(line);
    if (lastLines.length > 5) lastLines.shift();
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(answer);
      else reject(new Error(`go ${argv[0]} ended with ${code}: ${lastLines.join("\n")}`));
    });
  });
}
