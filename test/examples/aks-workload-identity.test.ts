import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Registered, register } from "../components/mocks";

const example = join(__dirname, "../../examples/aks-workload-identity/index.ts");
const byHand = join(__dirname, "aks-workload-identity-by-hand.ts");

/** Lines with code on them. */
const linesOf = (file: string) =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => !/^\s*(\/\/.*|\/\*\*.*\*\/)?$/.test(line)).length;

/** How many resources of each type there are, and which roles are given, besides what only this library has. */
function resourcesOf(registered: Registered[]): string[] {
  return registered
    .filter(({ type }) => !/^azure-keyless:|^pulumi-nodejs:dynamic/.test(type))
    .map(({ type, inputs }) => `${type} ${inputs.roleDefinitionId?.split("/").at(-1) ?? ""}`.trim())
    .sort();
}

it("makes what a program without this library makes, in a third of the lines", async () => {
  const [ours, theirs] = [await register(() => import(example)), await register(() => import(byHand))].map(
    resourcesOf,
  );
  expect(ours!.length).toBeGreaterThan(25);
  expect(ours).toEqual(theirs);
  const [lines, linesByHand] = [example, byHand].map(linesOf) as [number, number];
  console.log(`${ours!.length} resources: ${lines} lines, and ${linesByHand} with the providers' own SDKs`);
  expect(lines * 3).toBeLessThanOrEqual(linesByHand);
});
