import { AzureError } from "../../core/azure-error";
import { isObject, objectIn, textIn, textsIn } from "../json";
import { getResource, listResources, type StoredResource } from "../resource";
import { parentOf } from "../resource-path";
import type { Provider, ResourceType, Write } from "../resource-type";
import { envelope } from "./envelope";

const identityType = "Microsoft.ManagedIdentity/userAssignedIdentities";
const credentialType = `${identityType}/federatedIdentityCredentials`;

const credentialVersions = [
  ...["2025-05-31-preview", "2025-01-31-preview", "2024-11-30", "2023-07-31-preview", "2023-01-31"],
  "2022-01-31-preview",
];
const identityVersions = [...credentialVersions, "2021-09-30-preview", "2018-11-30", "2015-08-31-preview"];

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftmanagedidentity */
const identityName = /^[a-z0-9][a-z0-9_-]{2,127}$/i;

const userAssignedIdentity: ResourceType = {
  type: identityType,
  apiVersions: identityVersions,
  level: "resourceGroup",
  tracked: true,
  // Seen with azurerm: 1 s. How long credentials take was not to be found.
  writeSeconds: 1,
  checkName: (name) => {
    if (identityName.test(name)) return;
    throw new AzureError(
      400,
      "InvalidResourceName",
      `The resource name '${name}' is invalid. It has 3 to 128 letters, digits, hyphens and underscores, and starts with a letter or digit.`,
    );
  },
  write: (write) => {
    const { context } = write.call;
    const before = write.existing?.body.properties;
    const principal = before
      ? { principalId: before.principalId, clientId: before.clientId }
      : newPrincipal(write);
    const visibleAt = context.directory.byObjectId(String(principal.principalId))?.visibleAt;
    return {
      body: envelope(write, identityType, { tenantId: context.account.tenantId, ...principal }),
      ...(visibleAt === undefined ? {} : { visibleAt }),
    };
  },
  removed: ({ directory }, { body }) => directory.remove(String(body.properties.principalId)),
};

function newPrincipal({ call, id, name }: Write): { principalId: string; clientId: string } {
  const { objectId, clientId } = call.context.directory.createManagedIdentity({
    displayName: name,
    resourceId: id,
  });
  return { principalId: objectId, clientId };
}

/** @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
const limits = { credentialsPerIdentity: 20, characters: 600 } as const;
const credentialName = /^[a-zA-Z0-9][a-zA-Z0-9-_]{2,119}$/;
/** @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations#unsupported-regions-user-assigned-managed-identities */
const regionsWithoutCredentials = ["malaysiasouth", "newzealandnorth"];

const badCredential = (message: string) => new AzureError(400, "BadRequest", message);

function readCredential({ body }: Write): { issuer: string; subject: string; audiences: string[] } {
  const properties = objectIn(body, "properties");
  const issuer = textIn(properties, "issuer");
  const subject = textIn(properties, "subject");
  const audiences = textsIn(properties, "audiences");
  if (!issuer || !subject || !audiences) {
    throw badCredential("Federated Identity Credential from HTTP body has empty properties");
  }
  if (audiences.length !== 1 || audiences[0] === "") {
    throw badCredential("Federated identity credentials must have exactly one audience.");
  }
  for (const [name, value] of Object.entries({ issuer, subject, audience: audiences[0]! })) {
    if (value.length > limits.characters) {
      throw badCredential(
        `Federated Identity Credential ${name} has ${value.length} characters; at most ${limits.characters} are allowed.`,
      );
    }
    if (value.includes("*"))
      throw badCredential(`Federated Identity Credential ${name} must not contain wildcards.`);
  }
  if (!URL.canParse(issuer) || new URL(issuer).protocol !== "https:") {
    throw badCredential("Federated Identity Credential issuer must be a valid https URL.");
  }
  return { issuer, subject, audiences };
}

function checkSiblings({ call, parent, existing }: Write, issuer: string, subject: string): void {
  const siblings = listResources(
    call.context.store,
    `${parent!.body.id}/federatedIdentityCredentials/`,
  ).filter((sibling) => sibling.body.id !== existing?.body.id);
  if (
    siblings.some(
      ({ body: { properties } }) => properties.issuer === issuer && properties.subject === subject,
    )
  ) {
    throw badCredential("Issuer and subject combination already exists for this Managed Identity.");
  }
  if (!existing && siblings.length >= limits.credentialsPerIdentity) {
    throw badCredential(
      `Too many Federated Identity Credentials exist for the managed identity. The maximum number is ${limits.credentialsPerIdentity}.`,
    );
  }
}

const federatedIdentityCredential: ResourceType = {
  type: credentialType,
  apiVersions: credentialVersions,
  level: "resourceGroup",
  methods: ["PUT", "DELETE"],
  checkName: (name) => {
    if (!credentialName.test(name))
      throw badCredential(`Federated Identity Credential name '${name}' is invalid.`);
  },
  parentNotFound: () => new AzureError(404, "NotFound", "The parent user-assigned identity doesn't exist."),
  writeSeconds: 1,
  exclusive: {
    key: ({ path }) => parentOf(path).id.toLowerCase(),
    milliseconds: 25,
    conflict: ({ path }) =>
      new AzureError(
        409,
        "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        `Too many Federated Identity Credentials are written concurrently for the managed identity '${parentOf(path).id.toLowerCase()}'. Concurrent Federated Identity Credentials writes under the same managed identity are not supported.`,
      ),
  },
  write: (write) => {
    if (regionsWithoutCredentials.includes(write.parent!.body.location ?? "")) {
      throw new AzureError(
        405,
        "MethodNotAllowed",
        "The request format was unexpected: Support for federated identity credentials not enabled.",
      );
    }
    const { issuer, subject, audiences } = readCredential(write);
    checkSiblings(write, issuer, subject);
    const { existing } = write;
    const unchanged =
      existing?.body.properties.issuer === issuer &&
      existing.body.properties.subject === subject &&
      JSON.stringify(existing.body.properties.audiences) === JSON.stringify(audiences);
    return {
      body: envelope(write, credentialType, { issuer, subject, audiences }),
      visibleAt:
        (unchanged ? existing?.visibleAt : undefined) ??
        write.call.context.faults.visibleAt("federatedCredential"),
    };
  },
};

/** The system-assigned identity of any resource, read beneath it. */
const systemAssignedIdentity: ResourceType = {
  type: "Microsoft.ManagedIdentity/identities",
  apiVersions: identityVersions,
  level: "extension",
  methods: [],
  find: ({ context, path }): StoredResource | undefined => {
    if (path.names[0]?.toLowerCase() !== "default") return undefined;
    const owner = getResource(context.store, path.scope);
    const identity = owner?.body.identity;
    const principalId = isObject(identity) ? identity.principalId : undefined;
    if (!owner || typeof principalId !== "string") return undefined;
    const principal = context.directory.byObjectId(principalId);
    return {
      body: {
        id: `${owner.body.id}/providers/Microsoft.ManagedIdentity/identities/default`,
        name: "default",
        type: "Microsoft.ManagedIdentity/identities",
        location: owner.body.location ?? "",
        properties: { tenantId: context.account.tenantId, principalId, clientId: principal?.clientId },
      },
    };
  },
};

export const managedIdentity: Provider = {
  types: [userAssignedIdentity, federatedIdentityCredential, systemAssignedIdentity],
};
