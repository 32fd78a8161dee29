import { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";
import fc from "fast-check";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { describe, expect, it } from "vitest";
import { parseRuntimeOptions, splitArguments } from "../../../sandbox/engine/runtime-options";

function options(values: Parameters<typeof Struct.fromJavaScript>[0]) {
  return new ProgramInfo().setOptions(Struct.fromJavaScript(values)).getOptions();
}

describe("parseRuntimeOptions", () => {
  it("has Pulumi's defaults", () => {
    expect(parseRuntimeOptions(undefined)).toEqual({
      typescript: true,
      nodeArguments: [],
      packageManager: "auto",
    });
  });

  it("reads every option", () => {
    const given = {
      typescript: false,
      nodeargs: "--require sucrase/register/ts",
      tsconfig: "t.json",
      packagemanager: "pnpm",
    };
    expect(parseRuntimeOptions(options(given))).toEqual({
      typescript: false,
      nodeArguments: ["--require", "sucrase/register/ts"],
      tsconfig: "t.json",
      packageManager: "pnpm",
    });
  });

  it.each([
    [{ typescript: "yes" }, "typescript option must be a boolean"],
    [{ nodeargs: 1 }, "nodeargs option must be a string"],
    [{ nodeargs: "'--require" }, "nodeargs option has an unclosed '"],
    [{ tsconfig: true }, "tsconfig option must be a string"],
    [{ packagemanager: "cargo" }, "packagemanager option must be one of auto, npm, yarn, pnpm, bun"],
  ])("rejects %j", (given, message) => {
    expect(() => parseRuntimeOptions(options(given))).toThrow(message);
  });
});

describe("splitArguments", () => {
  it.each([
    ["", []],
    ["  a   b ", ["a", "b"]],
    [`--title="a b" 'c "d"'`, ["--title=a b", `c "d"`]],
    [String.raw`a\ b "" c\\d`, ["a b", "", String.raw`c\d`]],
  ])("splits %j", (line, words) => {
    expect(splitArguments(line)).toEqual(words);
  });

  it("gives back any words that were quoted", () => {
    const quote = (word: string) => `'${word.replaceAll("'", `'"'"'`)}'`;
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitArguments(words.map(quote).join(" "))).toEqual(words);
      }),
    );
  });
});
