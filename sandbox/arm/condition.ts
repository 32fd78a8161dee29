import { matchesAction } from "./action-pattern";
import { type Attribute, type Condition, type Operator, parseCondition } from "./condition-parser";

/** What a condition is about: the operation, and what is known of the resource and the request. */
export interface ConditionSubject {
  operation: string;
  /** By attribute name without its source; names without regard to case. `subOperation` names the sub-operation. */
  attributes?: Record<string, string>;
}

type Compare = (attribute: string, value: string) => boolean;

/** `*` stands for any characters, `?` for one; in time proportional to the lengths' product at worst. */
const like: Compare = (attribute, pattern) => {
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let afterStar = 0;
  while (at < attribute.length) {
    if (pattern[inPattern] === "*") {
      star = inPattern++;
      afterStar = at;
    } else if (pattern[inPattern] === "?" || pattern[inPattern] === attribute[at]) {
      at++;
      inPattern++;
    } else if (star !== -1) {
      inPattern = star + 1;
      at = ++afterStar;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(inPattern));
};

const insensitively =
  (compare: Compare): Compare =>
  (attribute, value) =>
    compare(attribute.toLowerCase(), value.toLowerCase());

const equals: Compare = (attribute, value) => attribute === value;
const startsWith: Compare = (attribute, value) => attribute.startsWith(value);
const ordered =
  (toNumber: (text: string) => number, holds: (attribute: number, value: number) => boolean): Compare =>
  (attribute, value) =>
    holds(toNumber(attribute), toNumber(value));

function orderings(prefix: string, toNumber: (text: string) => number): [string, Compare][] {
  return [
    [`${prefix}equals`, ordered(toNumber, (a, b) => a === b)],
    [`${prefix}greaterthan`, ordered(toNumber, (a, b) => a > b)],
    [`${prefix}greaterthanequals`, ordered(toNumber, (a, b) => a >= b)],
    [`${prefix}lessthan`, ordered(toNumber, (a, b) => a < b)],
    [`${prefix}lessthanequals`, ordered(toNumber, (a, b) => a <= b)],
  ];
}

/** The comparisons that are not the negation of another. */
const positive = new Map<string, Compare>([
  ["stringequals", equals],
  ["stringequalsignorecase", insensitively(equals)],
  ["stringlike", like],
  ["stringlikeignorecase", insensitively(like)],
  ["stringmatches", like],
  ["stringstartswith", startsWith],
  ["stringstartswithignorecase", insensitively(startsWith)],
  ["guidequals", insensitively(equals)],
  ["boolequals", insensitively(equals)],
  ...orderings("numeric", Number),
  ...orderings("datetime", Date.parse),
]);

function comparison(name: string): Compare {
  const negated = /^(string|guid|bool|numeric|datetime)not/.exec(name);
  const compare = positive.get(negated ? name.replace(/not/, "") : name)!;
  return negated ? (attribute, value) => !compare(attribute, value) : compare;
}

function holds(operator: Operator, attribute: string, values: string[]): boolean {
  const compare = comparison(operator.name);
  const test = (value: string) => compare(attribute, value);
  return operator.values === "any" ? values.some(test) : values.every(test);
}

function evaluate(
  condition: Condition,
  subject: ConditionSubject,
  lookUp: (of: Attribute) => string | undefined,
): boolean {
  switch (condition.kind) {
    case "and":
      return evaluate(condition.left, subject, lookUp) && evaluate(condition.right, subject, lookUp);
    case "or":
      return evaluate(condition.left, subject, lookUp) || evaluate(condition.right, subject, lookUp);
    case "not":
      return !evaluate(condition.of, subject, lookUp);
    case "actionMatches":
      return condition.patterns.some((pattern) => matchesAction(pattern, subject.operation));
    case "subOperationMatches": {
      const subOperation = lookUp({ source: "request", name: "suboperation" });
      return (
        subOperation !== undefined &&
        condition.patterns.some((pattern) => matchesAction(pattern, subOperation))
      );
    }
    case "exists":
      return lookUp(condition.attribute) !== undefined;
    case "compare": {
      // An attribute that is not there satisfies no comparison, not even a negative one.
      const attribute = lookUp(condition.left);
      const { right } = condition;
      const other = "values" in right ? right.values : [lookUp(right)].filter((value) => value !== undefined);
      return attribute !== undefined && other.length > 0 && holds(condition.operator, attribute, other);
    }
  }
}

const parsed = new Map<string, Condition>();

/** Whether a condition's text holds for an operation. @throws ConditionInvalid when the text is none */
export function conditionHolds(text: string, subject: ConditionSubject): boolean {
  let condition = parsed.get(text);
  if (!condition) {
    condition = parseCondition(text);
    if (parsed.size >= 1000) parsed.clear();
    parsed.set(text, condition);
  }
  const attributes = new Map(
    Object.entries(subject.attributes ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return evaluate(condition, subject, ({ name }) => attributes.get(name));
}
