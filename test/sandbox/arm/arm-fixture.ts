import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { expect } from "vitest";
import { putResource } from "../../../sandbox/arm/resource";
import { proxiedFetch } from "../core/requests";
import { type Client, type ClientFailure, startClient, type TestSandbox } from "../harness";
import type { ClientName } from "./sdk-client";

type SdkModule = typeof import("./sdk-client");

/** The vendor's clients, as the deployer. */
export interface Sdk {
  run(client: ClientName, operation: string, ...args: unknown[]): Promise<any>;
  /** The failure of a call that must fail. */
  fail(client: ClientName, operation: string, ...args: unknown[]): Promise<ArmFailure>;
  runTogether(calls: [ClientName, string, ...unknown[]][]): Promise<string[]>;
  stop(): void;
}

export interface ArmFailure {
  status: number | undefined;
  code: string | undefined;
  message: string;
}

export function startSdk(sandbox: TestSandbox): Sdk {
  const client: Client<SdkModule> = startClient(join(__dirname, "sdk-client.ts"), sandbox.env);
  return {
    run: (...call) => client.call("run", ...call),
    fail: async (...call) => {
      const failure = await client.call("run", ...call).then(
        (result) => expect.fail(`${call[1]} succeeded: ${JSON.stringify(result)}`),
        (error: ClientFailure) => error,
      );
      const { error } = (failure.body ?? {}) as { error?: { code: string; message: string } };
      return {
        status: failure.statusCode,
        code: error?.code ?? failure.code,
        message: error?.message ?? failure.message,
      };
    },
    runTogether: (calls) => client.call("runTogether", calls),
    stop: () => client.stop(),
  };
}

export interface ArmResponse {
  status: number;
  headers: Record<string, string>;
  body: any;
}

export interface ArmRequest {
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  text?: string;
  /** @default the deployer's; undefined sends none */
  token?: string | undefined;
  headers?: Record<string, string>;
}

/** Requests to ARM as they go over the wire, for what no client of the vendor's would send. */
export function armRequests(sandbox: TestSandbox) {
  const send = proxiedFetch(sandbox);
  const { tokens, directory, account } = sandbox.context;
  const tokenFor = (objectId: string) =>
    tokens.issue(directory.byObjectId(objectId)!, "https://management.azure.com", 3600);
  return {
    tokenFor,
    request: async (method: string, path: string, request: ArmRequest = {}): Promise<ArmResponse> => {
      const token = "token" in request ? request.token : await tokenFor(account.deployer.objectId);
      const body = request.text ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
      const response = await send(`https://management.azure.com${path}`, {
        method,
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...request.headers,
        },
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: text === "" ? undefined : JSON.parse(text),
      };
    },
  };
}

/** A service principal of its own in the sandbox's directory, known everywhere. */
export function addPrincipal(
  { context }: TestSandbox,
  displayName: string,
): { objectId: string; clientId: string } {
  const principal = { objectId: randomUUID(), clientId: randomUUID() };
  context.directory.add({ ...principal, displayName, type: "ServicePrincipal", visibleAt: 0 });
  return principal;
}

/** Gives a role straight in the store. */
export function assignRole(
  { context }: TestSandbox,
  principalId: string,
  roleGuid: string,
  scope: string,
  more: Record<string, unknown> = {},
): string {
  const name = randomUUID();
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  putResource(context.store, {
    body: {
      id,
      name,
      type: "Microsoft.Authorization/roleAssignments",
      properties: {
        principalId,
        roleDefinitionId: `/subscriptions/${context.account.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleGuid}`,
        scope,
        ...more,
      },
    },
  });
  return id;
}

/** Ids of built-in roles. @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
export const roles = {
  owner: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
  contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  keyVaultSecretsUser: "4633458b-17de-408a-b874-0445c86b69e6",
  keyVaultDataAccessAdministrator: "8b54135c-b56d-4d72-a534-26097cfdc8d8",
  storageBlobDataReader: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
  managedIdentityOperator: "f1a07417-d97a-45cb-824c-7a7467783830",
} as const;
