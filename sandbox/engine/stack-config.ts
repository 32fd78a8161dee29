import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Document, isMap, parse, parseDocument, visit } from "yaml";
import type { Engine } from "./engine";
import { forgetPendingOperations } from "./pending-operations";
import { capturePulumi, type Environment } from "./run";
import { replace } from "./shims";
import { releaseDeadLocks } from "./stack-locks";

export interface StackOptions {
  engine: Engine;
  /** Where the project's Pulumi.yaml is. */
  projectDirectory: string;
  /** A plain name, such as `dev`. */
  stack: string;
  /** On top of this process's environment. @default {} */
  env?: Environment;
}

export interface PreparedStack {
  /** For `up`, `preview`, `refresh`, `destroy`, `import` and whatever else takes a stack. */
  args: string[];
  env: Environment;
  /** The file of the stack's state. */
  state: string;
}

/** A stack's configuration or state that the sandbox cannot use; the message says why and what helps. */
export class StackConfigError extends Error {
  override readonly name = "StackConfigError";
}

/**
 * Makes a stack ready for the CLI: there in the sandbox's state, with its configuration, and free of what a
 * process that was killed left behind: its lock, and operations that it did not finish. Can be run again at any time.
 *
 * The CLI keeps the salt of a stack's secrets in the stack's configuration file. So it is given a copy of the
 * tracked file, made anew each time, and a random passphrase of the sandbox's own; no other provider of secrets
 * is asked, and the tracked file is never written. Only a file that holds encrypted values is used as it is,
 * with the secrets settings that it names: the passphrase or key is then the user's to give.
 *
 * @throws StackConfigError when the project or its configuration cannot be read.
 * @see https://www.pulumi.com/docs/iac/concepts/secrets/
 */
export async function prepareStack(options: StackOptions): Promise<PreparedStack> {
  const { engine, projectDirectory, stack } = options;
  const { project, env, directory, state } = await configureStack(options);
  if (!existsSync(state)) {
    await assertMeant(projectDirectory, project, stack);
    await capturePulumi({ engine, cwd: directory, env, args: ["stack", "init", stack, "--no-select"] }).catch(
      (error: Error) => {
        // Another command may have been faster.
        if (!existsSync(state)) throw error;
      },
    );
  }
  const free = await releaseDeadLocks({ engine, cwd: directory, env, project: project.name, stack });
  // While it is locked, what is begun is being done.
  if (free) await forgetPendingOperations({ engine, cwd: directory, env, stack, state });
  return { args: ["--stack", stack], env, state };
}

export interface ConfiguredStack {
  project: Project;
  env: Environment;
  /** Where a command can run that may write the stack's configuration: it is no tracked file there. */
  directory: string;
  /** The file of the stack's state, whether it is there or not. */
  state: string;
}

/**
 * Does all of `prepareStack` but for making the stack and freeing it.
 *
 * @throws StackConfigError as `prepareStack` does.
 */
export async function configureStack(options: StackOptions): Promise<ConfiguredStack> {
  const { engine, projectDirectory, stack } = options;
  if (!/^[\w.-]{1,100}$/.test(stack)) {
    throw new StackConfigError(
      `A stack's name must be 1 to 100 letters, digits, '.', '_' and '-', got ${JSON.stringify(stack)}.`,
    );
  }
  const project = await readProject(projectDirectory);
  const shadow = join(engine.home, "stacks", project.name);
  const tracked = join(projectDirectory, project.stackConfigDir, `Pulumi.${stack}.yaml`);
  const copy = join(shadow, `Pulumi.${stack}.yaml`);
  const state = join(engine.home, "state", ".pulumi", "stacks", project.name, `${stack}.json`);
  const configuration = await readConfiguration(tracked);
  const ownSecrets = !hasEncryptedValue(configuration);
  if (ownSecrets) {
    await writeShadowProject(shadow, project.name);
    await writeCopy(configuration, copy);
  } else {
    await assertNotOwn(state, copy, tracked);
  }
  const env: Environment = {
    ...options.env,
    PULUMI_STACK: stack,
    PULUMI_OPTION_CONFIG_FILE: ownSecrets ? copy : tracked,
    // `stack rm` takes the configuration along otherwise.
    PULUMI_OPTION_PRESERVE_CONFIG: "true",
    ...(ownSecrets ? await passphrase(engine) : {}),
  };
  return { project, env, directory: ownSecrets ? shadow : projectDirectory, state };
}

/** A project of the same name in which the CLI can create a stack without writing into the real one. */
async function writeShadowProject(directory: string, name: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await replace(join(directory, "Pulumi.yaml"), (file) =>
    writeFile(file, `name: ${JSON.stringify(name)}\nruntime: nodejs\n`),
  );
}

/** What matters here of a Pulumi.yaml. */
export interface Project {
  name: string;
  /** Where the stacks' configuration is, relative to the project; empty for beside the Pulumi.yaml. */
  stackConfigDir: string;
}

/**
 * What a Pulumi.yaml says of the project's name and of where its stacks' configuration is.
 *
 * @throws StackConfigError when there is none, or it cannot be read.
 */
async function readProject(directory: string): Promise<Project> {
  const file = join(directory, "Pulumi.yaml");
  if (!existsSync(file)) throw new StackConfigError(`There is no Pulumi project in ${directory}.`);
  let content: { name?: unknown; stackConfigDir?: unknown } | null;
  try {
    content = parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new StackConfigError(`${file}: ${(error as Error).message}`);
  }
  const { name, stackConfigDir = "" } = content ?? {};
  if (typeof name !== "string" || typeof stackConfigDir !== "string") {
    throw new StackConfigError(`${file}: 'name' and 'stackConfigDir' must be strings.`);
  }
  return { name, stackConfigDir };
}

/** @throws StackConfigError when a project has configuration for stacks, but not for the one that is asked for. */
async function assertMeant(projectDirectory: string, project: Project, stack: string): Promise<void> {
  const directory = join(projectDirectory, project.stackConfigDir);
  const stacks = (await readdir(directory).catch(() => []))
    .map((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1])
    .filter((name) => name !== undefined);
  if (stacks.length === 0 || stacks.includes(stack)) return;
  throw new StackConfigError(
    `There is no stack '${stack}': ${directory} has a Pulumi.<stack>.yaml for ${stacks.sort().join(", ")}.`,
  );
}

/** @throws StackConfigError when it is no YAML mapping. */
async function readConfiguration(file: string): Promise<Document> {
  const document = parseDocument(existsSync(file) ? await readFile(file, "utf8") : "{}");
  const problem = document.errors[0]?.message;
  if (problem) throw new StackConfigError(`${file}: ${problem}`);
  if (document.contents === null) return parseDocument("{}");
  if (!isMap(document.contents)) throw new StackConfigError(`${file}: must be a mapping.`);
  return document;
}

/** Writes the copy of a configuration: the sandbox's salt, once the CLI has made one, for its secrets settings. */
async function writeCopy(configuration: Document, copy: string): Promise<void> {
  const existing = existsSync(copy) ? await readFile(copy, "utf8") : "";
  for (const key of ["secretsprovider", "encryptedkey", "encryptionsalt"]) configuration.delete(key);
  const salt = saltOf(existing);
  if (salt) configuration.set("encryptionsalt", salt);
  const content = configuration.toString();
  if (content !== existing) await replace(copy, (file) => writeFile(file, content, { mode: 0o600 }));
}

function saltOf(configuration: string): string | undefined {
  return /^encryptionsalt: *"?([^"\s]+)/m.exec(configuration)?.[1];
}

/** @throws StackConfigError when the state was made before the tracked file named secrets settings of its own. */
async function assertNotOwn(state: string, copy: string, tracked: string): Promise<void> {
  if (!existsSync(state) || !existsSync(copy)) return;
  const salt = saltOf(await readFile(copy, "utf8"));
  if (!salt || !(await readFile(state, "utf8")).includes(JSON.stringify(salt))) return;
  throw new StackConfigError(
    `${tracked} has encrypted values now, but the sandbox's state of this stack is protected by the sandbox's own ` +
      "passphrase. Take them out, destroy the stack in the sandbox and remove it (pulumi stack rm); then put them back.",
  );
}

/** Whether any value is `{ secure: … }`, which is how Pulumi writes encrypted ones. */
function hasEncryptedValue(document: Document): boolean {
  let found = false;
  const config = document.get("config");
  if (isMap(config)) {
    visit(config, {
      Map(_key, map) {
        if (map.items.length === 1 && map.has("secure")) {
          found = true;
          return visit.BREAK;
        }
        return undefined;
      },
    });
  }
  return found;
}

/** The sandbox's passphrase: random, made on first use, for the eyes of this user only. */
async function passphrase(engine: Engine): Promise<Environment> {
  const file = join(engine.home, "passphrase");
  if (!existsSync(file)) {
    const temporary = `${file}.${randomBytes(8).toString("hex")}`;
    await writeFile(temporary, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
    await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
      // Another command was faster: its passphrase it is.
      if (error.code !== "EEXIST") throw error;
    });
    await rm(temporary);
  }
  return { PULUMI_CONFIG_PASSPHRASE: undefined, PULUMI_CONFIG_PASSPHRASE_FILE: file };
}
