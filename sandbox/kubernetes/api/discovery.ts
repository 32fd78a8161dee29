import { apiVersionOf, type Kind, reviewKinds } from "../kinds";
import { type ClusterRuntime, kindsOf } from "../runtime";
import { openApiDocument } from "./open-api";

/** A document that describes the API, with its media type. */
export interface Document {
  body: unknown;
  type: string;
}

const json = "application/json";
const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/**
 * What the API says of itself at `pathname`, or undefined when that is not one of its descriptions.
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
 */
export function discoveryDocument(
  runtime: ClusterRuntime,
  pathname: string,
  accept: string,
): Document | undefined {
  const kinds = [...kindsOf(runtime), ...reviewKinds];
  const [root, group, version, ...rest] = pathname.split("/").filter(Boolean);
  const aggregated = accept.includes("as=APIGroupDiscoveryList") && accept.includes("v=v2");
  if (root === "version" && group === undefined) return { body: versionOf(runtime), type: json };
  if (root === "openapi")
    return openApiDocument(
      kinds,
      [group, version, ...rest].filter((step) => step !== undefined),
    );
  if (root === "api" && version === undefined) {
    if (group === "v1") return { body: resourceList(kinds, "", "v1"), type: json };
    if (group !== undefined) return undefined;
    if (aggregated)
      return { body: groupDiscovery(kinds.filter((kind) => kind.group === "")), type: aggregatedType };
    return { body: coreVersions(runtime), type: json };
  }
  if (root !== "apis" || rest.length > 0) return undefined;
  const named = kinds.filter((kind) => kind.group !== "");
  if (group === undefined) {
    if (aggregated) return { body: groupDiscovery(named), type: aggregatedType };
    const groups = [...new Set(named.map((kind) => kind.group))].map((name) => groupOf(named, name));
    return { body: { kind: "APIGroupList", apiVersion: "v1", groups }, type: json };
  }
  const members = named.filter((kind) => kind.group === group);
  if (members.length === 0) return undefined;
  if (version === undefined)
    return { body: { kind: "APIGroup", apiVersion: "v1", ...groupOf(members, group) }, type: json };
  if (!members.some((kind) => kind.version === version)) return undefined;
  return { body: resourceList(kinds, group, version), type: json };
}

function versionOf({ cluster }: ClusterRuntime) {
  const [major, minor] = cluster.version.split(".");
  return {
    major,
    minor,
    gitVersion: `v${cluster.version}`,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "",
    compiler: "",
    platform: "linux/amd64",
  };
}

const coreVersions = ({ cluster }: ClusterRuntime) => ({
  kind: "APIVersions",
  versions: ["v1"],
  serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: `${cluster.fqdn}:443` }],
});

function groupOf(kinds: Kind[], name: string) {
  const versions = [...new Set(kinds.filter((kind) => kind.group === name).map((kind) => kind.version))].map(
    (version) => ({ groupVersion: `${name}/${version}`, version }),
  );
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(kinds: Kind[], group: string, version: string) {
  const members = kinds.filter((kind) => kind.group === group && kind.version === version);
  return {
    kind: "APIResourceList",
    ...(group && { apiVersion: "v1" }),
    groupVersion: apiVersionOf({ group, version }),
    resources: members.flatMap((kind) => [
      {
        name: kind.plural,
        singularName: kind.singular,
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs: kind.verbs,
        ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
        ...(kind.categories.length > 0 && { categories: kind.categories }),
      },
      ...kind.subresources.map((name) => ({
        name: `${kind.plural}/${name}`,
        singularName: "",
        namespaced: kind.namespaced,
        ...subresource(kind, name),
      })),
    ]),
  };
}

function subresource(kind: Kind, name: string) {
  if (name === "scale")
    return { group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] };
  if (name === "token") {
    return { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", verbs: ["create"] };
  }
  if (name === "eviction") return { group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] };
  return { kind: kind.kind, verbs: ["get", "patch", "update"] };
}

/** Everything in one document, as kubectl prefers it. */
function groupDiscovery(kinds: Kind[]) {
  const groups = [...new Set(kinds.map((kind) => kind.group))];
  const scope = (kind: Kind) => (kind.namespaced ? "Namespaced" : "Cluster");
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map((group) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: [...new Set(kinds.filter((kind) => kind.group === group).map((kind) => kind.version))].map(
        (version) => ({
          version,
          freshness: "Current",
          resources: kinds
            .filter((kind) => kind.group === group && kind.version === version)
            .map((kind) => ({
              resource: kind.plural,
              responseKind: { group, version, kind: kind.kind },
              scope: scope(kind),
              singularResource: kind.singular,
              verbs: kind.verbs,
              ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
              ...(kind.categories.length > 0 && { categories: kind.categories }),
              subresources: kind.subresources.map((name) => {
                const {
                  group: ofGroup = group,
                  version: of = version,
                  kind: ofKind,
                  verbs,
                } = subresource(kind, name);
                return {
                  subresource: name,
                  responseKind: { group: ofGroup, version: of, kind: ofKind },
                  verbs,
                };
              }),
            })),
        }),
      ),
    })),
  };
}
