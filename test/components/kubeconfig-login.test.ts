import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { readKubeconfig } from "../../components/propagation/kubeconfig-login";

const directory = mkdtempSync(join(tmpdir(), "keyless-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const kubeconfig = (user: object, current = "main") =>
  stringify({
    "current-context": current,
    contexts: [
      { name: "other", context: { cluster: "other", user: "other" } },
      { name: "main", context: { cluster: "main", user: "me" } },
    ],
    clusters: [
      { name: "other", cluster: { server: "https://other.example" } },
      {
        name: "main",
        cluster: {
          server: "https://main.example/",
          "certificate-authority-data": Buffer.from("PEM").toString("base64"),
        },
      },
    ],
    users: [
      { name: "other", user: {} },
      { name: "me", user },
    ],
  });

test("the current context's cluster and token are found", async () => {
  const login = readKubeconfig(kubeconfig({ token: "secret" }));
  expect(login).toMatchObject({ server: "https://main.example", certificateAuthority: "PEM" });
  expect(await login.headers()).toEqual({ authorization: "Bearer secret" });
});

test("a command is run once for all that ask while it runs, and after", async () => {
  const runs = join(directory, "runs");
  const program = `require("fs").appendFileSync(${JSON.stringify(runs)}, "x");
    const expirationTimestamp = new Date(Date.now() + 3600000).toISOString();
    console.log(JSON.stringify({ status: { token: "issued", expirationTimestamp } }));`;
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: process.execPath,
    args: ["-e", program],
  };
  const login = readKubeconfig(kubeconfig({ exec }));
  const together = await Promise.all([login.headers(), login.headers(), login.headers()]);
  for (const headers of [...together, await login.headers()]) {
    expect(headers).toEqual({ Authorization: "Bearer issued" });
  }
  expect(readFileSync(runs, "utf8")).toBe("x");
});

test("a command that fails is an error with what it said, and is run again by the next", async () => {
  const exec = {
    command: process.execPath,
    args: ["-e", `console.error("log in first"); process.exitCode = 1`],
  };
  const login = readKubeconfig(kubeconfig({ exec }));
  await expect(login.headers()).rejects.toThrow("log in first");
  await expect(login.headers()).rejects.toThrow("log in first");
});

test.each([["missing"], [""]])("a kubeconfig whose current context is '%s' is refused", (current) => {
  expect(() => readKubeconfig(kubeconfig({}, current))).toThrow("the kubeconfig has no current cluster");
});
