import type { PlainObject, PropertyMap } from "../values";
import type { GraphClient } from "./graph-client";

/** A resource type of the azuread package, in terms of Microsoft Graph. */
export interface AzureAdType {
  /** "azuread:index/application:Application" */
  token: string;
  /** What a program can give; anything else is refused rather than ignored. */
  inputs: readonly string[];
  required: readonly string[];
  /** What the inputs are where the program does not say. */
  defaults: PropertyMap;
  /** A change of these means a new resource. */
  replaceOn: readonly string[];
  /** Outputs that are not known before the resource exists. */
  computed: readonly string[];
  /** Answers with the resource's id. */
  create(inputs: PlainObject, graph: GraphClient): Promise<string>;
  /** All properties, without those that are not set; undefined when the resource is gone. */
  read(id: string, graph: GraphClient): Promise<PlainObject | undefined>;
  update(id: string, inputs: PlainObject, graph: GraphClient): Promise<void>;
  delete(id: string, graph: GraphClient): Promise<void>;
}

/** `object` without the members that are null or undefined. */
export function present(object: Record<string, PlainObject[string] | undefined>): PlainObject {
  return Object.fromEntries(
    Object.entries(object).filter(
      (entry): entry is [string, PlainObject[string]] => entry[1] !== undefined && entry[1] !== null,
    ),
  );
}

/**
 * The parts of an id after their names: `/applications/{a}/appRoles/{b}` gives [a, b].
 *
 * @param names the collections: ["applications", "appRoles"]
 * @throws Error when the id has another form
 */
export function parseId(id: string, ...names: string[]): string[] {
  const parts = id.replace(/^\//, "").split("/");
  const fits = parts.length === names.length * 2 && names.every((name, index) => parts[index * 2] === name);
  if (!fits) {
    throw new Error(`'${id}' is no id of the form ${names.map((name) => `/${name}/{id}`).join("")}.`);
  }
  return parts.filter((_, index) => index % 2 === 1);
}

/** The path in Graph of the application that an id names. */
export const applicationPath = (applicationId: string): string =>
  `/applications/${parseId(applicationId, "applications")[0]}`;
