/** The application that AKS clusters take Entra tokens for, in every tenant. */
export const aksServerApplicationId = "6dae42f8-4368-4678-94ff-3960e28e3630";

/** Ways in which `kubelogin` gets a token without asking anybody. */
export type ClusterLogin = "azurecli" | "workloadidentity" | "msi";

interface KubeconfigFile {
  users: { name: string; user: { exec?: { args?: string[] } & Record<string, unknown> } }[];
  [other: string]: unknown;
}

/**
 * A cluster's user kubeconfig, made to log in without a person: as AKS hands it out, `kubelogin` would show a
 * code to type into a browser.
 *
 * @see https://azure.github.io/kubelogin/concepts/login-modes.html
 */
export function unattendedKubeconfig(userKubeconfig: string, login: ClusterLogin): string {
  // Seventy modules that a program without a cluster does not need.
  const { parse, stringify }: typeof import("yaml") = require("yaml");
  const config = parse(userKubeconfig) as KubeconfigFile;
  const users = config.users.map((entry) => {
    if (!entry.user.exec) return entry;
    const args = ["get-token", "--login", login, "--server-id", aksServerApplicationId];
    return { ...entry, user: { ...entry.user, exec: { ...entry.user.exec, args } } };
  });
  return stringify({ ...config, users });
}

/** How this process is logged in to Azure: by a federated token, or by `az login`. */
export function loginOf(env: NodeJS.ProcessEnv): ClusterLogin {
  return env.AZURE_FEDERATED_TOKEN_FILE ? "workloadidentity" : "azurecli";
}
