import type { SandboxContext } from "../core/context";

const lifetimeSeconds = 3600;

/**
 * Access tokens of the sandbox's deployer, for the providers that run beside it: signed as Entra signs them,
 * without the way through its endpoint.
 *
 * @returns a function from a scope (`https://management.azure.com/.default`) to a token
 */
export function deployerCredential({
  account,
  directory,
  tokens,
}: Pick<SandboxContext, "account" | "directory" | "tokens">): (scope: string) => Promise<string> {
  return async (scope) => {
    const deployer = directory.byObjectId(account.deployer.objectId);
    if (deployer === undefined) throw new Error("The sandbox's deployer is not in its directory.");
    const audience = scope.replace(/\/+\.default$/, "");
    return await tokens.issue(deployer, audience, lifetimeSeconds);
  };
}
