import { execFile, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Report } from "./engine";

const run = promisify(execFile);

/** Where go.mod and go.sum pin everything that a build takes. */
export const goModule = join(__dirname, "go");

const cliPackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** The oldest Go that can build the CLI, as its module asks. */
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

/** Whether that version of Go can build the CLI. */
export function canBuild(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const [oldestMajor = 0, oldestMinor = 0] = oldestGo.split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * Builds the CLI from its public Go modules, in the versions that go.sum vouches for. The first time takes
 * minutes; what Go has compiled stays in its own cache, so that a build which was stopped goes on from there.
 *
 * @throws Error with the end of what Go printed.
 */
export async function buildCli(version: string, target: string, report: Report): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  let downloaded = 0;
  const packages = await go(["list", "-mod=readonly", "-deps", cliPackage], (line) => {
    if (line.startsWith("go: downloading")) {
      report({ step: "Downloading Pulumi's Go modules", done: ++downloaded });
    }
  });
  const total = packages.split("\n").filter(Boolean).length;
  const step = `Building Pulumi ${version} from its Go modules`;
  let done = 0;
  report({ step, done, total });
  const flags = ["-mod=readonly", "-v", "-ldflags", `-s -w -X ${versionVariable}=v${version}`];
  await go(["build", ...flags, "-o", target, cliPackage], (line) => {
    if (/^[\w.-]+(\/|$)/.test(line)) report({ step, done: Math.min(++done, total), total });
  });
  report({ step, done: total, total });
}

/** Runs Go in the pinned module; `onLine` sees what it says on stderr, the answer is its stdout. */
function go(argv: string[], onLine: (line: string) => void): Promise<string> {
  const child = spawn("go", argv, {
    cwd: goModule,
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
