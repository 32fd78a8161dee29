/**
 * How a resource type of @pulumi/azure-native is written in ARM. Names are the SDK's unless said otherwise; a
 * path names members inside out of objects and arrays: `networkAcls.ipRules[].value`.
 */
export interface ResourceType {
  /** "azure-native:storage:StorageAccount" */
  token: string;
  /** The ARM id with the inputs that it is made of in braces. */
  path: string;
  apiVersion: string;
  inputs: BodyMembers;
  /** What is only known from ARM's answer, besides `name` and `type`. */
  outputs: BodyMembers;
  /** Inputs without which nothing can be created, besides those in the path. @default none */
  required?: readonly string[];
  /** Inputs that ARM never answers with. @default none */
  writeOnly?: readonly string[];
  /** What the SDK calls the member at a path of ARM's body. @default the same */
  renamed?: Readonly<Record<string, string>>;
  /** Paths in ARM's body of objects that the SDK takes as a list of their keys. @default none */
  keySets?: readonly string[];
  /** Paths inside inputs at which only ARM writes. @default none */
  computed?: readonly string[];
  /** Paths whose change means a new resource, besides the inputs in the path. @default none */
  replaceOn?: readonly string[];
  /**
   * How a resource without a name is called: its name in the program with eight hexadecimal digits after it, a
   * UUID, the name in the program, or always the same.
   */
  naming: "random" | "uuid" | "copy" | { always: string };
  /** Exists with its parent, so that creating it means changing it and deleting it means putting it back. */
  singleton?: boolean;
  /** Exists with its parent and can be created as long as its properties are these. */
  untouched?: Readonly<Record<string, unknown>>;
  /** Lists in ARM's properties that other resources may fill: kept as they are when the inputs leave them out. */
  maintained?: readonly string[];
  /** Where it is deleted. @default ARM */
  deletedThrough?: "keyVault";
}

/** Which members stand at the top of ARM's body and which under `properties`. */
export interface BodyMembers {
  envelope?: readonly string[];
  properties?: readonly string[];
}

/** Splits a list of names: keeps the tables readable. */
export const names = (list: string): readonly string[] => list.trim().split(/\s+/);

/** The id of something in a resource group, up to its provider's namespace. */
export const inResourceGroup = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers";

const parameterPattern = /\{(\w+)\}/g;

/** The inputs that a type's ARM id is made of, in order. */
export function pathInputs(type: Pick<ResourceType, "path">): string[] {
  return [...type.path.matchAll(parameterPattern)]
    .map((match) => match[1]!)
    .filter((name) => name !== "subscriptionId");
}

/** The input that names the resource itself: the last one in the path. */
export function nameInput(type: Pick<ResourceType, "path">): string {
  return pathInputs(type).at(-1)!;
}

/** The ARM id for inputs by name; a scope may be an ARM id itself. @throws Error when one is missing or no string */
export function armId(
  path: string,
  subscriptionId: string,
  inputs: Readonly<Record<string, unknown>>,
): string {
  return path.replace(parameterPattern, (_, name: string) => {
    const value = name === "subscriptionId" ? subscriptionId : inputs[name];
    if (typeof value !== "string" || value === "") throw new Error(`'${name}' must be a non-empty string.`);
    return name === "scope" ? value.replace(/^\/+|\/+$/g, "") : encodeURIComponent(value);
  });
}

/** The inputs that an ARM id of this type is made of. @throws Error when the id is of another type */
export function parseArmId(type: Pick<ResourceType, "path" | "token">, id: string): Record<string, string> {
  const all = [...type.path.matchAll(parameterPattern)].map((match) => match[1]!);
  const pattern = type.path
    .split(parameterPattern)
    .map((part, index) =>
      index % 2 === 0 ? part.replaceAll(".", "\\.") : part === "scope" ? "(.+)" : "([^/]+)",
    )
    .join("");
  const match = new RegExp(`^${pattern}$`, "i").exec(id);
  if (match === null)
    throw new Error(`'${id}' is not the id of a ${type.token}: it must look like ${type.path}`);
  const found = all.map((name, index): [string, string] => {
    const value = match[index + 1]!;
    return [name, name === "scope" ? `/${value}` : decodeURIComponent(value)];
  });
  return Object.fromEntries(found.filter(([name]) => name !== "subscriptionId"));
}
