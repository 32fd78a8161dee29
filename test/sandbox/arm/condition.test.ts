import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ConditionSubject, conditionHolds } from "../../../sandbox/arm/condition";
import {
  type Condition,
  ConditionInvalid,
  comparisons,
  parseCondition,
} from "../../../sandbox/arm/condition-parser";
import { builtInRoles } from "../../../sandbox/arm/role-definitions";

const containerName = "Microsoft.Storage/storageAccounts/blobServices/containers:name";
const blobPath = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path";
const blobRead = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";

const subject = (attributes: Record<string, string>, operation = blobRead): ConditionSubject => ({
  operation,
  attributes,
});

describe("a comparison", () => {
  const cases: [string, string, boolean][] = [
    ["StringEquals 'invoices'", "invoices", true],
    ["stringequals 'invoices'", "invoices", true],
    ["StringEquals 'invoices'", "Invoices", false],
    ["StringEqualsIgnoreCase 'INVOICES'", "Invoices", true],
    ["StringNotEquals 'invoices'", "logs", true],
    ["StringNotEquals 'invoices'", "invoices", false],
    ["StringNotEqualsIgnoreCase 'LOGS'", "logs", false],
    ["StringLike 'inv*'", "invoices", true],
    ["StringLike 'inv?ices'", "invoices", true],
    ["StringLike '*voi*es'", "invoices", true],
    ["StringLike 'inv'", "invoices", false],
    ["StringNotLike 'inv*'", "logs", true],
    ["StringLikeIgnoreCase 'INV*'", "invoices", true],
    ["StringStartsWith 'inv'", "invoices", true],
    ["StringNotStartsWith 'inv'", "invoices", false],
    ["StringStartsWithIgnoreCase 'INV'", "invoices", true],
    ["ForAnyOfAnyValues:StringEquals {'logs', 'invoices'}", "invoices", true],
    ["ForAnyOfAnyValues:StringEquals {'logs'}", "invoices", false],
    ["ForAnyOfAllValues:StringNotEquals {'logs', 'other'}", "invoices", true],
    ["ForAllOfAllValues:StringNotEquals {'logs', 'invoices'}", "invoices", false],
    ["NumericGreaterThan '9'", "10", true],
    ["NumericLessThanEquals 9", "10", false],
    ["DateTimeLessThan '2026-01-01T00:00:00Z'", "2025-12-31T23:59:59Z", true],
    ["BoolEquals true", "True", true],
    ["GuidNotEquals 8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "8E3AF657-A8FF-443C-A75C-2FE8C4BCB635", false],
    ["StringEquals 'it\\'s'", "it's", true],
  ];
  test.each(cases)("%s with %s: %s", (comparison, value, expected) => {
    expect(
      conditionHolds(`@Resource[${containerName}] ${comparison}`, subject({ [containerName]: value })),
    ).toBe(expected);
  });

  test.each(comparisons.filter((name) => name.includes("not")))(
    "%s does not hold for an attribute that is not there",
    (name) => {
      expect(conditionHolds(`@Resource[${containerName}] ${name} '1'`, subject({}))).toBe(false);
    },
  );

  test("compares one attribute with another", () => {
    const text = `@Request[${blobPath}] StringStartsWith @Principal[home]`;
    expect(conditionHolds(text, subject({ [blobPath]: "ann/a.txt", home: "ann/" }))).toBe(true);
    expect(conditionHolds(text, subject({ [blobPath]: "bob/a.txt", home: "ann/" }))).toBe(false);
    expect(conditionHolds(text, subject({ [blobPath]: "bob/a.txt" }))).toBe(false);
  });
});

describe("a condition", () => {
  const onlyInvoices = `
    (
      (
        !(ActionMatches{'${blobRead}'} AND NOT SubOperationMatches{'Blob.List'})
      )
      OR
      (
        @Resource[${containerName}] StringEquals 'invoices'
      )
    )`;

  test("limits one action and lets others through", () => {
    expect(conditionHolds(onlyInvoices, subject({ [containerName]: "invoices" }))).toBe(true);
    expect(conditionHolds(onlyInvoices, subject({ [containerName]: "logs" }))).toBe(false);
    expect(
      conditionHolds(onlyInvoices, subject({ [containerName]: "logs" }, blobRead.replace("read", "write"))),
    ).toBe(true);
    expect(
      conditionHolds(onlyInvoices, subject({ [containerName]: "logs", subOperation: "Blob.List" })),
    ).toBe(true);
  });

  test("finds attributes without regard to the case of their names", () => {
    expect(
      conditionHolds(
        `@Resource[${containerName.toUpperCase()}] StringEquals 'a'`,
        subject({ [containerName]: "a" }),
      ),
    ).toBe(true);
  });

  test("binds AND tighter than OR, and ! tightest", () => {
    const holds = (text: string) =>
      conditionHolds(
        text.replaceAll(/\bT\b/g, "Exists @Resource[yes]").replaceAll(/\bF\b/g, "Exists @Resource[no]"),
        subject({ yes: "1" }),
      );
    expect(holds("T OR F AND F")).toBe(true);
    expect(holds("(T OR F) AND F")).toBe(false);
    expect(holds("!F AND T")).toBe(true);
    expect(holds("!(F || T) && T")).toBe(false);
    expect(holds("NOT T OR T")).toBe(true);
  });

  test.each([
    "",
    "(",
    "()",
    "true",
    "@Resource[a]",
    "@Resource[a] StringEquals",
    "@Resource[a] StringEquals 'a' 'b'",
    "@Resource[a] StringIs 'a'",
    "@Nobody[a] StringEquals 'a'",
    "@Resource[a StringEquals 'a'",
    "@Resource[a] StringEquals {}",
    "@Resource[a] Sometimes:StringEquals {'a'}",
    "ActionMatches{}",
    "ActionMatches 'a'",
    "@Resource[a] StringEquals 'a",
    "@Resource[a] StringEquals 'a' AND",
    "constructor",
    `${"(".repeat(500)}@Resource[a] StringEquals 'a'${")".repeat(500)}`,
    `@Resource[a] StringEquals '${"a".repeat(9000)}'`,
  ])("is refused as %s", (text) => {
    expect(() => parseCondition(text)).toThrow(ConditionInvalid);
  });

  test("never fails otherwise, whatever the text", () => {
    const pieces = fc.constantFrom(
      "(",
      ")",
      "!",
      " AND ",
      " OR ",
      "{",
      "}",
      "'a'",
      ",",
      "@Resource[a]",
      " StringEquals ",
      "ActionMatches",
      "x",
      "\\",
      "'",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        try {
          parseCondition(parts.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(ConditionInvalid);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("of every built-in role can be read", () => {
    const texts = [...builtInRoles().values()].flatMap((role) =>
      role.permissions.flatMap(({ condition }) => condition ?? []),
    );
    expect(texts.length).toBeGreaterThan(10);
    for (const text of texts) expect(() => parseCondition(text)).not.toThrow();
  });

  test("lets the Key Vault Data Access Administrator give Key Vault roles only", () => {
    const role = [...builtInRoles().values()].find(
      ({ roleName }) => roleName === "Key Vault Data Access Administrator",
    );
    const text = role?.permissions[0]?.condition ?? "";
    const giving = (roleGuid: string) =>
      conditionHolds(
        text,
        subject(
          { "Microsoft.Authorization/roleAssignments:RoleDefinitionId": roleGuid },
          "Microsoft.Authorization/roleAssignments/write",
        ),
      );
    expect(giving("4633458b-17de-408a-b874-0445c86b69e6")).toBe(true);
    expect(giving("8e3af657-a8ff-443c-a75c-2fe8c4bcb635")).toBe(false);
  });
});

describe("any condition", () => {
  const attribute = fc.record({
    source: fc.constantFrom(
      "resource" as const,
      "request" as const,
      "principal" as const,
      "environment" as const,
    ),
    name: fc.stringMatching(/^[a-z][a-z./]{0,8}(:[a-z]{1,5})?$/),
  });
  const value = fc.string({ unit: "grapheme-ascii", maxLength: 8 });
  const leaf: fc.Arbitrary<Condition> = fc.oneof(
    fc.record({ kind: fc.constant("exists" as const), attribute }),
    fc.record({
      kind: fc.constantFrom("actionMatches" as const, "subOperationMatches" as const),
      patterns: fc.array(value, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant("compare" as const),
      left: attribute,
      operator: fc.record({
        name: fc.constantFrom(...comparisons),
        values: fc.constantFrom("any" as const, "all" as const),
      }),
      right: fc.oneof(attribute, fc.record({ values: fc.array(value, { minLength: 1, maxLength: 3 }) })),
    }),
  );
  const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.record({ kind: fc.constant("not" as const), of: tie("condition") }),
      fc.record({
        kind: fc.constantFrom("and" as const, "or" as const),
        left: tie("condition"),
        right: tie("condition"),
      }),
    ),
  }));

  const quote = (text: string) => `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
  const set = (values: string[]) => `{${values.map(quote).join(", ")}}`;
  function print(node: Condition): string {
    switch (node.kind) {
      case "and":
      case "or":
        return `(${print(node.left)}) ${node.kind.toUpperCase()} (${print(node.right)})`;
      case "not":
        return `!(${print(node.of)})`;
      case "exists":
        return `Exists @${node.attribute.source}[${node.attribute.name}]`;
      case "actionMatches":
      case "subOperationMatches":
        return `${node.kind}${set(node.patterns)}`;
      case "compare": {
        const right =
          "values" in node.right ? set(node.right.values) : `@${node.right.source}[${node.right.name}]`;
        const quantifier = node.operator.values === "all" ? "ForAnyOfAllValues" : "ForAnyOfAnyValues";
        return `@${node.left.source}[${node.left.name}] ${quantifier}:${node.operator.name} ${right}`;
      }
    }
  }

  test("is read back as it was written", () => {
    fc.assert(
      fc.property(condition, (tree) => {
        expect(parseCondition(print(tree))).toEqual(tree);
      }),
    );
  });

  test("is the opposite of its negation", () => {
    const attributes = fc.dictionary(fc.stringMatching(/^[a-z]{1,2}$/), value, { maxKeys: 4 });
    fc.assert(
      fc.property(condition, attributes, (tree, known) => {
        const of = subject(known);
        expect(conditionHolds(`!(${print(tree)})`, of)).toBe(!conditionHolds(print(tree), of));
      }),
    );
  });
});
