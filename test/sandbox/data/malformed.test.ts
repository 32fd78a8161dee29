import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, startClient, startTestSandbox, type TestSandbox } from "../harness";
import { azureOf } from "./azure";

let sandbox: TestSandbox;
let client: Client<typeof import("./https-client")>;
/** Somebody without any role, and somebody with all of them, by service. */
const nobody: Record<string, string> = {};
const owner: Record<string, string> = {};

const hosts = {
  vault: "kv-fuzz.vault.azure.net",
  blob: "stfuzz.blob.core.windows.net",
  queue: "stfuzz.queue.core.windows.net",
};
type ServiceName = keyof typeof hosts;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  const azure = azureOf(sandbox);
  const vault = azure.vault("kv-fuzz");
  const account = azure.storageAccount("stfuzz");
  azure.container("stfuzz", "box");
  azure.queue("stfuzz", "mail");
  const stranger = azure.identity("stranger");
  const all = azure.identity("all");
  azure.assign(all, "Key Vault Administrator", vault);
  azure.assign(all, "Storage Blob Data Owner", account);
  azure.assign(all, "Storage Queue Data Contributor", account);
  for (const name of Object.keys(hosts) as ServiceName[]) {
    const audience = name === "vault" ? "https://vault.azure.net" : "https://storage.azure.com";
    nobody[name] = await azure.token(stranger, audience);
    owner[name] = await azure.token(all, audience);
  }
  client = startClient(join(__dirname, "https-client.ts"), sandbox.networkEnv);
});

afterAll(async () => {
  client?.stop();
  await sandbox?.stop();
});

const send = (service: ServiceName, tokens: typeof nobody, method: string, path: string, more: object = {}) =>
  client.call("send", {
    method,
    url: `https://${hosts[service]}${path}`,
    headers: { authorization: `Bearer ${tokens[service]}`, "x-ms-version": "2024-11-04", ...more },
  });

const oddPaths = [
  "/",
  "//",
  "///box",
  "/%",
  "/%zz",
  "/%E0%A4%A",
  "/box/%00",
  "/box/..%2f..%2fother",
  "/box/../mail",
  "/BOX",
  "/b",
  `/box/${"a".repeat(8000)}`,
  "/$logs",
  "/box?restype=container&comp=nonsense",
  "/box?restype=container&comp=list&maxresults=-1",
  "/box?restype=container&comp=list&maxresults=abc&marker=%00",
  "/?comp=batch",
  "/box?restype=container&comp=batch",
  "/?comp=list&include=",
  "/box/blob?comp=block&blockid=%ff",
  "/box/blob?snapshot=never",
  "/mail/messages?numofmessages=-1",
  "/mail/messages?numofmessages=1e9&peekonly=maybe",
  "/mail/messages/none?popreceipt=",
  "/secrets?api-version=7.4&$skiptoken=%ff%fe",
  "/secrets/a/b/c/d?api-version=7.4",
  "/secrets/%2e%2e?api-version=7.4",
  "/deletedsecrets/x/recover/y?api-version=7.4",
];
const methods = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"];

/** "404 GET /path", for every odd path and method. */
const answersTo = async (service: ServiceName, tokens: typeof nobody): Promise<string[]> => {
  const answers: string[] = [];
  for (const path of oddPaths) {
    const results = await Promise.all(methods.map((method) => send(service, tokens, method, path)));
    answers.push(...results.map(({ status }, index) => `${status} ${methods[index]} ${path.slice(0, 80)}`));
  }
  return answers;
};

describe.each(Object.keys(hosts) as ServiceName[])("%s", (service) => {
  it("refuses whoever has no role, however the request is made", async () => {
    for (const answer of await answersTo(service, nobody)) expect(answer).toMatch(/^(4\d\d|501) /);
  });

  it("answers its owner with no internal error", async () => {
    const wrong = (await answersTo(service, owner)).filter((answer) => !/^(2\d\d|4\d\d|501) /.test(answer));
    expect(wrong).toEqual([]);
  });

  it("survives paths and headers of any kind", async () => {
    const text = fc.string({ maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...methods),
        fc.array(text, { maxLength: 4 }),
        text,
        async (method, parts, query) => {
          const path = `/${parts.map(encodeURIComponent).join("/")}?${encodeURIComponent(query)}`;
          const headers = {
            "x-ms-copy-source": encodeURIComponent(query),
            "x-ms-range": `bytes=${encodeURIComponent(query)}`,
            "x-ms-lease-id": encodeURIComponent(query),
          };
          const { status } = await send(service, nobody, method, path, headers);
          expect(status).toBeGreaterThanOrEqual(400);
        },
      ),
      { numRuns: 100, seed: 11 },
    );
  });
});

it("keeps every one of many concurrent writes", async () => {
  const path = "/secrets/busy?api-version=7.4";
  const writes = Array.from({ length: 300 }, (_, index) =>
    client.call("send", {
      method: "PUT",
      url: `https://${hosts.vault}${path}`,
      headers: { authorization: `Bearer ${owner.vault}` },
      body: JSON.stringify({ value: `${index}` }),
    }),
  );
  const statuses = (await Promise.all(writes)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
  let versions = 0;
  let next: string | null = `https://${hosts.vault}/secrets/busy/versions?api-version=7.4`;
  while (next !== null) {
    const { body } = await client.call("send", {
      method: "GET",
      url: next,
      headers: { authorization: `Bearer ${owner.vault}` },
    });
    const page: { value: unknown[]; nextLink: string | null } = JSON.parse(body);
    versions += page.value.length;
    next = page.nextLink;
  }
  expect(versions).toBe(300);
});
