import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getResource } from "../../../sandbox/arm/resource";
import { startSandbox } from "../../../sandbox/core/sandbox";
import { type Client, startClient, startTestSandbox, type TestSandbox, temporaryDirectory } from "../harness";
import { azureOf } from "./azure";

const audience = "https://storage.azure.com";
const account = "stshop";

let sandbox: TestSandbox;
let azure: ReturnType<typeof azureOf>;
let client: Client<typeof import("./blob-client")>;
let https: Client<typeof import("./https-client")>;
let accountId: string;
let owner: { account: string; token: string };
let contributor: { account: string; token: string };
let reader: { account: string; token: string };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  azure = azureOf(sandbox);
  accountId = azure.storageAccount(account);
  const invoices = azure.container(account, "invoices");
  azure.container(account, "private");
  const make = async (name: string, role: string, scope: string) => {
    const identity = azure.identity(name);
    azure.assign(identity, role, scope);
    return { account, token: await azure.token(identity, audience) };
  };
  owner = await make("owner", "Storage Blob Data Owner", accountId);
  contributor = await make("contributor", "Storage Blob Data Contributor", invoices);
  reader = await make("reader", "Storage Blob Data Reader", invoices);
  client = startClient(join(__dirname, "blob-client.ts"), sandbox.networkEnv);
  https = startClient(join(__dirname, "https-client.ts"), sandbox.networkEnv);
});

afterAll(async () => {
  client?.stop();
  https?.stop();
  await sandbox?.stop();
});

const invoice = (blob: string) => ({ container: "invoices", blob });
const denied = { statusCode: 403, code: "AuthorizationPermissionMismatch" };

describe("blobs", () => {
  it("are written, read in part and as a whole, listed and deleted", async () => {
    const call = { ...contributor, ...invoice("2026/11/a.txt") };
    await client.call("upload", { ...call, content: "hello world" });
    expect(await client.call("download", { ...reader, ...invoice("2026/11/a.txt") })).toBe("hello world");
    expect(await client.call("downloadRange", { ...call, offset: 6, count: 5 })).toBe("world");
    expect(await client.call("list", { ...reader, container: "invoices", prefix: "2026/" })).toEqual([
      "2026/11/a.txt",
    ]);
    await client.call("remove", call);
    await expect(client.call("download", call)).rejects.toMatchObject({ statusCode: 404 });
  });

  it("are put together from blocks", async () => {
    const call = { ...contributor, ...invoice("blocks") };
    await client.call("uploadBlocks", { ...call, bytes: 300_000 });
    expect((await client.call("properties", call)).contentLength).toBe(300_000);
  });

  it("have metadata and an ETag that conditions look at", async () => {
    const call = { ...contributor, ...invoice("conditions") };
    const etag = await client.call("upload", { ...call, content: "1" });
    await client.call("setMetadata", { ...call, metadata: { state: "paid" } });
    const { metadata, etag: after } = await client.call("properties", call);
    expect(metadata).toEqual({ state: "paid" });
    expect(after).not.toBe(etag);
    await expect(client.call("uploadIfMatch", { ...call, etag })).rejects.toMatchObject({ statusCode: 412 });
    await client.call("uploadIfMatch", { ...call, etag: after! });
  });

  it("are copied within the account by who may read the source", async () => {
    await client.call("upload", { ...owner, container: "private", blob: "secret", content: "s" });
    await client.call("upload", { ...owner, ...invoice("source"), content: "i" });
    const from = (path: string) => `https://${account}.blob.core.windows.net/${path}`;
    const target = { ...contributor, ...invoice("copied") };
    expect(await client.call("copy", { ...target, source: from("invoices/source") })).toBe("success");
    await expect(client.call("copy", { ...target, source: from("private/secret") })).rejects.toMatchObject(
      denied,
    );
    await expect(
      client.call("copy", { ...target, source: "https://elsewhere.blob.core.windows.net/a/b" }),
    ).rejects.toMatchObject({ statusCode: 501 });
  });
});

describe("who may", () => {
  it("reads with Reader, and does nothing else", async () => {
    await client.call("upload", { ...owner, ...invoice("kept"), content: "x" });
    const call = { ...reader, ...invoice("kept") };
    expect(await client.call("download", call)).toBe("x");
    await expect(client.call("upload", { ...call, content: "y" })).rejects.toMatchObject(denied);
    await expect(client.call("setMetadata", { ...call, metadata: {} })).rejects.toMatchObject(denied);
    await expect(client.call("remove", call)).rejects.toMatchObject(denied);
    await expect(client.call("tag", call)).rejects.toMatchObject(denied);
    await expect(client.call("uploadBlocks", { ...call, bytes: 70_000 })).rejects.toMatchObject(denied);
  });

  it("keeps a role on a container to that container", async () => {
    const other = { container: "private", blob: "x" };
    await expect(client.call("upload", { ...contributor, ...other, content: "y" })).rejects.toMatchObject(
      denied,
    );
    await expect(client.call("list", { ...reader, container: "private" })).rejects.toMatchObject(denied);
    await expect(client.call("listContainers", reader)).rejects.toMatchObject(denied);
    await expect(client.call("createContainer", { ...contributor, container: "mine" })).rejects.toMatchObject(
      denied,
    );
  });

  it("tags with Owner, and not with Contributor", async () => {
    await client.call("upload", { ...owner, ...invoice("tagged"), content: "x" });
    await client.call("tag", { ...owner, ...invoice("tagged") });
    await expect(client.call("tag", { ...contributor, ...invoice("tagged") })).rejects.toMatchObject(denied);
  });

  it("says no to who may not know whether a container exists", async () => {
    await expect(client.call("list", { ...reader, container: "never-made" })).rejects.toMatchObject(denied);
    await expect(client.call("list", { ...owner, container: "never-made" })).rejects.toMatchObject({
      statusCode: 404,
    });
  });

  it("looks at a condition on the blob's path", async () => {
    const identity = azure.identity("conditional");
    azure.assign(identity, "Storage Blob Data Reader", accountId, {
      condition:
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike 'public/*'",
      conditionVersion: "2.0",
    });
    for (const blob of ["public/a", "inner/b"])
      await client.call("upload", { ...owner, ...invoice(blob), content: "x" });
    const call = { account, token: await azure.token(identity, audience) };
    expect(await client.call("download", { ...call, ...invoice("public/a") })).toBe("x");
    await expect(client.call("download", { ...call, ...invoice("inner/b") })).rejects.toMatchObject({
      statusCode: 403,
    });
  });

  it("adds a blob with add/action alone, and does not replace one", async () => {
    const identity = azure.identity("adder");
    const roleId = `${azure.subscription}/providers/Microsoft.Authorization/roleDefinitions/adder`;
    azure.putRole(roleId, ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action"]);
    azure.assignDefinition(identity, roleId, accountId);
    const call = { account, token: await azure.token(identity, audience), ...invoice("added") };
    await client.call("upload", { ...call, content: "first" });
    await expect(client.call("upload", { ...call, content: "second" })).rejects.toMatchObject(denied);
  });

  it("does not hand out what the sandbox cannot check later", async () => {
    await expect(client.call("userDelegationKey", reader)).rejects.toMatchObject(denied);
    await expect(client.call("userDelegationKey", owner)).rejects.toMatchObject({ statusCode: 501 });
    await expect(client.call("batchDelete", { ...owner, ...invoice("kept") })).rejects.toMatchObject({
      statusCode: 501,
    });
  });
});

describe("other ways in", () => {
  it("refuses account keys and signatures where the account does", async () => {
    const refused = {
      statusCode: 403,
      code: "KeyBasedAuthenticationNotPermitted",
      message: expect.stringMatching(/^Key based authentication is not permitted on this storage account\./),
    };
    await expect(client.call("withKey", { account, container: "invoices" })).rejects.toMatchObject(refused);
    const { status, headers } = await https.call("send", {
      method: "GET",
      url: `https://${account}.blob.core.windows.net/invoices/kept?sv=2024-11-04&sig=x&sp=r`,
    });
    expect([status, headers["x-ms-error-code"]]).toEqual([403, "KeyBasedAuthenticationNotPermitted"]);
  });

  it("lets no key in where the account allows keys either", async () => {
    azure.storageAccount("stkeys", { allowSharedKeyAccess: true });
    await expect(client.call("withKey", { account: "stkeys", container: "box" })).rejects.toMatchObject({
      statusCode: 403,
      code: "AuthenticationFailed",
    });
  });

  it("challenges an anonymous request, and refuses one of a browser", async () => {
    await expect(client.call("anonymously", { account, container: "invoices" })).rejects.toMatchObject({
      statusCode: 401,
      code: "NoAuthenticationInformation",
    });
    const plain = await https.call("send", {
      method: "GET",
      url: `https://${account}.blob.core.windows.net/invoices/kept`,
    });
    expect([plain.status, plain.headers["x-ms-error-code"]]).toEqual([409, "PublicAccessNotPermitted"]);
    await expect(client.call("createPublicContainer", { ...owner, container: "open" })).rejects.toMatchObject(
      { statusCode: 409, code: "PublicAccessNotPermitted" },
    );
  });

  it.each([
    [
      "another service's",
      "Audience validation failed",
      () => azure.token(azure.identity("x"), "https://vault.azure.net"),
    ],
    ["an expired", "Lifetime validation failed", () => azure.token(azure.identity("x"), audience, -10)],
    ["a changed", "Signature validation failed", async () => owner.token.replace(/.{8}$/, "AAAAAAAA")],
  ])("refuses %s token", async (_whose, detail, make) => {
    const { status, headers, body } = await https.call("send", {
      method: "GET",
      url: `https://${account}.blob.core.windows.net/?comp=list`,
      headers: { authorization: `Bearer ${await make()}`, "x-ms-version": "2024-11-04" },
    });
    expect([status, headers["x-ms-error-code"]]).toEqual([401, "InvalidAuthenticationInfo"]);
    expect(headers["www-authenticate"]).toContain("resource_id=https://storage.azure.com");
    expect(body).toContain(`<AuthenticationErrorDetail>${detail}`);
  });

  it("is shut where the account's networks are, and not there where the account is not", async () => {
    azure.storageAccount("stclosed", { publicNetworkAccess: "Disabled" });
    await expect(client.call("listContainers", { ...owner, account: "stclosed" })).rejects.toMatchObject({
      statusCode: 403,
      code: "AuthorizationFailure",
    });
    await expect(client.call("listContainers", { ...owner, account: "stabsent" })).rejects.toMatchObject({
      statusCode: 404,
    });
  });
});

describe("containers and ARM", () => {
  const containerId = (name: string) => `${accountId}/blobServices/default/containers/${name}`;
  const inArm = (name: string) => getResource(sandbox.context.store, containerId(name)) !== undefined;

  it("shows one in ARM that the data plane made, until it deletes it", async () => {
    await client.call("createContainer", { ...owner, container: "fresh" });
    expect(inArm("fresh")).toBe(true);
    await expect(client.call("createContainer", { ...owner, container: "fresh" })).rejects.toMatchObject({
      statusCode: 409,
      code: "ContainerAlreadyExists",
    });
    await client.call("deleteContainer", { ...owner, container: "fresh" });
    expect(inArm("fresh")).toBe(false);
  });

  it("begins empty when ARM deleted it and made it anew", async () => {
    const id = azure.container(account, "reborn");
    await client.call("upload", { ...owner, container: "reborn", blob: "old", content: "x" });
    await client.call("leaseContainer", { ...owner, container: "reborn" });
    azure.remove(id);
    azure.container(account, "reborn");
    expect(await client.call("list", { ...owner, container: "reborn" })).toEqual([]);
    azure.remove(id);
    expect(await client.call("listContainers", owner)).not.toContain("reborn");
  });

  it("loses nothing that was acknowledged when the process ends", async () => {
    const directory = temporaryDirectory();
    const first = await startSandbox({ directory });
    const there = azureOf(first);
    there.container("stkept", "box");
    const id = there.storageAccount("stkept");
    const identity = there.identity("keeper");
    there.assign(identity, "Storage Blob Data Owner", id);
    const call = {
      account: "stkept",
      token: await there.token(identity, audience),
      container: "box",
      blob: "b",
    };
    const before = startClient<typeof import("./blob-client")>(
      join(__dirname, "blob-client.ts"),
      first.networkEnv,
    );
    await before.call("upload", { ...call, content: "kept" });
    before.stop();
    await first.close();

    const second = await startSandbox({ directory });
    const after = startClient<typeof import("./blob-client")>(
      join(__dirname, "blob-client.ts"),
      second.networkEnv,
    );
    expect(await after.call("download", call)).toBe("kept");
    after.stop();
    await second.close();
  });

  it("keeps concurrent writes apart", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `many/${index}`);
    await Promise.all(
      names.map((blob) => client.call("upload", { ...owner, ...invoice(blob), content: blob })),
    );
    expect(await client.call("list", { ...reader, container: "invoices", prefix: "many/" })).toHaveLength(40);
    expect(await client.call("download", { ...reader, ...invoice("many/17") })).toBe("many/17");
  });
});
