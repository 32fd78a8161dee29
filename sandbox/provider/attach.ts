import { readFileSync } from "node:fs";
import type { RunningSandbox } from "../core/sandbox";
import { createAzureNativeProvider } from "./azure-native";
import { createAzureAdProvider } from "./azuread";
import { createKubernetesProvider } from "./kubernetes";
import { createRandomProvider } from "./random";
import { type RunningProviders, startProviders } from "./server";

const tokenSeconds = 3600;

/** Serves the providers of a sandbox to engines, which act as its deployer. */
export async function attachProviders(sandbox: RunningSandbox): Promise<RunningProviders> {
  const { account, clock, directory, tokens } = sandbox.context;
  const { deployer, tenantId, subscriptionId } = account;
  const held = new Map<string, { token: Promise<string>; renewAt: number }>();

  const credential = (scope: string): Promise<string> => {
    const known = held.get(scope);
    if (known && clock.now() < known.renewAt) return known.token;
    const principal = directory.byObjectId(deployer.objectId);
    if (!principal) throw new Error("The deployer is not in the sandbox's directory any more.");
    const token = tokens.issue(principal, scope.replace(/\/+\.default$/, ""), tokenSeconds);
    held.set(scope, { token, renewAt: clock.now() + (tokenSeconds * 1000) / 2 });
    return token;
  };

  const access = {
    proxyUrl: sandbox.proxyUrl,
    caCertificate: readFileSync(sandbox.caCertificatePath, "utf8"),
    credential,
    tenantId,
    clientId: deployer.clientId,
    objectId: deployer.objectId,
  };
  const azureNative = createAzureNativeProvider({
    ...access,
    subscriptionId,
    // A run that was killed, or that lost its state, is taken up where it was by running it again.
    adoptExisting: true,
  });
  const azureAd = createAzureAdProvider(access);
  const kubernetes = createKubernetesProvider({ proxyUrl: sandbox.proxyUrl, credential });
  const providers = await startProviders([azureNative, azureAd, kubernetes, createRandomProvider()]);
  return {
    ...providers,
    close: async () => {
      await providers.close();
      await Promise.all([azureNative.close(), azureAd.close(), kubernetes.close()]);
    },
  };
}
