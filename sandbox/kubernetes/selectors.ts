import { at, isRecord, type KubernetesObject } from "./object";
import { badRequest } from "./status";

type Matcher = (object: KubernetesObject) => boolean;

/**
 * A label selector as in a query: `a=b,c!=d,e in (f,g),h,!i`.
 * @throws ApiError 400 when it cannot be read
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function labelSelector(text: string): Matcher {
  const requirements = text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(requirement);
  return (object) => requirements.every((holds) => holds(object.metadata.labels ?? {}));
}

function requirement(text: string): (labels: Record<string, string>) => boolean {
  const set = /^([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    return (labels) => (labels[key] !== undefined && values.includes(labels[key])) === (operator === "in");
  }
  const equality = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(text);
  if (equality) {
    const [, key = "", operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== "!=");
  }
  const existence = /^(!?)\s*([\w./-]+)$/.exec(text);
  if (existence) {
    const [, not, key = ""] = existence;
    return (labels) => (labels[key] !== undefined) === (not === "");
  }
  throw badRequest(`unable to parse requirement: found '${text}'`);
}

/** A field selector: `metadata.name=a,status.phase!=Running`. @throws ApiError 400 when it cannot be read */
export function fieldSelector(text: string): Matcher {
  const requirements = text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const found = /^\s*([\w.[\]]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
      if (!found) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
      const [, path = "", operator, value] = found;
      return { path: path.split("."), equal: operator !== "!=", value };
    });
  return (object) =>
    requirements.every(({ path, equal, value }) => (String(at(object, ...path) ?? "") === value) === equal);
}

/** A `LabelSelector` of a specification: `matchLabels` and `matchExpressions`; an empty one selects everything. */
export function matchesSelector(selector: unknown, labels: Record<string, string> = {}): boolean {
  if (!isRecord(selector)) return false;
  const equal = Object.entries(isRecord(selector.matchLabels) ? selector.matchLabels : {});
  const expressions = Array.isArray(selector.matchExpressions) ? selector.matchExpressions : [];
  return (
    equal.every(([key, value]) => labels[key] === value) &&
    expressions.filter(isRecord).every(({ key, operator, values }) => {
      const value = labels[String(key)];
      const listed = value !== undefined && Array.isArray(values) && values.includes(value);
      if (operator === "In") return listed;
      if (operator === "NotIn") return !listed;
      return (value !== undefined) === (operator === "Exists");
    })
  );
}
