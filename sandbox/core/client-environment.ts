import type { Certificates } from "./certificates";
import type { Account } from "./context";

/**
 * The variables that make a process see the sandbox where Azure would be: through its proxy, with its
 * certificates trusted.
 *
 * @param proxyUrl may hold the key of the simulated machine that the process runs on, as the proxy's password
 */
export function networkEnvironment(proxyUrl: string, certificates: Certificates): Record<string, string> {
  const noProxy = "127.0.0.1,localhost";
  return {
    HTTPS_PROXY: proxyUrl,
    https_proxy: proxyUrl,
    HTTP_PROXY: proxyUrl,
    http_proxy: proxyUrl,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    NODE_EXTRA_CA_CERTS: certificates.authorityFile,
    SSL_CERT_FILE: certificates.bundleFile,
    REQUESTS_CA_BUNDLE: certificates.bundleFile,
    CURL_CA_BUNDLE: certificates.bundleFile,
  };
}

/** The variables with which a process is the deployer, for the Azure SDKs and for Pulumi's azure-native provider. */
export function deployerEnvironment(account: Account, assertionFile: string): Record<string, string> {
  const { tenantId, subscriptionId, deployer } = account;
  return {
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: deployer.clientId,
    AZURE_FEDERATED_TOKEN_FILE: assertionFile,
    AZURE_SUBSCRIPTION_ID: subscriptionId,
    ARM_USE_OIDC: "true",
    ARM_OIDC_TOKEN_FILE_PATH: assertionFile,
    ARM_TENANT_ID: tenantId,
    ARM_CLIENT_ID: deployer.clientId,
    ARM_SUBSCRIPTION_ID: subscriptionId,
  };
}
