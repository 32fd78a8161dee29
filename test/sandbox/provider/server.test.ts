import { afterAll, beforeAll, expect, test } from "vitest";
import type { Provider, ProviderInstance } from "../../../sandbox/provider/provider";
import { type RunningProviders, startProviders } from "../../../sandbox/provider/server";
import { connectProvider, partialFailureOf } from "./provider-client";

const unused = () => {
  throw new Error("This is not asked for.");
};

/** Echoes what it was configured with. */
const echo: Provider = {
  name: "echo",
  version: "1.2.3",
  configure: async (config): Promise<ProviderInstance> => ({
    check: (args) => ({ inputs: { ...args.inputs, config, type: args.type, name: args.name }, failures: [] }),
    diff: unused,
    create: async () => {
      throw new Error("No room\nleft.");
    },
    read: unused,
    update: unused,
    delete: unused,
  }),
};

let providers: RunningProviders;
let port: number;
beforeAll(async () => {
  providers = await startProviders([echo, { ...echo, name: "other" }]);
  port = Number(/^echo:(\d+),other:\d+$/.exec(providers.debugProviders)?.[1]);
});
afterAll(() => providers.close());

test("a provider that was not configured says so", async () => {
  const fresh = await startProviders([echo]);
  const client = connectProvider(Number(fresh.debugProviders.split(":")[1]));
  await expect(client.check("echo:a:B", "x", {})).rejects.toMatchObject({
    details: "The provider has not been configured.",
  });
  client.close();
  await fresh.close();
});

test("a connection that lost its configuration is not given another's", async () => {
  const [one, other, lost] = [connectProvider(port), connectProvider(port), connectProvider(port)];
  await one.configure({ cluster: "a" });
  const again = connectProvider(port);
  expect((await again.check("echo:a:B", "x", {})).inputs.config).toEqual({ cluster: "a" });
  await other.configure({ cluster: "b" });
  expect((await one.check("echo:a:B", "x", {})).inputs.config).toEqual({ cluster: "a" });
  await expect(lost.check("echo:a:B", "x", {})).rejects.toMatchObject({
    details: expect.stringContaining("was lost"),
  });
  for (const client of [one, other, lost, again]) client.close();
});

test("a resource is named by its URN, without its parents' types", async () => {
  const client = connectProvider(port);
  await client.configure({});
  const { inputs } = await client.check("shop:index:Workload$echo:a:B", "orders::x", {});
  expect(inputs).toMatchObject({ type: "echo:a:B", name: "orders::x" });
  client.close();
});

test("an error reaches the engine with its message and no more", async () => {
  const client = connectProvider(port);
  await client.configure({});
  const error = await client.create("echo:a:B", {}).catch((thrown) => thrown);
  expect(error.details).toBe("No room\nleft.");
  expect(partialFailureOf(error)).toBeUndefined();
  client.close();
});

test("the schema of a provider without one is its name and version", async () => {
  const client = connectProvider(port);
  expect(await client.schema()).toEqual({ name: "echo", version: "1.2.3" });
  client.close();
});
