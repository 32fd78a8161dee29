import type { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";

/** What runs `install`; `auto` goes by the lock file. */
export type PackageManager = "auto" | "npm" | "yarn" | "pnpm" | "bun";

const packageManagers: readonly string[] = ["auto", "npm", "yarn", "pnpm", "bun"];

/**
 * `runtime.options` of a Pulumi.yaml.
 *
 * @see https://www.pulumi.com/docs/iac/concepts/projects/project-file/#runtime-options
 */
export interface RuntimeOptions {
  /** Whether `@pulumi/pulumi` registers ts-node. @default true */
  typescript: boolean;
  /** Path of the tsconfig.json that ts-node goes by. */
  tsconfig?: string;
  /** Arguments for node itself. @default [] */
  nodeArguments: string[];
  /** @default "auto" */
  packageManager: PackageManager;
}

/** @throws Error when an option has a type or value that Pulumi does not know. */
export function parseRuntimeOptions(options: ReturnType<ProgramInfo["getOptions"]>): RuntimeOptions {
  const given: Record<string, unknown> = options?.toJavaScript() ?? {};
  const typescript = given.typescript ?? true;
  if (typeof typescript !== "boolean") throw new Error("typescript option must be a boolean");
  const tsconfig = given.tsconfig;
  if (tsconfig !== undefined && typeof tsconfig !== "string") {
    throw new Error("tsconfig option must be a string");
  }
  const nodeargs = given.nodeargs ?? "";
  if (typeof nodeargs !== "string") throw new Error("nodeargs option must be a string");
  const packageManager = given.packagemanager ?? "auto";
  if (typeof packageManager !== "string" || !packageManagers.includes(packageManager)) {
    throw new Error(
      `packagemanager option must be one of ${packageManagers.join(", ")}, got ${JSON.stringify(packageManager)}`,
    );
  }
  return {
    typescript,
    ...(tsconfig ? { tsconfig } : {}),
    nodeArguments: splitArguments(nodeargs),
    packageManager: packageManager as PackageManager,
  };
}

/**
 * Splits a command line as a POSIX shell does, without expansions.
 *
 * @throws Error when a quote is not closed.
 */
export function splitArguments(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (character === "\\" && quote !== "'" && index + 1 < line.length) {
      word = (word ?? "") + line.charAt(++index);
    } else if (quote) {
      if (character === quote) quote = "";
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote) throw new Error(`nodeargs option has an unclosed ${quote}`);
  if (word !== undefined) words.push(word);
  return words;
}
