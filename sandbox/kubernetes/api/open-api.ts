import { apiVersionOf, type Kind } from "../kinds";
import type { Document } from "./discovery";

/**
 * As much of OpenAPI v3 as kubectl asks for before it writes: which kinds there are, and that the server checks
 * fields itself. Schemas leave the fields open, and strategic merge patches are not named, so that kubectl makes
 * them from the types that it knows.
 */
export function openApiDocument(kinds: readonly Kind[], path: readonly string[]): Document | undefined {
  const [format, ...rest] = path;
  if (format !== "v3") return undefined;
  if (rest.length === 0) {
    const versions = [...new Set(kinds.map(pathOf))];
    const paths = Object.fromEntries(
      versions.map((version) => [version, { serverRelativeURL: `/openapi/v3/${version}` }]),
    );
    return { body: { paths }, type: "application/json" };
  }
  const members = kinds.filter((kind) => pathOf(kind) === rest.join("/"));
  if (members.length === 0) return undefined;
  return {
    body: {
      openapi: "3.0.0",
      info: { title: "Kubernetes", version: "unversioned" },
      paths: Object.fromEntries(members.map(pathItem)),
      components: { schemas: Object.fromEntries(members.map((kind) => [schemaName(kind), schema(kind)])) },
    },
    type: "application/json",
  };
}

const pathOf = (kind: Kind) => (kind.group ? `apis/${apiVersionOf(kind)}` : `api/${kind.version}`);
const schemaName = (kind: Kind) => ["io.k8s.api", kind.group || "core", kind.version, kind.kind].join(".");
const groupVersionKind = ({ group, version, kind }: Kind) => ({ group, version, kind });

const schema = (kind: Kind) => ({
  type: "object",
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
  "x-kubernetes-group-version-kind": [groupVersionKind(kind)],
  "x-kubernetes-preserve-unknown-fields": true,
});

function pathItem(kind: Kind) {
  const scope = kind.namespaced ? "/namespaces/{namespace}" : "";
  const query = (name: string) => ({ name, in: "query", schema: { type: "string", uniqueItems: true } });
  const types = ["apply-patch+yaml", "json-patch+json", "merge-patch+json"];
  const patch = {
    operationId: `patch${kind.kind}`,
    parameters: ["dryRun", "fieldManager", "fieldValidation", "force"].map(query),
    requestBody: {
      content: Object.fromEntries(
        types.map((type) => [`application/${type}`, { schema: { type: "object" } }]),
      ),
    },
    responses: {
      "200": {
        description: "OK",
        content: { "application/json": { schema: { $ref: `#/components/schemas/${schemaName(kind)}` } } },
      },
    },
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": groupVersionKind(kind),
  };
  return [`/${pathOf(kind)}${scope}/${kind.plural}/{name}`, { patch }] as const;
}
