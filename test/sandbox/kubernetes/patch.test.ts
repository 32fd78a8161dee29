import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../../../sandbox/kubernetes/object";
import { jsonPatch, mergePatch, strategicMergePatch } from "../../../sandbox/kubernetes/patch";
import { apply, type Manager, recordUpdate } from "../../../sandbox/kubernetes/server-side-apply";

describe("a strategic merge patch", () => {
  const containers = [
    { name: "a", image: "a:1", env: [{ name: "X", value: "1" }] },
    { name: "b", image: "b:1" },
  ];
  const spec = { spec: { containers, tolerations: [{ key: "t" }], type: "Recreate", rolling: {} } };
  it.each<[string, object, object]>([
    [
      "merges items by their key",
      { spec: { containers: [{ name: "a", env: [{ name: "Y", value: "2" }] }] } },
      {
        containers: [
          {
            ...containers[0],
            env: [
              { name: "X", value: "1" },
              { name: "Y", value: "2" },
            ],
          },
          containers[1],
        ],
      },
    ],
    [
      "deletes an item",
      { spec: { containers: [{ name: "a", $patch: "delete" }] } },
      { containers: [containers[1]] },
    ],
    [
      "replaces a list",
      { spec: { containers: [{ name: "c" }, { $patch: "replace" }] } },
      { containers: [{ name: "c" }] },
    ],
    [
      "replaces lists without keys",
      { spec: { tolerations: [{ key: "u" }] } },
      { tolerations: [{ key: "u" }] },
    ],
    [
      "keeps to an order",
      { spec: { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] } },
      { containers: [containers[1], containers[0]] },
    ],
    ["retains keys", { spec: { $retainKeys: ["type"], type: "RollingUpdate" } }, { type: "RollingUpdate" }],
  ])("%s", (_what, patch, expected) => {
    expect((strategicMergePatch(spec, patch) as typeof spec).spec).toMatchObject(expected);
  });

  it("retains nothing else than it says", () => {
    const patched = strategicMergePatch(spec, { spec: { $retainKeys: ["type"] } });
    expect(patched).toEqual({ spec: { type: "Recreate" } });
  });

  it("removes members of a plain list", () => {
    const patch = { metadata: { "$deleteFromPrimitiveList/finalizers": ["a"] } };
    expect(strategicMergePatch({ metadata: { finalizers: ["a", "b"] } }, patch)).toEqual({
      metadata: { finalizers: ["b"] },
    });
  });
});

describe("a JSON patch", () => {
  const document = { list: [1, 2], "a/b": { "c~d": 0 } };
  it.each<[string, object, object]>([
    ["appends", { op: "add", path: "/list/-", value: 3 }, { ...document, list: [1, 2, 3] }],
    ["inserts", { op: "add", path: "/list/0", value: 0 }, { ...document, list: [0, 1, 2] }],
    ["reads escapes", { op: "replace", path: "/a~1b/c~0d", value: 1 }, { ...document, "a/b": { "c~d": 1 } }],
    ["moves", { op: "move", from: "/list", path: "/other" }, { "a/b": { "c~d": 0 }, other: [1, 2] }],
    ["copies", { op: "copy", from: "/list/1", path: "/two" }, { ...document, two: 2 }],
    ["tests", { op: "test", path: "/list", value: [1, 2] }, document],
  ])("%s", (_what, operation, expected) => {
    expect(jsonPatch(document, [operation])).toEqual(expected);
  });

  it.each([
    [{ op: "remove", path: "/none" }],
    [{ op: "test", path: "/list", value: [] }],
    [{ op: "add", path: "/list/9", value: 0 }],
    [{ op: "replace", path: "/list/length", value: 0 }],
    [{ op: "explode", path: "/list" }],
    [{ path: 7 }],
    ["text"],
  ])("refuses %j", (operation) => {
    expect(() => jsonPatch(document, [operation])).toThrow();
  });

  it("never leaves the document's own objects", () => {
    jsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
    mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("server-side apply", () => {
  const manager = (name: string, more: Partial<Manager> = {}): Manager => ({
    name,
    operation: "Apply",
    time: "2026-01-01T00:00:00Z",
    ...more,
  });
  const object = (fields: Record<string, unknown> = {}): KubernetesObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "x" },
    ...fields,
  });
  const pod = (containers: object[]) => object({ spec: { template: { spec: { containers } } } });
  const containersOf = (of: KubernetesObject) =>
    (of.spec as { template: { spec: { containers: object[] } } }).template.spec.containers;

  it("merges containers by name, and takes out those that are applied no longer", () => {
    const first = apply(
      object(),
      pod([
        { name: "a", image: "a" },
        { name: "b", image: "b" },
      ]),
      manager("m"),
    );
    const defaulted = pod([
      { name: "a", image: "a", policy: "Always" },
      { name: "b", image: "b", policy: "Always" },
    ]);
    const live = { ...defaulted, metadata: first.metadata };
    expect(containersOf(apply(live, pod([{ name: "a", image: "a2" }]), manager("m")))).toEqual([
      { name: "a", image: "a2", policy: "Always" },
    ]);
  });

  it("leaves a field that another manager applies too", () => {
    const labelled = (labels: object) => object({ metadata: { name: "x", labels } });
    const both = apply(
      apply(object(), labelled({ a: "1" }), manager("m")),
      labelled({ a: "1" }),
      manager("n"),
    );
    const left = apply(both, labelled({}), manager("m"));
    expect(left.metadata.labels).toEqual({ a: "1" });
    expect(apply(left, labelled({}), manager("n")).metadata.labels).toEqual({});
  });

  it("treats a selector as one value", () => {
    const selector = (matchLabels: object) => object({ spec: { selector: { matchLabels } } });
    const first = apply(object(), selector({ a: "1" }), manager("m"));
    expect(apply(first, selector({ b: "1" }), manager("m")).spec).toEqual({
      selector: { matchLabels: { b: "1" } },
    });
  });

  it("gives a field to who updates it last", () => {
    const first = apply(object(), object({ spec: { replicas: 1 } }), manager("m"));
    const changed = recordUpdate(
      first,
      { ...first, spec: { replicas: 5 } },
      manager("hpa", { operation: "Update" }),
    );
    const again = object({ spec: { replicas: 1 } });
    expect(() => apply(changed, again, manager("m"))).toThrow('conflict with "hpa" using apps/v1');
    expect(apply(changed, again, manager("m", { force: true })).spec).toEqual({ replicas: 1 });
  });

  const value: fc.Memo<unknown> = fc.memo((depth) =>
    depth <= 1
      ? fc.constantFrom<unknown>("a", 1, true)
      : fc.oneof(value(1), fc.dictionary(fc.constantFrom("p", "q", "r"), value(depth - 1))),
  );
  const fields = fc.record({ spec: fc.dictionary(fc.constantFrom("a", "b", "c"), value(3)) });

  it("makes what one manager applies last the whole truth, and twice is once", () => {
    fc.assert(
      fc.property(fields, fields, (before, after) => {
        const live = apply(
          apply(object(), object(before), manager("m")),
          object(after),
          manager("m", { force: true }),
        );
        expect(prune(live.spec)).toEqual(prune(after.spec));
        expect(apply(live, object(after), manager("m"))).toEqual(live);
      }),
    );
  });

  /** Without empty objects, of which nobody is the owner. */
  function prune(of: unknown): unknown {
    if (typeof of !== "object" || of === null) return of;
    const left = Object.entries(of).flatMap(([key, inner]) => {
      const pruned = prune(inner);
      return pruned === undefined ? [] : [[key, pruned] as const];
    });
    return left.length > 0 ? Object.fromEntries(left) : undefined;
  }
});
