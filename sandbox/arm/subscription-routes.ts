import { AzureError } from "../core/azure-error";
import type { Account } from "../core/context";
import { armAddress } from "./arm-address";
import { type ArmAnswer, type Asking, isAllowed, requireAccess } from "./arm-call";
import { methodNotAllowed, resourceGroupNotFound, subscriptionNotFound } from "./errors";
import type { JsonObject } from "./json";
import { locations } from "./locations";
import { page } from "./paging";
import { describeProvider, providerNamespaces } from "./provider-description";
import { getResource, listResources, resourceKey } from "./resource";
import { filterResources } from "./resource-filter";
import { roleAssignmentsOf } from "./resource-index";
import type { ResourceType } from "./resource-type";

/** A request for something that is no resource: subscriptions, regions, providers, lists over all types. */
export interface PlainCall extends Asking {
  method: string;
  segments: string[];
  query: ReadonlyMap<string, string>;
  types: readonly ResourceType[];
}

const versionsOfSubscriptions = [
  "2022-12-01",
  "2022-09-01",
  "2021-01-01",
  "2020-01-01",
  "2019-11-01",
  "2016-06-01",
];
const versionsOfResources = [
  "2025-04-01",
  "2025-03-01",
  "2024-11-01",
  "2024-07-01",
  "2024-03-01",
  "2023-07-01",
];

/** What `/subscriptions…`, `/tenants` and `/metadata/endpoints` are answered with, in versions of these. */
export const plainApiVersions: readonly string[] = [
  ...versionsOfResources,
  ...versionsOfSubscriptions,
  ...[
    "2022-01-01",
    "2021-04-01",
    "2020-10-01",
    "2020-06-01",
    "2019-10-01",
    "2019-05-01",
    "2018-05-01",
    "2015-11-01",
  ],
];

/** The document that tells clients where this cloud's endpoints are; nobody has to log in for it. */
export function metadataEndpoints({ tenantId }: Account): JsonObject {
  return {
    name: "AzureCloud",
    portal: "https://portal.azure.com",
    authentication: {
      loginEndpoint: "https://login.microsoftonline.com",
      audiences: ["https://management.core.windows.net/", "https://management.azure.com/"],
      tenant: tenantId,
      identityProvider: "AAD",
    },
    resourceManager: `${armAddress}/`,
    microsoftGraphResourceId: "https://graph.microsoft.com/",
    suffixes: {
      storage: "core.windows.net",
      keyVaultDns: "vault.azure.net",
      sqlServerHostname: "database.windows.net",
      acrLoginServer: "azurecr.io",
    },
  };
}

/** Answers what is no resource; undefined when the path is another. */
export function answerPlain(call: PlainCall): ArmAnswer | undefined {
  const [first, ...rest] = call.segments.map((segment) => segment.toLowerCase());
  if (first === "tenants" && rest.length === 0) return reading(call, () => tenants(call));
  if (first === "providers" && rest.length === 0) return reading(call, () => providers(call));
  if (first !== "subscriptions") return undefined;
  if (rest.length === 0) return reading(call, () => subscriptions(call));
  if (rest[0] !== call.context.account.subscriptionId.toLowerCase())
    throw subscriptionNotFound(call.segments[1]!);
  return answerInSubscription(call, rest.slice(1));
}

function answerInSubscription(call: PlainCall, rest: string[]): ArmAnswer | undefined {
  const { account } = call.context;
  const [what, name, third] = rest;
  const show = (read: () => unknown) => {
    if (!isVisible(call)) throw subscriptionNotFound(account.subscriptionId);
    return reading(call, read);
  };
  if (rest.length === 0) return show(() => subscription(account));
  if (what === "locations" && rest.length === 1) return show(() => regions(account));
  if (what === "resources" && rest.length === 1) return show(() => resources(call, undefined));
  if (what === "resourcegroups" && third === "resources" && rest.length === 3) {
    return show(() => resources(call, call.segments[3]!));
  }
  if (what !== "providers") return undefined;
  if (rest.length === 1) return show(() => providers(call));
  if (rest.length === 2) return show(() => provider(call, name!));
  if (rest.length === 3 && (third === "register" || third === "unregister")) {
    if (call.method !== "POST") throw methodNotAllowed(call.method);
    requireAccess(call, `${call.segments[3]}/${third}/action`, subscriptionScope(call));
    return { status: 200, body: provider(call, name!) };
  }
  return undefined;
}

function reading(call: PlainCall, read: () => unknown): ArmAnswer {
  if (call.method !== "GET" && call.method !== "HEAD") throw methodNotAllowed(call.method);
  return { status: 200, body: read() };
}

const subscriptionScope = ({ context }: Asking) => `/subscriptions/${context.account.subscriptionId}`;

/** A subscription shows itself to everybody who was given a role anywhere in it. */
const isVisible = (call: PlainCall) =>
  roleAssignmentsOf(call.context.store, call.caller.oid).length > 0 ||
  isAllowed(call, "Microsoft.Resources/subscriptions/read", subscriptionScope(call));

const tenants = ({ context }: PlainCall) => ({
  value: [
    {
      id: `/tenants/${context.account.tenantId}`,
      tenantId: context.account.tenantId,
      tenantCategory: "Home",
    },
  ],
});

const subscriptions = (call: PlainCall) => ({
  value: isVisible(call) ? [subscription(call.context.account)] : [],
  count: { type: "Total", value: isVisible(call) ? 1 : 0 },
});

const subscription = ({ subscriptionId, subscriptionName, tenantId }: Account): JsonObject => ({
  id: `/subscriptions/${subscriptionId}`,
  subscriptionId,
  tenantId,
  displayName: subscriptionName,
  state: "Enabled",
  authorizationSource: "RoleBased",
  subscriptionPolicies: {
    locationPlacementId: "Public_2014-09-01",
    quotaId: "PayAsYouGo_2014-09-01",
    spendingLimit: "Off",
  },
});

const regions = ({ subscriptionId }: Account) => ({
  value: Object.entries(locations).map(([name, displayName]) => ({
    id: `/subscriptions/${subscriptionId}/locations/${name}`,
    name,
    type: "Region",
    displayName,
    regionalDisplayName: displayName,
    metadata: { regionType: "Physical", regionCategory: "Recommended" },
  })),
});

const providers = ({ types, context }: PlainCall) => ({
  value: providerNamespaces(types).map((namespace) => describeProvider(types, namespace, context.account)),
});

/** @throws AzureError 404 InvalidResourceNamespace */
function provider({ types, context, segments }: PlainCall, name: string): JsonObject {
  const namespace = providerNamespaces(types).find((known) => known.toLowerCase() === name);
  if (!namespace) {
    throw new AzureError(
      404,
      "InvalidResourceNamespace",
      `The resource namespace '${segments[3]}' is invalid.`,
    );
  }
  return describeProvider(types, namespace, context.account);
}

/** The resources of all types that have a location and tags, without their properties. */
function resources(call: PlainCall, groupName: string | undefined): JsonObject {
  const group =
    groupName === undefined ? undefined : `${subscriptionScope(call)}/resourceGroups/${groupName}`;
  if (group !== undefined && !getResource(call.context.store, group)) throw resourceGroupNotFound(groupName!);
  const tracked = new Set(call.types.filter((type) => type.tracked).map((type) => type.type.toLowerCase()));
  tracked.delete("microsoft.resources/resourcegroups");
  const all = listResources(call.context.store, `${group ?? `${subscriptionScope(call)}/resourceGroups`}/`);
  const listable = all.filter((resource) => tracked.has(resource.body.type.toLowerCase()));
  const found = filterResources(listable, call.query.get("$filter"));
  const readsAll = isAllowed(call, "*/read", group ?? subscriptionScope(call));
  const readable = found.filter(({ body }) => readsAll || isAllowed(call, `${body.type}/read`, body.id));
  const path = { id: `/${call.segments.join("/")}`, scope: "", namespace: "", types: [], names: [] };
  const listed = page({ query: call.query, path }, readable, ({ body }) => resourceKey(body.id));
  return { ...listed, value: listed.value.map(({ body: { properties: _, ...envelope } }) => envelope) };
}
