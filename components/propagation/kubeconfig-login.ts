import type { RequestOptions } from "node:https";
// The package's index loads a class for each type of Kubernetes, half a second of them.
import type { User } from "@kubernetes/client-node/dist/config_types.js";
import { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import { parse } from "yaml";

/** What a kubeconfig says of the cluster and the user of its current context. */
export interface KubeconfigLogin {
  /** The address of the API server, without a slash at its end. */
  server: string;
  /** PEM; undefined for those that the machine trusts anyway. */
  certificateAuthority: string | undefined;
  /** Headers that make a request the user's. @throws Error when the login's command cannot be run, or fails */
  headers(): Promise<Record<string, string>>;
}

interface KubeconfigFile {
  "current-context"?: string;
  contexts?: { name: string; context: { cluster: string; user: string } }[];
  clusters?: { name: string; cluster: { server: string; "certificate-authority-data"?: string } }[];
  users?: { name: string; user: { token?: string; exec?: User["exec"] } }[];
}

/** Reads a kubeconfig whose user has a token, or a command (`kubelogin`) that gets one: what AKS hands out. */
export function readKubeconfig(kubeconfig: string): KubeconfigLogin {
  const file = parse(kubeconfig) as KubeconfigFile | null;
  const context = file?.contexts?.find(({ name }) => name === file["current-context"])?.context;
  const cluster = file?.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  if (!cluster) throw new Error("the kubeconfig has no current cluster");
  const { token, exec } = file?.users?.find(({ name }) => name === context?.user)?.user ?? {};
  const ca = cluster["certificate-authority-data"];
  const commands = new ExecAuth();

  // One after another: the first runs the command, and the others find its token.
  let lastLogin: Promise<unknown> = Promise.resolve();
  function login(): Promise<Record<string, string>> {
    const next = lastLogin.then(async () => {
      const options: RequestOptions = { headers: {} };
      await commands.applyAuthentication({ name: "user", exec }, options);
      return options.headers as Record<string, string>;
    });
    lastLogin = next.catch(() => {});
    return next;
  }

  return {
    server: cluster.server.replace(/\/$/, ""),
    certificateAuthority: ca === undefined ? undefined : Buffer.from(ca, "base64").toString(),
    headers: async () => (exec ? login() : token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}
