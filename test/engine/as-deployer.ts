import type { RunningSandbox } from "../../sandbox/core/sandbox";

/** Requests of the deployer's own, past the engine: what somebody does by hand in a portal or a shell. */
export interface AsDeployer {
  /** A call of Azure Resource Manager. @throws Error unless it succeeds */
  arm(method: "GET" | "PUT" | "DELETE", path: string, apiVersion: string, body?: unknown): Promise<any>;
  /** A JSON merge patch of an object in the cluster whose API server is `fqdn`. @throws Error unless it succeeds */
  patch(fqdn: string, path: string, body: unknown): Promise<any>;
}

/** The application that AKS clusters take tokens for. */
const aksServer = "6dae42f8-4368-4678-94ff-3960e28e3630";

export function asDeployer({ context }: RunningSandbox): AsDeployer {
  const { account, directory, network, tokens } = context;
  const call = async (
    url: string,
    audience: string,
    init: { method: string; type: string; body: unknown },
  ): Promise<any> => {
    const deployer = directory.byObjectId(account.deployer.objectId);
    if (!deployer) throw new Error("the sandbox has no deployer");
    const response = await network.fetch(url, {
      method: init.method,
      headers: {
        authorization: `Bearer ${await tokens.issue(deployer, audience, 3600)}`,
        "content-type": init.type,
      },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  return {
    arm: (method, path, apiVersion, body) =>
      call(`https://management.azure.com${path}?api-version=${apiVersion}`, "https://management.azure.com", {
        method,
        type: "application/json",
        body,
      }),
    patch: (fqdn, path, body) =>
      call(`https://${fqdn}${path}`, aksServer, {
        method: "PATCH",
        type: "application/merge-patch+json",
        body,
      }),
  };
}
