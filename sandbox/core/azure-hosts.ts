/**
 * The domains in which the sandbox stands for Azure. Its certificate authority can vouch for names in these
 * and for nothing else.
 */
export const azureDomains = [
  "azure.com",
  "azure.net",
  "azure-api.net",
  "azurecr.io",
  "azurewebsites.net",
  "azmk8s.io",
  "graph.microsoft.com",
  "login.microsoft.com",
  "microsoftonline.com",
  "sandbox.test",
  "windows.net",
] as const;

/** Azure DevOps serves source code and packages: tools that a developer goes on using beside the sandbox. */
const notInTheSandbox = ["dev.azure.com"];

const isWithin = (host: string, domain: string) => host === domain || host.endsWith(`.${domain}`);

/** Whether `host` (lower case, without port) is a name that Azure answers for. */
export function isAzureHost(host: string): boolean {
  return (
    azureDomains.some((domain) => isWithin(host, domain)) &&
    !notInTheSandbox.some((domain) => isWithin(host, domain))
  );
}

/** Whether `host` is this machine, as a name or an address, without port and brackets. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Splits `host:port` as it stands in a Host header or after CONNECT; undefined when it is neither. */
export function parseAuthority(
  authority: string,
  defaultPort: number,
): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(authority);
  if (!match) return undefined;
  const port = match[3] === undefined ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65535) return undefined;
  const host = (match[1] ?? match[2] ?? "").toLowerCase().replace(/\.$/, "");
  return host === "" ? undefined : { host, port };
}
