import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  fromStruct,
  hasUnknowns,
  type PropertyMap,
  type PropertyValue,
  rewrapSecrets,
  Secret,
  toPlain,
  toStruct,
  unknownValue,
  unwrapSecrets,
} from "../../../sandbox/provider/values";

const key = fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== "__proto__");

const { value } = fc.letrec<{ value: PropertyValue; bare: PropertyValue; scalar: PropertyValue }>((tie) => ({
  scalar: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.constant(unknownValue),
  ),
  bare: fc.oneof(
    { depthSize: "small" },
    tie("scalar"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
  value: fc.oneof(
    { weight: 4, arbitrary: tie("bare") },
    { weight: 1, arbitrary: tie("bare").map((inner) => new Secret(inner)) },
  ),
}));
const map = fc.dictionary(key, value, { noNullPrototype: true }) as fc.Arbitrary<PropertyMap>;

test("unknowns and secrets survive the way to the engine and back", () => {
  fc.assert(
    fc.property(map, (properties) => {
      expect(fromStruct(toStruct(properties))).toStrictEqual(properties);
    }),
  );
});

test("unwrapping leaves no secret, and wrapping again restores every one", () => {
  fc.assert(
    fc.property(map, (properties) => {
      const bare = unwrapSecrets(properties);
      expect(inspect(bare, { depth: null })).not.toContain("[secret]");
      expect(hasUnknowns(bare)).toBe(hasUnknowns(properties));
      expect(unwrapSecrets(rewrapSecrets(bare, properties))).toStrictEqual(bare);
      for (const [name, member] of Object.entries(properties)) {
        if (member instanceof Secret) {
          expect((rewrapSecrets(bare, properties) as PropertyMap)[name]).toBeInstanceOf(Secret);
        }
      }
    }),
  );
});

test("a place that was secret in the model is secret in the result, and no other", () => {
  const model = { a: { b: new Secret("x"), c: 1 }, d: [new Secret(1), 2] };
  expect(rewrapSecrets({ a: { b: "y", c: 2, e: 3 }, d: [5, 6, 7] }, model)).toStrictEqual({
    a: { b: new Secret("y"), c: 2, e: 3 },
    d: [new Secret(5), 6, 7],
  });
});

test("nothing with an unknown in it is sent", () => {
  expect(() => toPlain({ a: { b: new Secret([unknownValue]) } })).toThrow("not known yet");
  expect(toPlain({ a: { b: new Secret([1]) } })).toStrictEqual({ a: { b: [1] } });
});

test("a secret prints and serialises as nothing but the fact that it is one", () => {
  const secret = { password: new Secret("hunter2") };
  expect(JSON.stringify(secret)).toBe('{"password":"[secret]"}');
  expect(inspect(secret)).not.toContain("hunter2");
  expect(inspect(new Error("x", { cause: secret }))).not.toContain("hunter2");
});

test("the engine's sentinels for every type of unknown are one unknown here", () => {
  const struct = toStruct({
    text: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    flag: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    object: "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
  });
  expect(fromStruct(struct)).toStrictEqual({ text: unknownValue, flag: unknownValue, object: unknownValue });
});

test("output values are read as what they hold", () => {
  const signature = "4dabf18193072939515e22adb298388d";
  const output = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
  const struct = toStruct({
    known: { [signature]: output, value: "a" },
    hidden: { [signature]: output, value: "b", secret: true },
    later: { [signature]: output },
  });
  expect(fromStruct(struct)).toStrictEqual({ known: "a", hidden: new Secret("b"), later: unknownValue });
});

test("assets and archives are refused", () => {
  const signature = "4dabf18193072939515e22adb298388d";
  for (const kind of ["c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"]) {
    expect(() => fromStruct(toStruct({ file: { [signature]: kind, path: "a" } }))).toThrow("not supported");
  }
});
