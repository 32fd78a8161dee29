import { describe, expect, it } from "vitest";
import type { AzureReader } from "../../../components/diagnosis/azure-reader";
import { pointOut } from "../../../components/diagnosis/credential-mismatch";
import { explainFailure } from "../../../components/propagation/explain-failure";
import { LinkFailure } from "../../../components/propagation/link-failure";
import type { WorkloadProof } from "../../../components/propagation/proof";

const group = "/subscriptions/s/resourceGroups/rg";
const identityId = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-orders`;
const credentialId = `${identityId}/federatedIdentityCredentials/fc-orders`;
const secretId = `${group}/providers/Microsoft.KeyVault/vaults/kv-app/secrets/stripe-key`;
const roleId = `${secretId}/providers/Microsoft.Authorization/roleAssignments/r`;
const issuer = "https://westeurope.oic.prod-aks.azure.com/tenant/guid/";
const subject = "system:serviceaccount:shop:orders";
const audience = "api://AzureADTokenExchange";
const presented = { issuer, subject, audience };

const proof: WorkloadProof = {
  kind: "workload",
  name: "orders",
  namespace: "shop",
  serviceAccount: "orders",
  tenantId: "tenant",
  clientId: "client",
  identityId,
  audience,
  issuer,
  subject,
  touches: [],
  waitsFor: [roleId, credentialId],
};

/** What ARM has: resources by id, and lists by the id of what they belong to. Everything else is refused. */
function azureWith(found: Record<string, unknown>): AzureReader {
  const answer = async (id: string) => {
    if (!(id in found)) throw new Error("403 AuthorizationFailed");
    return found[id] as never;
  };
  const never = () => Promise.reject(new Error("not asked for"));
  return {
    get: answer,
    list: answer,
    listOfGraph: answer,
    objectId: never,
    post: never,
    existingPrincipals: never,
  };
}
const withCredential = (changes: object) =>
  azureWith({
    [`${identityId}/federatedIdentityCredentials`]: [
      { id: credentialId, properties: { issuer, subject, audiences: [audience], ...changes } },
    ],
  });

const notMatched = (answer: string, claims = presented) =>
  new LinkFailure("token exchange at Entra", answer, "No matching record.", true, { presented: claims });
const forbidden = new LinkFailure("secret", "403 ForbiddenByRbac", "not yet", true, {
  touch: { kind: "keyVaultSecret", vaultUri: "https://kv-app.vault.azure.net/", secretName: "stripe-key" },
});
const withRole = (scope: string) =>
  azureWith({ [roleId]: { id: roleId, properties: { scope, principalId: "p" } } });

describe("a token that no credential takes", () => {
  it.each(["AADSTS70021", "AADSTS70025", "AADSTS700211", "AADSTS700212", "AADSTS700213", "AADSTS7002138"])(
    "is delay for %s when Azure has the credential exactly as the token asks for it",
    async (answer) => {
      const { isMistake, lines } = await explainFailure(notMatched(answer), proof, withCredential({}));
      expect(isMistake).toBe(false);
      expect(lines.join()).toContain("federated credential fc-orders of identity id-orders");
    },
  );

  it.each([
    ["a slash", { issuer: issuer.slice(0, -1) }, "`…` against `…/`", issuer.slice(0, -1), issuer],
    [
      "a case",
      { subject: subject.replace("orders", "Orders") },
      "`Orders` against `orders`",
      "system:serviceaccount:shop:Orders",
      subject,
    ],
    [
      "a namespace",
      { subject: subject.replace("shop", "shpo") },
      "`shpo` against `shop`",
      "system:serviceaccount:shpo:orders",
      subject,
    ],
    [
      "an audience",
      { audiences: ["api://other"] },
      "`other` against `AzureADTokenExchange`",
      "api://other",
      audience,
    ],
    [
      "a cluster made anew",
      { issuer: issuer.replace("guid", "older") },
      "`older` against `guid`",
      issuer.replace("guid", "older"),
      issuer,
    ],
  ])(
    "is a mistake for %s, with both values and where they differ",
    async (_what, changes, pointed, found, expected) => {
      const { isMistake, lines } = await explainFailure(
        notMatched("AADSTS700211"),
        proof,
        withCredential(changes),
      );
      expect(isMistake).toBe(true);
      expect(lines[0]).toBe("In federated credential fc-orders of identity id-orders:");
      expect(lines[1]).toContain(pointed);
      expect(lines[2]).toMatch(/^ {2}the credential says {2}/);
      expect(lines[2]?.endsWith(` ${found}`)).toBe(true);
      expect(lines[3]).toMatch(/^ {2}the token says {7}/);
      expect(lines[3]?.endsWith(` ${expected}`)).toBe(true);
    },
  );

  it("is a mistake when the credential or the identity is gone", async () => {
    const credentials = `${identityId}/federatedIdentityCredentials`;
    const other = {
      id: `${credentials}/fc-pipeline`,
      properties: { issuer: "https://x/", subject: "y", audiences: [audience] },
    };
    const without = await explainFailure(
      notMatched("AADSTS70025"),
      proof,
      azureWith({ [credentials]: [other] }),
    );
    expect(without.isMistake).toBe(true);
    expect(without.lines[0]).toBe("None of its 1 federated credentials trusts the token:");
    const gone = await explainFailure(
      notMatched("AADSTS70025"),
      proof,
      azureWith({ [credentials]: undefined }),
    );
    expect(gone).toEqual({ isMistake: true, lines: ["identity id-orders is gone."] });
  });

  it("is judged by what the program wrote where Azure cannot be read", async () => {
    const same = await explainFailure(notMatched("AADSTS700213"), proof, azureWith({}));
    expect(same.isMistake).toBe(false);
    const wrong = { ...proof, subject: subject.replace("orders", "Orders") };
    const differs = await explainFailure(notMatched("AADSTS700213"), wrong, undefined);
    expect(differs.isMistake).toBe(true);
    expect(differs.lines.join("\n")).toContain("`Orders` against `orders`");
  });

  it("is read from Graph for an application", async () => {
    const application = { ...proof, identityId: "/applications/a" };
    const azure = azureWith({
      "/applications/a/federatedIdentityCredentials": [
        { id: "c", issuer, subject: subject.toUpperCase(), audiences: [audience] },
      ],
    });
    expect((await explainFailure(notMatched("AADSTS7002138"), application, azure)).isMistake).toBe(true);
  });
});

describe("an unknown client", () => {
  const unknown = new LinkFailure("token exchange at Entra", "AADSTS700016", "not found", true);

  it.each([
    ["is delay for a new identity", "CLIENT", false],
    ["is a mistake for one that was made anew", "another", true],
  ])("%s", async (_name, clientId, isMistake) => {
    const azure = azureWith({ [identityId]: { properties: { clientId } } });
    expect((await explainFailure(unknown, proof, azure)).isMistake).toBe(isMistake);
  });
});

describe("a refused data plane", () => {
  it.each([
    ["delay when the role on the secret is there", secretId, false],
    ["delay when the role on the group is there", group, false],
    ["a mistake when the role is on another vault", secretId.replace("kv-app", "kv-other"), true],
  ])("is %s", async (_what, scope, isMistake) => {
    const explained = await explainFailure(forbidden, proof, withRole(scope));
    expect(explained.isMistake).toBe(isMistake);
    if (isMistake) expect(explained.lines.join("\n")).toMatch(/reaches kv-app:\n.*\/vaults\/kv-other\//);
  });

  it("is a mistake when the role assignment is gone, and delay when nobody may know", async () => {
    const gone = await explainFailure(forbidden, proof, azureWith({ [roleId]: undefined }));
    expect(gone).toEqual({ isMistake: true, lines: [`The role assignment is gone: ${roleId}`] });
    expect((await explainFailure(forbidden, proof, azureWith({}))).isMistake).toBe(false);
  });
});

describe("throttling", () => {
  it("is never a mistake, whatever Azure has", async () => {
    const throttled = new LinkFailure("token exchange at Entra", "429", "throttling", true, {
      isTrouble: true,
    });
    expect((await explainFailure(throttled, proof, azureWith({}))).isMistake).toBe(false);
  });
});

describe("pointing out", () => {
  it.each([
    ["https://a/b", "https://a/b/", "`…` against `…/`"],
    ["Orders", "orders", "`Orders` against `orders`"],
    ["ns:default:a", "ns:prod:a", "`default` against `prod`"],
    ["", "orders", "`…` against `orders`"],
    ["https://a//b", "https://a/b", "`…/…` against `…`"],
  ])("%s and %s", (found, expected, shown) => {
    expect(pointOut(found, expected)).toBe(shown);
  });
});
