import { Command } from "commander";
import { destroy } from "./commands/destroy";
import { doctor } from "./commands/doctor";
import { preview } from "./commands/preview";
import { pulumi } from "./commands/pulumi";
import { sandbox } from "./commands/sandbox";
import { up } from "./commands/up";
import { verify } from "./commands/verify";
import { describeError } from "./errors";

const program = new Command("keyless")
  .description("A secretless environment on Azure; here on a local Azure, under the real Pulumi engine")
  .enablePositionalOptions()
  .showHelpAfterError();

const stackArgument = [
  "[stack]",
  "dev, staging, prod or another with a stacks/Pulumi.<stack>.yaml",
  "dev",
] as const;

program
  .command("up")
  .description("bring an environment up, and show who may do what in it")
  .argument(...stackArgument)
  .action(async (stack: string) => {
    process.exitCode = await up(stack);
  });
program
  .command("preview")
  .description("show what `up` would change")
  .argument(...stackArgument)
  .action(async (stack: string) => {
    process.exitCode = await preview(stack);
  });
program
  .command("destroy")
  .description("take an environment down")
  .argument(...stackArgument)
  .action(async (stack: string) => {
    process.exitCode = await destroy(stack);
  });
program
  .command("pulumi")
  .description("run any Pulumi command with the sandbox attached: pulumi stack export -s dev")
  .allowUnknownOption()
  .helpOption(false)
  .argument("[args...]", "what you would write after `pulumi`")
  .passThroughOptions()
  .action(async (args: string[]) => {
    process.exitCode = await pulumi(args);
  });
program
  .command("sandbox")
  .description("run the local Azure until Ctrl-C, for SDKs, kubectl and Pulumi")
  .option("--port <number>", "the port to listen on; any free one when absent", Number)
  .action(async (options: { port?: number }) => {
    process.exitCode = await sandbox(options);
  });

const stackOption = ["-s, --stack <stack>", "the deployed stack to look at", "dev"] as const;
const azureOption = [
  "--azure",
  "look at real Azure instead of the sandbox: with the pulumi on PATH and its backend, your az login, and kubelogin",
  false,
] as const;
const jsonOption = ["--json", "print a report for programs", false] as const;

program
  .command("verify")
  .description("become each workload: what it was granted works, and all else is refused")
  .argument("[workload...]", "the workloads to become; all when none is named")
  .option(...stackOption)
  .option(...jsonOption)
  .option(...azureOption)
  .addHelpText(
    "after",
    "\nNothing is changed by trying. Writing is tried on versions and blobs that do not exist, and settings are\n" +
      "only read. What network rules keep from this machine is listed as not shown. Exit code 1 on any surprise.",
  )
  .action(async (workloads: string[], options: { stack: string; json: boolean; azure: boolean }) => {
    process.exitCode = await verify({ ...options, workloads });
  });
program
  .command("doctor")
  .description("compare identities, credentials, roles and pods with what they should be; touches no data")
  .option(...stackOption)
  .option(...jsonOption)
  .option(...azureOption)
  .addHelpText("after", "\nExit code 1 when something keeps a workload from what it was granted.")
  .action(async (options: { stack: string; json: boolean; azure: boolean }) => {
    process.exitCode = await doctor(options);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(describeError(error));
  process.exitCode = 1;
});
