import { Command } from "commander";
import { destroy } from "./commands/destroy";
import { preview } from "./commands/preview";
import { pulumi } from "./commands/pulumi";
import { sandbox } from "./commands/sandbox";
import { up } from "./commands/up";
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

program.parseAsync().catch((error: unknown) => {
  console.error(describeError(error));
  process.exitCode = 1;
});
