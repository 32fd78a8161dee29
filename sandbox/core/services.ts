import { createAuthorizer } from "../arm/authorizer";
import { createBlobService } from "../data/blob/service";
import { createKeyVaultService } from "../data/key-vault/service";
import { createQueueService } from "../data/queue/service";
import { createEntraService } from "../entra/service";
import { createIssuerService, createKubernetesApiService } from "../kubernetes/service";
import type { SandboxContext } from "./context";
import type { Service, TcpService } from "./service";

/** Everything that the sandbox plays. */
export interface SandboxServices {
  http: Service[];
  tcp: TcpService[];
}

/** The one place where the parts of the sandbox meet. */
export async function createServices(context: SandboxContext): Promise<SandboxServices> {
  const http = [
    createEntraService(context),
    createKeyVaultService(context),
    createBlobService(context),
    createQueueService(context),
    createKubernetesApiService(context),
    createIssuerService(context),
  ];
  const tcp: TcpService[] = [];
  // Until these parts are there, one that cannot be loaded is left out.
  const attempt = async (part: string, load: () => Promise<void>) => {
    try {
      await load();
    } catch (error) {
      if (process.env.KEYLESS_SHOW_MISSING) console.error(`${part} is left out: ${(error as Error).message}`);
    }
  };
  await attempt("ARM", async () => {
    const { createArmService } = await import("../arm/service.js");
    http.push(createArmService(context));
  });
  await attempt("SQL", async () => {
    // @ts-expect-error
    const { createSqlServer } = await import("../data/sql/server.js");
    tcp.push(createSqlServer(context));
  });
  return { http, tcp };
}

/** Who decides about access. */
export const createSandboxAuthorizer = createAuthorizer;
