import { describe, expect, it } from "vitest";
import { diagnose } from "../../cli/inspection/diagnose";
import type { LiveFacts } from "../../cli/inspection/live-facts";
import type { DeclaredStack } from "../../cli/inspection/stack-state";
import { issuerDifference, subjectDifference } from "../../components/diagnosis/text-difference";

const tenant = "aaaaaaaa-0000-4000-8000-000000000001";
const issuer = `https://westeurope.oic.prod-aks.azure.com/${tenant}/bbbbbbbb-0000-4000-8000-000000000002/`;
const subject = "system:serviceaccount:shop:orders";
const audience = "api://AzureADTokenExchange";
const group = "/subscriptions/s/resourceGroups/rg";
const identityId = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-orders`;
const credentialId = `${identityId}/federatedIdentityCredentials/fc-orders`;
const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks`;
const vaultId = `${group}/providers/Microsoft.KeyVault/vaults/kv`;
const identity = { id: identityId, clientId: "client", principalId: "principal", tenantId: tenant };
const reader = {
  id: `${vaultId}/providers/Microsoft.Authorization/roleAssignments/a`,
  scope: vaultId,
  roleDefinitionId: "/providers/Microsoft.Authorization/roleDefinitions/reader",
  principalId: "principal",
};

const stack = (): DeclaredStack => ({
  clusters: [clusterId],
  identities: [identity],
  credentials: [{ id: credentialId, issuer, subject }],
  roleAssignments: [reader],
  databaseUsers: [],
  data: {
    vaults: [{ id: vaultId, uri: "https://kv.vault.azure.net/" }],
    secrets: [],
    storageAccounts: [],
    containers: [],
    databases: [],
  },
  workloads: [
    {
      kind: "workload",
      name: "orders",
      namespace: "shop",
      serviceAccount: "orders",
      tenantId: tenant,
      clientId: "client",
      audience,
      issuer,
      subject,
      touches: [],
      waitsFor: [credentialId, reader.id],
    },
  ],
});

const live = () => ({
  clusters: [
    {
      id: clusterId,
      issuerUrl: issuer as string | undefined,
      serviceAccounts: [
        {
          namespace: "shop",
          name: "orders",
          annotations: {
            "azure.workload.identity/client-id": "client",
            "azure.workload.identity/tenant-id": tenant,
          } as Record<string, string>,
        },
      ],
      podOwners: [
        {
          kind: "Deployment",
          namespace: "shop",
          name: "orders",
          labels: {},
          serviceAccount: "orders",
          templateLabels: { "azure.workload.identity/use": "true" } as Record<string, string>,
        },
      ],
      pods: [
        {
          namespace: "shop",
          name: "orders-1",
          serviceAccount: "orders",
          labels: { "azure.workload.identity/use": "true" },
          env: { AZURE_CLIENT_ID: "client", AZURE_FEDERATED_TOKEN_FILE: "/token" } as Record<string, string>,
        },
      ],
    },
  ],
  identities: [{ ...identity, credentials: [{ id: credentialId, issuer, subject, audiences: [audience] }] }],
  roleAssignments: [reader],
  roles: { reader: { name: "Key Vault Secrets User", permissions: [] } },
  gonePrincipals: [] as string[],
  unknownPrincipals: [] as string[],
});
type Live = ReturnType<typeof live>;
const found = (facts: LiveFacts) =>
  diagnose(stack(), facts).findings.map(({ severity, mistake }) => `${severity} ${mistake}`);
const credentialsOf = (facts: Live) => facts.identities[0]!.credentials;
const trust = (name: string, changes: object = {}) => ({
  id: `${identityId}/federatedIdentityCredentials/${name}`,
  issuer,
  subject,
  audiences: [audience],
  ...changes,
});

describe("a diagnosis", () => {
  it("is empty when everything fits", () => {
    expect(found(live())).toEqual([]);
  });

  const cases: [string, (facts: Live) => void, string[]][] = [
    [
      "the issuer of a cluster that is gone, beside the right one",
      (facts) =>
        credentialsOf(facts).push(
          trust("fc-old", { issuer: issuer.replace("bbbbbbbb-0000", "cccccccc-0000") }),
        ),
      ["warning issuer-left-over"],
    ],
    [
      "only the issuer of a cluster that is gone",
      (facts) => {
        credentialsOf(facts)[0]!.issuer = issuer.replace("bbbbbbbb-0000", "cccccccc-0000");
      },
      ["error issuer-differs"],
    ],
    [
      "an issuer of another tenant",
      (facts) => {
        credentialsOf(facts)[0]!.issuer = issuer.replace(tenant, "dddddddd-0000-4000-8000-000000000003");
      },
      ["error issuer-tenant"],
    ],
    [
      "two things at once",
      (facts) => {
        credentialsOf(facts)[0]!.issuer = issuer.replace(/\/$/, "");
        credentialsOf(facts)[0]!.audiences = ["api://other"];
      },
      ["error audience", "error issuer-trailing-slash"],
    ],
    [
      "a stranger's credential",
      (facts) =>
        credentialsOf(facts).push(
          trust("ci", {
            issuer: "https://token.actions.githubusercontent.com",
            subject: "repo:a/b:pull_request",
          }),
        ),
      ["warning credential-of-nobody"],
    ],
    [
      "an identity with all the credentials that it can have",
      (facts) => {
        for (let index = 1; index < 20; index++) {
          credentialsOf(facts).push(trust(`fc-${index}`, { subject: `system:serviceaccount:n${index}:a` }));
        }
      },
      ["warning credential-limit", ...Array(19).fill("warning credential-of-nobody")],
    ],
    [
      "an OIDC issuer that is off",
      (facts) => {
        facts.clusters[0]!.issuerUrl = undefined;
      },
      ["error issuer-off"],
    ],
    [
      "no cluster",
      (facts) => {
        facts.clusters = [];
      },
      ["error cluster-gone"],
    ],
    [
      "a cluster that does not answer",
      (facts) => {
        Object.assign(facts.clusters[0]!, {
          unreachable: "no answer",
          serviceAccounts: [],
          podOwners: [],
          pods: [],
        });
      },
      ["error cluster-unreachable"],
    ],
    [
      "no ServiceAccount",
      (facts) => {
        facts.clusters[0]!.serviceAccounts = [];
      },
      ["error service-account-missing"],
    ],
    [
      "a ServiceAccount without annotations",
      (facts) => {
        facts.clusters[0]!.serviceAccounts[0]!.annotations = {};
      },
      ["error client-id-annotation-missing"],
    ],
    ...["60", "86401", "an hour"].map((text): [string, (facts: Live) => void, string[]] => [
      `a token lifetime of ${text}`,
      (facts) => {
        const { annotations } = facts.clusters[0]!.serviceAccounts[0]!;
        annotations["azure.workload.identity/service-account-token-expiration"] = text;
      },
      ["error token-expiration"],
    ]),
    [
      "a label that is not the text true",
      (facts) => {
        facts.clusters[0]!.podOwners[0]!.templateLabels = { "azure.workload.identity/use": "True" };
      },
      ["error pod-label-missing"],
    ],
    [
      "a pod that the webhook has not seen",
      (facts) => {
        facts.clusters[0]!.pods[0]!.env = {};
      },
      ["error pod-not-mutated"],
    ],
    [
      "a pod from before a change",
      (facts) => {
        facts.clusters[0]!.pods[0]!.env.AZURE_CLIENT_ID = "before";
      },
      ["warning pod-with-old-client-id"],
    ],
    [
      "an identity that was made anew",
      (facts) => {
        Object.assign(facts.identities[0]!, { clientId: "other-client", principalId: "other-principal" });
        facts.clusters[0]!.serviceAccounts[0]!.annotations["azure.workload.identity/client-id"] =
          "other-client";
        facts.clusters[0]!.pods[0]!.env.AZURE_CLIENT_ID = "other-client";
        facts.gonePrincipals = ["principal"];
      },
      ["error identity-made-anew", "warning principal-gone"],
    ],
    [
      "a role assignment that is gone",
      (facts) => {
        facts.roleAssignments = [];
      },
      ["error role-missing"],
    ],
    [
      "a role that nobody declared",
      (facts) => {
        facts.roleAssignments.push({ ...reader, id: `${reader.id}-2`, scope: group });
      },
      ["warning role-undeclared"],
    ],
    [
      "principals that cannot be looked up, in the group and above",
      (facts) => {
        facts.roleAssignments.push(
          { ...reader, id: "within", principalId: "stranger" },
          { ...reader, id: "above", principalId: "stranger", scope: "/subscriptions/s" },
        );
        facts.unknownPrincipals = ["stranger"];
      },
      ["note principal-unknown"],
    ],
  ];
  it.each(cases)("names %s", (_name, change, expected) => {
    const facts = live();
    change(facts);
    expect(found(facts)).toEqual(expected);
  });

  it("does not mind the case of ids", () => {
    const facts = live();
    facts.identities[0]!.id = identityId.toUpperCase();
    facts.roleAssignments = [{ ...reader, id: reader.id.toLowerCase(), principalId: "PRINCIPAL" }];
    expect(found(facts)).toEqual([]);
  });
});

describe("two texts that should be one", () => {
  it.each([
    [issuer, undefined],
    [issuer.slice(0, -1), "issuer-trailing-slash"],
    [`${issuer}/`, "issuer-trailing-slash"],
    [issuer.replace("westeurope", "WestEurope"), "issuer-case"],
    [issuer.replace(tenant, "e"), "issuer-tenant"],
    [issuer.replace("westeurope", "northeurope"), "issuer-differs"],
    ["https://token.actions.githubusercontent.com", "issuer-differs"],
  ])("issuer %s: %s", (text, expected) => {
    expect(issuerDifference(text, issuer)).toBe(expected);
  });

  it.each([
    [subject, undefined],
    ["system:serviceaccount:shop:Orders", "subject-case"],
    ["system:serviceaccount:store:orders", "subject-namespace"],
    ["system:serviceaccount:shop:order", "subject-service-account"],
    ["system:serviceaccount:store:order", "subject-differs"],
    ["shop/orders", "subject-differs"],
  ])("subject %s: %s", (text, expected) => {
    expect(subjectDifference(text, subject)).toBe(expected);
  });
});
