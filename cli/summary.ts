import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import type { Grant } from "../infra/outputs";
import { table } from "./table";

/** The outputs of an environment, as far as the summary shows them. */
interface Outputs {
  resourceGroupId: string;
  vaults: Record<string, { uri: string }>;
  storageAccounts: Record<string, { blobEndpoint: string }>;
  sqlServers: Record<string, { fullyQualifiedDomainName: string }>;
  registry: { loginServer: string };
  cluster: { id: string; issuerUrl: string };
  workloads: Record<string, { clientId: string; subject: string; address?: string }>;
  access: Grant[];
}

const lastOf = (id: string): string => id.split("/").at(-1) ?? id;

/** The kind of a resource and its last part: "vaults/…/secrets/stripe-key"; a wider scope as it is. */
function shortScope(scope: string): string {
  const within = scope.split(/\/providers\/Microsoft\.[^/]+\//).at(-1)!;
  if (within === scope) return scope;
  const [kind, name, ...inner] = within.split("/");
  return inner.length === 0 ? `${kind}/${name}` : [kind, "…", ...inner.slice(-2)].join("/");
}

/**
 * Who may do what where, one row a grant.
 *
 * @param width of the terminal, in characters; where the scopes have no room they are left out, as what may be done
 * names them too. @default wide enough
 */
export function accessTable(grants: Grant[], width = Number.POSITIVE_INFINITY): string {
  const head = ["who", "may", "through the role", "on"];
  const rows = grants.map(({ who, may, role, scope }) => [
    pc.cyan(who),
    may,
    role,
    pc.dim(shortScope(scope)),
  ]);
  const whole = table(head, rows);
  const widest = Math.max(...whole.split("\n").map((line) => stripVTControlCharacters(line).length));
  if (widest <= width) return whole;
  return table(
    head.slice(0, -1),
    rows.map((row) => row.slice(0, -1)),
  );
}

/**
 * What a person sees when an environment is up.
 *
 * @param width of the terminal, in characters. @default wide enough
 */
export function summary(stack: string, outputs: Outputs, seconds: number, width?: number): string {
  const named = <T>(kind: string, record: Record<string, T>, show: (value: T) => string) =>
    Object.entries(record).map(([name, value]) => [kind, name, show(value)]);
  const resources = [
    ["resource group", "", lastOf(outputs.resourceGroupId)],
    ...named("key vault", outputs.vaults, ({ uri }) => uri),
    ...named("storage account", outputs.storageAccounts, ({ blobEndpoint }) => blobEndpoint),
    ...named("SQL server", outputs.sqlServers, ({ fullyQualifiedDomainName }) => fullyQualifiedDomainName),
    ["registry", "", outputs.registry.loginServer],
    ["cluster", "", lastOf(outputs.cluster.id)],
    ["OIDC issuer", "", outputs.cluster.issuerUrl],
  ];
  const workloads = Object.entries(outputs.workloads).map(([name, { clientId, subject, address }]) => [
    pc.cyan(name),
    subject,
    clientId,
    address ? `http://${address}` : pc.dim("inside the cluster"),
  ]);
  return [
    "",
    `${pc.green("✔")} ${pc.bold(stack)} is up, in ${Math.round(seconds)} s. No credential is stored anywhere in it.`,
    "",
    table([], resources),
    "",
    pc.bold("Workloads"),
    table(["name", "Kubernetes subject", "client id", "address"], workloads),
    "",
    pc.bold("Who may do what"),
    accessTable(outputs.access, width),
    "",
    pc.dim("npm run sandbox keeps this Azure running for SDKs and kubectl; npm run destroy takes it down."),
  ].join("\n");
}
