import { join } from "node:path";
import type { Report } from "./engine";
import { buildGoProgram } from "./go-build";

/** Where go.mod and go.sum pin everything that a build of the CLI takes. */
export const goModule = join(__dirname, "go");

const versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/**
 * Builds the Pulumi CLI.
 *
 * @throws Error with the end of what Go printed.
 */
export const buildCli = (version: string, target: string, report: Report): Promise<void> =>
  buildGoProgram(
    {
      title: `Pulumi ${version}`,
      module: goModule,
      package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      linkerFlags: `-X ${versionVariable}=v${version}`,
    },
    target,
    report,
  );
