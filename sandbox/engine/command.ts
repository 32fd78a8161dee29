import { type Engine, usesOwnLanguageHost } from "./engine";
import { capturePulumi, type Environment } from "./run";
import { configureStack, prepareStack } from "./stack-config";
import { releaseDeadLocks } from "./stack-locks";

export interface CommandOptions {
  engine: Engine;
  /** Where the project's Pulumi.yaml is. */
  projectDirectory: string;
  /** As given to the CLI: `["stack", "export", "-s", "dev"]`. */
  args: readonly string[];
  /** The stack that is meant when the command names none and none is selected. */
  defaultStack: string;
  /** On top of this process's environment. @default {} */
  env?: Environment;
}

/** Commands that read a stack's configuration. */
const operations = wordSet("up update preview pre refresh destroy down dn import watch config logs");

/** Commands of `pulumi config` that change it: they are about the tracked file, as the user says. */
const configurationChanges = wordSet("set set-all rm rm-all cp refresh env");

/** Commands that are about the state of one stack. */
const stateCommands = wordSet("stack state cancel");

/** Commands of `pulumi stack` that are about no stack in particular, or about one that need not be there. */
const otherStackCommands = wordSet("ls select unselect tag");

/** Flags whose value may be a word of its own, and stand before a subcommand. */
const flagsWithValue = wordSet(
  "-s --stack -C --cwd --color -v --verbose --tracing --profiling --memprofilerate --otel-traces --config-file",
);

/** What a Pulumi command needs besides what the user wrote. */
export interface PreparedCommand {
  args: string[];
  env: Environment;
  /** What to tell the user once it has succeeded. */
  note?: string;
}

/**
 * Writing code for an imported resource takes a generator that only Pulumi's own language host has. The CLI would
 * import the resource, not be able to write code, and so fail.
 *
 * @see https://www.pulumi.com/docs/iac/cli/commands/pulumi_import/
 */
const withoutCode = {
  env: { PULUMI_OPTION_GENERATE_CODE: "false" },
  note:
    "No code was written for what was imported: that takes an installation of Pulumi on PATH. Declare it in the " +
    "program with the same type, name and inputs: `pulumi stack export` shows them, and `pulumi preview` what still " +
    "differs.",
};

/**
 * Says with which arguments and environment a Pulumi command runs in the sandbox, whatever the command, so that
 * it finds its stack there and leaves the tracked configuration alone, `pulumi config set` and its like excepted.
 *
 * @throws StackConfigError when the project or the stack's configuration cannot be read.
 */
export async function prepareCommand(options: CommandOptions): Promise<PreparedCommand> {
  const { engine, projectDirectory, defaultStack } = options;
  const args = [...options.args];
  const env = { ...options.env };
  const [command = "", subcommand = "", positional] = wordsOf(args);
  const onStack = stateCommands.has(command) && !otherStackCommands.has(subcommand);
  const elsewhere = flagValue(args, "-C", "--cwd") ?? flagValue(args, "--config-file");
  if (elsewhere || args.includes("--help") || !(operations.has(command) || onStack)) return { args, env };

  const creates = command === "stack" && (subcommand === "init" || subcommand === "new");
  const named = flagValue(args, "-s", "--stack") ?? (creates ? positional : undefined);
  // A qualified name may be of another project, whose configuration is not at hand.
  if (named?.includes("/") || (creates && !named)) return { args, env };
  const stack = named ?? process.env.PULUMI_STACK ?? (await selectedStack(options)) ?? defaultStack;
  const stackOptions = { engine, projectDirectory, stack, env };

  if (operations.has(command)) {
    const prepared = await prepareStack(stackOptions);
    const codeWanted = flagValue(args, "--generate-code") !== undefined;
    if (command === "import" && usesOwnLanguageHost(engine) && !codeWanted) {
      return { args, env: { ...prepared.env, ...withoutCode.env }, note: withoutCode.note };
    }
    const changesConfiguration = command === "config" && configurationChanges.has(subcommand);
    return { args, env: changesConfiguration ? { ...env, PULUMI_STACK: stack } : prepared.env };
  }
  const configured = await configureStack(stackOptions);
  const { directory: cwd, project } = configured;
  if (!creates) {
    await releaseDeadLocks({ engine, cwd, env: configured.env, project: project.name, stack });
  }
  const mayWriteConfiguration = command === "stack" && (creates || subcommand === "history");
  return { args: mayWriteConfiguration ? ["--cwd", cwd, ...args] : args, env: configured.env };
}

/** The stack that `pulumi stack select` chose, if any. */
async function selectedStack({ engine, projectDirectory, env }: CommandOptions): Promise<string | undefined> {
  const args = ["stack", "--show-name"];
  const name = await capturePulumi({ engine, cwd: projectDirectory, args, ...(env ? { env } : {}) }).catch(
    // The CLI fails when none is.
    () => "",
  );
  return name.trim() || undefined;
}

/** The words of a command line that are neither flags nor values of `flagsWithValue`. */
function wordsOf(args: readonly string[]): string[] {
  return args.filter((arg, index) => !arg.startsWith("-") && !flagsWithValue.has(args[index - 1] ?? ""));
}

/** The value of the first of these flags that is given, as a word of its own or attached. */
function flagValue(args: readonly string[], ...flags: string[]): string | undefined {
  for (const [index, arg] of args.entries()) {
    for (const flag of flags) {
      if (arg === flag) return args[index + 1];
      if (arg.startsWith(`${flag}=`)) return arg.slice(flag.length + 1);
      if (!flag.startsWith("--") && arg.startsWith(flag) && !arg.startsWith("--"))
        return arg.slice(flag.length);
    }
  }
  return undefined;
}

function wordSet(words: string): ReadonlySet<string> {
  return new Set(words.split(" "));
}
