import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { mergeKubeconfigs, withoutContext } from "../../cli/kubeconfig";

const config = (name: string, server: string, user = `user-${name}`) =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server } }],
    contexts: [{ name, context: { cluster: name, user } }],
    users: [{ name: user, user: {} }],
    "current-context": name,
  });

describe("the kubeconfig of all stacks", () => {
  it("gains clusters, and has each once", () => {
    const both = mergeKubeconfigs(config("dev", "https://old"), config("prod", "https://prod"));
    const again = parse(mergeKubeconfigs(both, config("dev", "https://new")));
    expect(again.clusters).toEqual([
      { name: "prod", cluster: { server: "https://prod" } },
      { name: "dev", cluster: { server: "https://new" } },
    ]);
    expect(again.contexts).toHaveLength(2);
    expect(again["current-context"]).toBe("dev");
  });

  it("loses a cluster with what only it used", () => {
    const both = mergeKubeconfigs(config("dev", "https://dev", "me"), config("prod", "https://prod", "me"));
    const left = withoutContext(both, "prod");
    expect(parse(left as string)).toMatchObject({
      clusters: [{ name: "dev" }],
      contexts: [{ name: "dev" }],
      users: [{ name: "me" }],
      "current-context": "dev",
    });
    expect(withoutContext(left as string, "dev")).toBeUndefined();
  });
});
