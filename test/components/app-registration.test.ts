import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AppRegistration,
  type AppRegistrationArgs,
  ArgumentError,
  Cluster,
  Propagation,
  ResourceGroup,
  WorkloadIdentity,
} from "../../components";
import { checkAppRegistration, permissionId } from "../../components/identity/app-registration-checks";
import { credentialName } from "../../components/identity/federated-credential";
import { find, issuerUrl, register } from "./mocks";

const cluster = { issuerUrl: pulumi.output(issuerUrl) };
const orders = { value: "Orders.Read", description: "Reads all orders." };
const own = { value: "Orders.Own", description: "Reads one's own orders." };
const caller = { principalId: "caller", principalType: "ServicePrincipal" as const };
const azuread = (type: string) => `azuread:index/${type[0]?.toLowerCase()}${type.slice(1)}:${type}`;

describe("AppRegistration", () => {
  it("makes an application that only callers with its roles get tokens for", async () => {
    const registered = await register(() => {
      const api = new AppRegistration("api", {
        appRoles: [orders],
        scopes: [own, { ...own, value: "Orders.Cancel", consent: "User", displayName: "Cancel" }],
        serviceAccounts: [
          { cluster, namespace: "shop", serviceAccount: "api" },
          { cluster, namespace: "shop", serviceAccount: "api.v2" },
        ],
        trusts: [{ name: "pipeline", issuer: "https://issuer.example", subject: "main" }],
      });
      api.assignAppRole("caller-orders", { appRole: "Orders.Read", principal: caller });
    });
    const applicationId = "/applications/object-api-test";
    expect(find(registered, azuread("ApplicationRegistration"), "api")).toEqual({
      displayName: "api-test",
      signInAudience: "AzureADMyOrg",
      requestedAccessTokenVersion: 2,
    });
    expect(find(registered, azuread("ServicePrincipal"), "api")).toEqual({
      clientId: "client-api-test",
      appRoleAssignmentRequired: true,
    });
    expect(find(registered, azuread("ApplicationIdentifierUri"), "api")).toEqual({
      applicationId,
      identifierUri: "api://client-api-test",
    });
    expect(find(registered, azuread("ApplicationAppRole"), "api-Orders.Read")).toEqual({
      applicationId,
      roleId: permissionId("Orders.Read"),
      value: "Orders.Read",
      displayName: "Orders.Read",
      description: "Reads all orders.",
      allowedMemberTypes: ["Application"],
    });
    expect(find(registered, azuread("ApplicationPermissionScope"), "api-Orders.Own")).toEqual({
      applicationId,
      scopeId: permissionId("Orders.Own"),
      value: "Orders.Own",
      type: "Admin",
      adminConsentDisplayName: "Orders.Own",
      adminConsentDescription: own.description,
    });
    expect(find(registered, azuread("ApplicationPermissionScope"), "api-Orders.Cancel")).toMatchObject({
      type: "User",
      adminConsentDisplayName: "Cancel",
      userConsentDisplayName: "Cancel",
      userConsentDescription: own.description,
    });
    const audiences = ["api://AzureADTokenExchange"];
    for (const [ending, issuer, subject] of [
      ["shop_api", issuerUrl, "system:serviceaccount:shop:api"],
      ["shop_api_v2", issuerUrl, "system:serviceaccount:shop:api.v2"],
      ["pipeline", "https://issuer.example", "main"],
    ] as const) {
      const type = azuread("ApplicationFederatedIdentityCredential");
      expect(find(registered, type, `api-${ending}`)).toEqual({
        applicationId,
        displayName: credentialName(ending, issuer, subject),
        issuer,
        subject,
        audiences,
      });
    }
    expect(find(registered, azuread("AppRoleAssignment"), "caller-orders")).toEqual({
      appRoleId: permissionId("Orders.Read"),
      principalObjectId: "caller",
      resourceObjectId: "principal-client-api-test",
    });
    expect(registered.filter(({ type }) => /Password|Certificate/.test(type))).toEqual([]);
  });

  it("has its pods' credentials and its callers' roles waited for, together with everything else", async () => {
    const registered = await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      const shop = new Cluster("main", { resourceGroup });
      const place = { resourceGroup, cluster: shop, namespace: "shop" };
      const api = new AppRegistration("api", {
        appRoles: [orders],
        serviceAccounts: [{ cluster: shop, namespace: "shop", serviceAccount: "api" }],
      });
      const web = new WorkloadIdentity("web", { ...place, access: [api.appRole("Orders.Read")] });
      new Propagation("all", { kubeconfig: shop.kubeconfig, proofs: [web.proof, ...api.proofs] });
    });
    expect(find(registered, azuread("AppRoleAssignment"), "web-api-Orders.Read")).toEqual({
      appRoleId: permissionId("Orders.Read"),
      principalObjectId: "principal-id-web-test",
      resourceObjectId: "principal-client-api-test",
    });
    const { proofs } = find(registered, "pulumi-nodejs:dynamic/azure-keyless:Propagation", "all");
    expect(proofs).toMatchObject([
      {
        name: "web",
        touches: [{ kind: "appRole", identifierUri: "api://client-api-test", appRole: "Orders.Read" }],
      },
      {
        name: "shop/api",
        clientId: "client-api-test",
        identityId: "/applications/object-api-test",
        issuer: issuerUrl,
        subject: "system:serviceaccount:shop:api",
        touches: [],
      },
    ]);
    expect(proofs.map(({ waitsFor }: { waitsFor: string[] }) => waitsFor.length)).toEqual([2, 1]);
  });

  it("opens to the whole tenant only when told to", async () => {
    const registered = await register(() => {
      new AppRegistration("api", { openToTenant: true, identifierUri: "https://api.contoso.example" });
    });
    expect(find(registered, azuread("ServicePrincipal"), "api")).toMatchObject({
      appRoleAssignmentRequired: false,
    });
    expect(find(registered, azuread("ApplicationIdentifierUri"), "api")).toMatchObject({
      identifierUri: "https://api.contoso.example",
    });
  });

  it("gives no role that it does not declare", async () => {
    let thrown: unknown;
    await register(() => {
      const api = new AppRegistration("api", { appRoles: [orders] });
      try {
        api.assignAppRole("caller", { appRole: "Orders.Write", principal: caller });
      } catch (error) {
        thrown = error;
      }
    });
    expect(thrown).toBeInstanceOf(ArgumentError);
    expect((thrown as Error).message).toBe(
      `AppRegistration api: 'appRole' must be one of Orders.Read, got "Orders.Write"`,
    );
  });
});

describe("what Entra would refuse is refused before anything is made", () => {
  const account = (serviceAccount: string) => ({ cluster, namespace: "shop", serviceAccount });
  const trust = { name: "ci", issuer: "https://issuer.example", subject: "main" };
  it.each<[string, AppRegistrationArgs, string]>([
    ["an empty display name", { displayName: " " }, "'displayName' must be 1 to 256 characters"],
    ["a long display name", { displayName: "x".repeat(257) }, "'displayName' must be 1 to 256 characters"],
    ["a space in a role", { appRoles: [{ ...orders, value: "Orders Read" }] }, "'appRoles' must be 1 to 250"],
    ["a period before a role", { appRoles: [{ ...orders, value: ".default" }] }, "not beginning with '.'"],
    ["a long scope", { scopes: [{ ...own, value: "x".repeat(121) }] }, "'scopes' must be 1 to 120"],
    ["no description", { appRoles: [{ ...orders, description: "" }] }, "description' must be 1 to 1000"],
    [
      "nobody to hold a role",
      { appRoles: [{ ...orders, allowedMemberTypes: [] }] },
      "Application, User or both",
    ],
    ["a role and a scope of one value", { appRoles: [orders], scopes: [orders] }, "of different values"],
    ["a ServiceAccount twice", { serviceAccounts: [account("a"), account("a")] }, "of different names"],
    [
      "one token under two names",
      { trusts: [trust, { ...trust, name: "cd" }] },
      "unique in issuer and subject",
    ],
    ["a wildcard", { trusts: [{ ...trust, subject: "repo:*" }] }, "'subject' must be without wildcards"],
    [
      "an issuer without https",
      { trusts: [{ ...trust, issuer: "http://x" }] },
      "'issuer' must be an https URL",
    ],
    [
      "a credential's name",
      { trusts: [{ ...trust, name: "a b" }] },
      `with "fc-" before it and a hash after it, got "a b"`,
    ],
    [
      "a 21st credential",
      { serviceAccounts: Array.from({ length: 21 }, (_, number) => account(`a${number}`)) },
      "'serviceAccounts and trusts' must be at most 20, got 21",
    ],
    [
      "an 11th ServiceAccount of a cluster made anew",
      {
        serviceAccounts: Array.from({ length: 11 }, (_, number) => ({
          ...account(`a${number}`),
          cluster: { ...cluster, generation: 2 },
        })),
      },
      "'serviceAccounts and trusts' must be at most 20, where those of a cluster made anew count twice, old and new, got 22",
    ],
  ])("%s", (_, args, message) => {
    const complete = { displayName: "api", ...args };
    expect(() => checkAppRegistration("AppRegistration api", complete)).toThrow(ArgumentError);
    expect(() => checkAppRegistration("AppRegistration api", complete)).toThrow(message);
  });

  it("and what it takes is not", () => {
    const complete = {
      displayName: "api",
      appRoles: [orders, { ...orders, value: "orders:write/all", allowedMemberTypes: ["User" as const] }],
      scopes: [own],
      serviceAccounts: Array.from({ length: 19 }, (_, number) => account(`a.${number}`)),
      trusts: [trust],
    };
    expect(() => checkAppRegistration("AppRegistration api", complete)).not.toThrow();
  });
});

describe("the id of a role or scope", () => {
  it("follows from its value alone, and from no other", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(permissionId(one)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
        expect(permissionId(one) === permissionId(other)).toBe(one === other);
      }),
    );
    // Deployed applications know their roles by these ids: they never change.
    expect(permissionId("Orders.Read")).toMatchInlineSnapshot(`"f3f70d31-9e48-5f9c-8419-f42b7b56cbd6"`);
  });
});
