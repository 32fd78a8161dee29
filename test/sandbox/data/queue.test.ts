import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getResource } from "../../../sandbox/arm/resource";
import { type Client, startClient, startTestSandbox, type TestSandbox } from "../harness";
import { azureOf } from "./azure";

const account = "stqueues";
const audience = "https://storage.azure.com";

let sandbox: TestSandbox;
let azure: ReturnType<typeof azureOf>;
let https: Client<typeof import("./https-client")>;
let accountId: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  azure = azureOf(sandbox);
  accountId = azure.storageAccount(account);
  azure.queue(account, "mail");
  https = startClient(join(__dirname, "https-client.ts"), sandbox.networkEnv);
});

afterAll(async () => {
  https?.stop();
  await sandbox?.stop();
});

/** What an identity with these roles can send. */
async function callerWith(...roles: [name: string, scope: string][]) {
  const identity = azure.identity("caller");
  for (const [name, scope] of roles) azure.assign(identity, name, scope);
  const token = await azure.token(identity, audience);
  return async (method: string, path: string, message?: string) => {
    const { status, headers, body } = await https.call("send", {
      method,
      url: `https://${account}.queue.core.windows.net${path}`,
      headers: { authorization: `Bearer ${token}`, "x-ms-version": "2024-11-04" },
      ...(message === undefined
        ? {}
        : { body: `<QueueMessage><MessageText>${message}</MessageText></QueueMessage>` }),
    });
    return { status, code: headers["x-ms-error-code"], body };
  };
}

const denied = { status: 403, code: "AuthorizationPermissionMismatch" };
const queue = (name: string) => `${accountId}/queueServices/default/queues/${name}`;
const textOf = (body: string) => /<MessageText>(.*?)<\/MessageText>/.exec(body)?.[1];
const receiptOf = (body: string) => ({
  id: /<MessageId>(.*?)<\/MessageId>/.exec(body)?.[1],
  receipt: encodeURIComponent(/<PopReceipt>(.*?)<\/PopReceipt>/.exec(body)?.[1] ?? ""),
});

describe("messages", () => {
  it("are put by a sender and taken by a processor, and by nobody else", async () => {
    const sender = await callerWith(["Storage Queue Data Message Sender", queue("mail")]);
    const processor = await callerWith(["Storage Queue Data Message Processor", queue("mail")]);
    const reader = await callerWith(["Storage Queue Data Reader", queue("mail")]);
    expect(await sender("POST", "/mail/messages", "hello")).toMatchObject({ status: 201 });
    expect(await processor("POST", "/mail/messages", "x")).toMatchObject(denied);
    expect(await reader("POST", "/mail/messages", "x")).toMatchObject(denied);
    expect(textOf((await reader("GET", "/mail/messages?peekonly=true")).body)).toBe("hello");
    expect(await sender("GET", "/mail/messages?peekonly=true")).toMatchObject(denied);
    expect(await reader("GET", "/mail/messages")).toMatchObject(denied);
    expect(await sender("GET", "/mail/messages")).toMatchObject(denied);
    const taken = await processor("GET", "/mail/messages");
    expect(textOf(taken.body)).toBe("hello");
    const { id, receipt } = receiptOf(taken.body);
    expect(await reader("DELETE", `/mail/messages/${id}?popreceipt=${receipt}`)).toMatchObject(denied);
    expect(await processor("DELETE", `/mail/messages/${id}?popreceipt=${receipt}`)).toMatchObject({
      status: 204,
    });
    expect(textOf((await reader("GET", "/mail/messages?peekonly=true")).body)).toBeUndefined();
  });

  it("are cleared by who may delete", async () => {
    const contributor = await callerWith(["Storage Queue Data Contributor", accountId]);
    const processor = await callerWith(["Storage Queue Data Message Processor", accountId]);
    await contributor("POST", "/mail/messages", "x");
    expect(await processor("DELETE", "/mail/messages")).toMatchObject(denied);
    expect(await contributor("DELETE", "/mail/messages")).toMatchObject({ status: 204 });
  });
});

describe("queues", () => {
  it("appear in ARM when they are made, and go when they are deleted", async () => {
    const contributor = await callerWith(["Storage Queue Data Contributor", accountId]);
    expect(await contributor("PUT", "/fresh")).toMatchObject({ status: 201 });
    expect(getResource(sandbox.context.store, queue("fresh"))?.body.name).toBe("fresh");
    expect((await contributor("GET", "/?comp=list")).body).toMatch(/<Name>fresh<\/Name>.*<Name>mail<\/Name>/);
    expect(await contributor("DELETE", "/fresh")).toMatchObject({ status: 204 });
    expect(getResource(sandbox.context.store, queue("fresh"))).toBeUndefined();
  });

  it("are not listed by who has a role on one, whatever the path says", async () => {
    const contributor = await callerWith(["Storage Queue Data Contributor", queue("mail")]);
    expect(await contributor("GET", "/?comp=list")).toMatchObject(denied);
    expect(await contributor("GET", "/mail?comp=list")).toMatchObject(denied);
    expect(await contributor("PUT", "/other")).toMatchObject(denied);
    expect(await contributor("POST", "/other/messages", "x")).toMatchObject(denied);
  });

  it("do not open to a role for blobs", async () => {
    const blobOwner = await callerWith(["Storage Blob Data Owner", accountId]);
    expect(await blobOwner("POST", "/mail/messages", "x")).toMatchObject(denied);
    expect(await blobOwner("GET", "/mail/messages?peekonly=true")).toMatchObject(denied);
  });

  it("want a token", async () => {
    const { status, headers } = await https.call("send", {
      method: "GET",
      url: `https://${account}.queue.core.windows.net/mail/messages?peekonly=true`,
      headers: { "x-ms-version": "2024-11-04" },
    });
    expect([status, headers["x-ms-error-code"]]).toEqual([401, "NoAuthenticationInformation"]);
  });
});
