import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { version as sdkVersion } from "@pulumi/pulumi/version";

const run = promisify(execFile);

/** The version that the engine should have: that of the installed `@pulumi/pulumi`. */
export const wantedVersion: string = sdkVersion;

/**
 * Whether a CLI of `version` serves an SDK of `wanted`: the same major version, and no older minor version.
 *
 * @see https://www.pulumi.com/docs/iac/download-install/versions/
 */
export function isSupported(version: string, wanted: string = wantedVersion): boolean {
  const [major, minor] = numbers(version);
  const [wantedMajor, wantedMinor] = numbers(wanted);
  return major === wantedMajor && minor >= wantedMinor;
}

function numbers(version: string): [number, number] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return [major, minor];
}

/** What a CLI says its version is, such as `3.246.0`, or undefined when it cannot be run. */
export async function versionOf(cli: string): Promise<string | undefined> {
  const environment = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  try {
    const { stdout } = await run(cli, ["version"], { env: environment, timeout: 30_000 });
    return /^v?(\d+\.\d+\.\d+\S*)/m.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
