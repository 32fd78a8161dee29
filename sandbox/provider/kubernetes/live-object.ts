import {
  isMap,
  type PlainObject,
  type PropertyMap,
  type PropertyValue,
  rewrapSecrets,
  Secret,
  unwrapSecrets,
} from "../values";
import { annotation } from "./object-kind";

/** What only the API server writes. */
const serverMetadata = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
];

/** What this provider keeps beside an object. */
const internals = ["__fieldManager", "__initialApiVersion"];

/** An object as a resource's outputs: without who owns which field, and with secrets where the inputs have them. */
export function toOutputs(live: PlainObject, inputs: PropertyMap, kept: PropertyMap): PropertyMap {
  const { managedFields: _, ...metadata } = isMap(live.metadata) ? live.metadata : {};
  const object: PropertyMap = { ...live, metadata };
  if (live.kind === "Secret") {
    for (const field of ["data", "stringData"]) {
      const value = object[field] ?? inputs[field];
      if (value !== undefined) object[field] = value instanceof Secret ? value : new Secret(value);
    }
  }
  return { ...(rewrapSecrets(object, inputs) as PropertyMap), ...kept };
}

/** The inputs that would make the object as it is: for an import. */
export function inputsOf(live: PlainObject): PropertyMap {
  const { status: _, metadata, ...fields } = live;
  const own = Object.entries(isMap(metadata) ? metadata : {}).filter(
    ([name]) => !serverMetadata.includes(name),
  );
  const inputs: PropertyMap = { ...fields, metadata: Object.fromEntries(own) as PropertyMap };
  return live.kind === "Secret" && inputs.data !== undefined
    ? { ...inputs, data: new Secret(inputs.data) }
    : inputs;
}

/** The old inputs with the values that the object has now, so that drift shows where the program has a say. */
export function refreshedInputs(live: PlainObject, oldInputs: PropertyMap): PropertyMap {
  const plain = unwrapSecrets(oldInputs) as PropertyMap;
  const projected = project(live, plain) as PropertyMap;
  if (plain.stringData !== undefined) projected.stringData = decoded(live, plain.stringData);
  return rewrapSecrets(projected, oldInputs) as PropertyMap;
}

/** `live` at the places that `model` has. */
function project(live: PropertyValue | undefined, model: PropertyValue): PropertyValue {
  if (isMap(live) && isMap(model)) {
    const known = Object.keys(model).filter((key) => live[key] !== undefined);
    return Object.fromEntries(known.map((key) => [key, project(live[key], model[key]!)]));
  }
  if (Array.isArray(live) && Array.isArray(model)) return projectList(live, model);
  return live === undefined ? null : live;
}

const identities = ["name", "containerPort", "port", "mountPath", "key", "type"];

/** Items that a webhook or a default added to a list of named items are not the program's. */
function projectList(live: PropertyValue[], model: PropertyValue[]): PropertyValue[] {
  const identity = identities.find((key) =>
    [...live, ...model].every((item) => isMap(item) && item[key] !== undefined),
  );
  if (identity === undefined) {
    return live.map((item, index) => (model[index] === undefined ? item : project(item, model[index])));
  }
  const key = (item: PropertyValue) => (item as PropertyMap)[identity];
  return model.flatMap((wanted) => {
    const found = live.find((item) => key(item) === key(wanted));
    return found === undefined ? [] : [project(found, wanted)];
  });
}

/** A Secret's `stringData` as its `data` shows it. */
function decoded(live: PlainObject, model: PropertyValue): PropertyValue {
  const data = isMap(live.data) ? live.data : {};
  const keys = isMap(model) ? Object.keys(model).filter((key) => typeof data[key] === "string") : [];
  return Object.fromEntries(keys.map((key) => [key, Buffer.from(String(data[key]), "base64").toString()]));
}

/** What goes to the API server of a resource's inputs. */
export function toBody(plain: PlainObject): PlainObject {
  return Object.fromEntries(Object.entries(plain).filter(([key]) => !internals.includes(key)));
}

export const patchForced = (inputs: PropertyMap): boolean =>
  annotation(inputs, "pulumi.com/patchForce") === "true";
