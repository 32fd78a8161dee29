import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandomProvider } from "../../../sandbox/provider/random";
import { type PropertyMap, Secret, unknownValue } from "../../../sandbox/provider/values";
import { type ProviderClient, serveAndConnect } from "./provider-client";

let client: ProviderClient;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ client, stop } = await serveAndConnect(createRandomProvider()));
});
afterAll(() => stop());

const type = (name: string) => `random:index/random${name}:Random${name}`;

async function drawn(name: string, given: PropertyMap) {
  const { inputs, failures } = await client.check(type(name), "x", given);
  expect(failures).toEqual([]);
  return { inputs, ...(await client.create(type(name), inputs)) };
}

describe("RandomPassword", () => {
  test("is a secret with at least the minimum of each kind and nothing else", async () => {
    for (let round = 0; round < 20; round++) {
      const { id, outputs } = await drawn("Password", {
        length: 12,
        minLower: 2,
        minUpper: 2,
        minNumeric: 2,
        minSpecial: 2,
        overrideSpecial: "_%",
      });
      expect(id).toBe("none");
      expect(outputs.result).toBeInstanceOf(Secret);
      const password = (outputs.result as Secret).value as string;
      expect(password).toMatch(/^[A-Za-z0-9_%]{12}$/);
      for (const kind of [/[a-z]/g, /[A-Z]/g, /[0-9]/g, /[_%]/g]) {
        expect(password.match(kind)?.length).toBeGreaterThanOrEqual(2);
      }
    }
  });

  test("is another one each time", async () => {
    const [one, other] = await Promise.all([
      drawn("Password", { length: 32 }),
      drawn("Password", { length: 32 }),
    ]);
    expect((one.outputs.result as Secret).value).not.toBe((other.outputs.result as Secret).value);
  });

  test("is a secret in preview too", async () => {
    const { inputs } = await client.check(type("Password"), "x", { length: unknownValue });
    const { id, outputs } = await client.create(type("Password"), inputs, { preview: true });
    expect(id).toBe("");
    expect(outputs).toMatchObject({ length: unknownValue, result: new Secret(unknownValue) });
  });

  test.each<[PropertyMap, RegExp]>([
    [{}, /'length' must be an integer/],
    [{ length: 0 }, /'length' must be an integer/],
    [{ length: 3, minLower: 2, minUpper: 2 }, /at least 4/],
    [{ length: 3, lower: false, upper: false, numeric: false, special: false }, /must be true/],
  ])("refuses %j", async (inputs, reason) => {
    expect((await client.check(type("Password"), "x", inputs)).failures).toEqual([
      expect.stringMatching(reason),
    ]);
  });

  test("stays as it is until an input changes, and then is made anew", async () => {
    const { id, inputs, outputs } = await drawn("Password", { length: 16, keepers: { version: "1" } });
    expect(await client.read(type("Password"), id, { inputs, outputs })).toEqual({ id, inputs, outputs });
    expect((await client.diff(type("Password"), { oldInputs: inputs, inputs })).changes).toEqual({});
    const changed = { ...inputs, keepers: { version: "2" } };
    expect(await client.diff(type("Password"), { oldInputs: inputs, inputs: changed })).toMatchObject({
      changes: { "keepers.version": "UPDATE_REPLACE" },
      replaces: ["keepers"],
    });
  });
});

test("RandomString's id is its value", async () => {
  const { id, outputs } = await drawn("String", { length: 8, special: false, upper: false, numeric: false });
  expect(outputs.result).toMatch(/^[a-z]{8}$/);
  expect(id).toBe(outputs.result);
});

test("RandomId is the same bytes in every notation", async () => {
  const { id, outputs } = await drawn("Id", { byteLength: 4, prefix: "p-" });
  const hex = String(outputs.hex).slice(2);
  const bytes = Buffer.from(hex, "hex");
  expect(bytes.length).toBe(4);
  expect(outputs).toMatchObject({
    hex: `p-${hex}`,
    dec: `p-${Number.parseInt(hex, 16)}`,
    b64Std: `p-${bytes.toString("base64")}`,
    b64Url: `p-${bytes.toString("base64url")}`,
  });
  expect(id).toBe(bytes.toString("base64url"));
});

test("RandomUuid is a random UUID", async () => {
  const { id, outputs } = await drawn("Uuid", {});
  expect(outputs.result).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(id).toBe(outputs.result);
});

test("an unknown type is an error that names it", async () => {
  await expect(client.check(type("Pet"), "x", {})).rejects.toMatchObject({
    details: expect.stringContaining("RandomPet"),
  });
});
