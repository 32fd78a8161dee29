import type { PlainObject, PlainValue } from "../values";
import type { ResourceType } from "./resource-type";

/** What differs between ARM and the SDK at one place of a body, and further in. */
interface Place {
  /** The SDK's name of this member. */
  sdkName?: string;
  /** ARM has an object here, the SDK a list of its keys. */
  keySet?: boolean;
  /** By ARM's names. */
  members: Map<string, Place>;
  armNames: Map<string, string>;
  /** What holds for every element of a list, or every member of an object with arbitrary keys. */
  each?: Place;
}

const emptyPlace = (): Place => ({ members: new Map(), armNames: new Map() });

function placeAt(root: Place, path: string): Place {
  let place = root;
  for (const step of path.split(".")) {
    const name = step.replace(/\[\]$/, "");
    const member = place.members.get(name) ?? emptyPlace();
    place.members.set(name, member);
    if (step === name) place = member;
    else {
      member.each ??= emptyPlace();
      place = member.each;
    }
  }
  return place;
}

const places = new WeakMap<ResourceType, Place>();

function placesOf(type: ResourceType): Place {
  let root = places.get(type);
  if (root !== undefined) return root;
  root = emptyPlace();
  for (const [path, sdkName] of Object.entries(type.renamed ?? {})) {
    placeAt(root, path).sdkName = sdkName;
    const parent = path.lastIndexOf(".");
    const container = parent < 0 ? root : placeAt(root, path.slice(0, parent));
    container.armNames.set(sdkName, path.slice(parent + 1));
  }
  for (const path of type.keySets ?? []) placeAt(root, path).keySet = true;
  places.set(type, root);
  return root;
}

const isObject = (value: PlainValue): value is PlainObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function toSdk(value: PlainValue, place: Place | undefined): PlainValue {
  if (Array.isArray(value))
    return value.filter((item) => item !== null).map((item) => toSdk(item, place?.each));
  if (!isObject(value)) return value;
  const named = Object.entries(value).flatMap(([armName, member]): [string, PlainValue][] => {
    if (member === null) return [];
    const memberPlace = place?.members.get(armName) ?? place?.each;
    return [[memberPlace?.sdkName ?? armName, toSdk(member, memberPlace)]];
  });
  return Object.fromEntries(named);
}

function toArm(value: PlainValue, place: Place | undefined): PlainValue {
  if (Array.isArray(value)) {
    if (place?.keySet === true) return Object.fromEntries(value.map((key) => [String(key), {}]));
    return value.map((item) => toArm(item, place?.each));
  }
  if (!isObject(value)) return value;
  const named = Object.entries(value).map(([sdkName, member]): [string, PlainValue] => {
    const armName = place?.armNames.get(sdkName) ?? sdkName;
    return [armName, toArm(member, place?.members.get(armName) ?? place?.each)];
  });
  return Object.fromEntries(named);
}

/**
 * An ARM body with the SDK's names, still nested as ARM nests it. Members that are null are left out, as
 * azure-native does.
 */
export function withSdkNames(type: ResourceType, body: PlainObject): PlainObject {
  return toSdk(body, placesOf(type)) as PlainObject;
}

/** A body nested as ARM nests it, with ARM's names. */
export function withArmNames(type: ResourceType, body: PlainObject): PlainObject {
  return toArm(body, placesOf(type)) as PlainObject;
}
