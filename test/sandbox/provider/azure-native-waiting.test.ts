import { describe, expect, test } from "vitest";
import { failure, useAzureNative, vaultId, vaultInputs, vaultType } from "./azure-native-setup";
import { partialFailureOf } from "./provider-client";

const subject = useAzureNative();

describe("what passes by itself", () => {
  const again = { "retry-after-ms": "1" };
  test.each([
    ["throttling", { ...failure(429, "TooManyRequests"), headers: again }],
    ["a server error", { ...failure(503, "ServiceUnavailable"), headers: again }],
    [
      "a concurrent write of credentials",
      {
        ...failure(409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"),
        headers: again,
      },
    ],
    ["a reset before the effect", "resetBefore" as const],
    ["a reset after the effect", "resetAfter" as const],
  ])("%s is tried again", async (_, trouble) => {
    subject.azure.script("PUT", vaultId, trouble, trouble);
    const { id } = await subject.client.create(vaultType, vaultInputs);
    expect(id).toBe(vaultId);
    expect(subject.sent()).toEqual(["GET app", "PUT app", "PUT app", "PUT app", "GET app"]);
    expect(subject.azure.resources.size).toBe(1);
  });

  test("a write that is in conflict with itself, as its answer was lost, is waited for", async () => {
    const conflict = { ...failure(409, "ConflictingServerOperation"), headers: again };
    subject.azure.script("PUT", vaultId, "resetAfter", conflict, conflict);
    const { id } = await subject.client.create(vaultType, vaultInputs);
    expect(id).toBe(vaultId);
    expect(subject.sent()).toEqual(["GET app", "PUT app", "PUT app", "PUT app", "PUT app", "GET app"]);
    expect(subject.azure.resources.size).toBe(1);
  });

  test("a conflict with somebody else is not", async () => {
    subject.azure.script("PUT", vaultId, failure(409, "VaultAlreadyExists"));
    await expect(subject.client.create(vaultType, vaultInputs)).rejects.toMatchObject({
      details: expect.stringContaining("VaultAlreadyExists"),
    });
    expect(subject.sent()).toEqual(["GET app", "PUT app"]);
  });

  test("an expired token is replaced once", async () => {
    subject.azure.script("GET", vaultId, failure(401, "ExpiredAuthenticationToken"));
    await subject.client.create(vaultType, vaultInputs);
    expect(subject.azure.requests.map(({ token }) => token)).toEqual([
      "token-1",
      "token-2",
      "token-2",
      "token-2",
    ]);
    subject.azure.script(
      "GET",
      vaultId,
      failure(401, "InvalidAuthenticationToken"),
      failure(401, "InvalidAuthenticationToken"),
    );
    await expect(subject.client.read(vaultType, vaultId)).rejects.toMatchObject({
      details: expect.stringContaining("Status=401"),
    });
  });

  test("patience ends", async () => {
    subject.azure.script(
      "GET",
      vaultId,
      ...Array.from({ length: 12 }, () => ({ ...failure(503, "Down"), headers: again })),
    );
    await expect(subject.client.read(vaultType, vaultId)).rejects.toMatchObject({
      details: expect.stringContaining('Code="Down"'),
    });
    expect(subject.azure.requests.length).toBe(12);
  });
});

describe("long-running operations", () => {
  const operation = "/operations/1";
  const address = `https://management.azure.com${operation}?api-version=x`;
  const soon = { "retry-after-ms": "1" };

  test("are followed by their status and read in the end", async () => {
    const body = { id: vaultId, name: "app", properties: { provisioningState: "Creating" } };
    subject.azure.script("PUT", vaultId, {
      status: 201,
      headers: { "azure-asyncoperation": address, ...soon },
      body,
    });
    subject.azure.script(
      "GET",
      operation,
      { status: 200, headers: soon, body: { status: "InProgress" } },
      { status: 200, body: { status: "Succeeded" } },
    );
    subject.azure.script("GET", vaultId, failure(404, "ResourceNotFound"), {
      status: 200,
      body: { id: vaultId, name: "app", properties: { vaultUri: "https://app.vault.azure.net/" } },
    });
    const { outputs } = await subject.client.create(vaultType, vaultInputs);
    expect(outputs.properties).toEqual({ vaultUri: "https://app.vault.azure.net/" });
    expect(subject.sent()).toEqual(["GET app", "PUT app", "GET 1", "GET 1", "GET app"]);
  });

  test("are followed by their result's location", async () => {
    subject.azure.script("PUT", vaultId, { status: 202, headers: { location: address } });
    subject.azure.script(
      "GET",
      operation,
      { status: 202, headers: soon },
      { status: 200, body: { id: vaultId, name: "app", location: "westeurope" } },
    );
    const { outputs } = await subject.client.create(vaultType, vaultInputs);
    expect(outputs).toMatchObject({ name: "app", location: "westeurope" });
  });

  test("are followed by the resource's own state", async () => {
    subject.azure.script("PUT", vaultId, {
      status: 201,
      body: { properties: { provisioningState: "Creating" } },
    });
    const ready = { id: vaultId, name: "app", properties: { provisioningState: "Succeeded" } };
    subject.azure.script(
      "GET",
      vaultId,
      failure(404, "ResourceNotFound"),
      { status: 200, body: { properties: { provisioningState: "Creating" } } },
      { status: 200, body: ready },
      { status: 200, body: ready },
    );
    const { outputs } = await subject.client.create(vaultType, vaultInputs);
    expect(outputs.properties).toEqual({ provisioningState: "Succeeded" });
  });

  test("that fail leave a resource that the engine knows of", async () => {
    subject.azure.script("PUT", vaultId, { status: 202, headers: { "azure-asyncoperation": address } });
    subject.azure.script("GET", operation, {
      status: 200,
      body: { status: "Failed", error: { code: "QuotaExceeded", message: "No more." } },
    });
    subject.azure.script("GET", vaultId, failure(404, "ResourceNotFound"), {
      status: 200,
      body: { id: vaultId, name: "app" },
    });
    const error = await subject.client.create(vaultType, vaultInputs).catch((thrown) => thrown);
    expect(partialFailureOf(error)).toEqual({
      type: "pulumirpc.ErrorResourceInitFailed",
      id: vaultId,
      inputs: vaultInputs,
      outputs: { name: "app", azureApiVersion: "2024-11-01" },
      reasons: ['Status=200 Code="QuotaExceeded" Message="No more."'],
    });
  });

  test("end when the user's patience ends, and when the user stops", async () => {
    const slow = { status: 200, headers: { "retry-after": "60" }, body: { status: "InProgress" } };
    for (const end of ["timeout", "cancel"] as const) {
      subject.azure.script("PUT", vaultId, { status: 202, headers: { "azure-asyncoperation": address } });
      subject.azure.script("GET", operation, slow);
      subject.azure.script(
        "GET",
        vaultId,
        failure(404, "ResourceNotFound"),
        failure(404, "ResourceNotFound"),
      );
      const creation = subject.client
        .create(vaultType, vaultInputs, end === "timeout" ? { timeout: 1 } : {})
        .catch((error) => error);
      if (end === "cancel") {
        await expect.poll(() => subject.sent().filter((request) => request === "GET 1").length).toBe(2);
        await subject.client.cancel();
      }
      expect(partialFailureOf(await creation)).toMatchObject({ id: vaultId });
    }
  });
});
