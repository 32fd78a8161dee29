import { createAuthorizer } from "../arm/authorizer";
import { createEntraService } from "../entra/service";
import type { SandboxContext } from "./context";
import type { Service, TcpService } from "./service";

/** Everything that the sandbox plays. */
export interface SandboxServices {
  http: Service[];
  tcp: TcpService[];
}

/** The one place where the parts of the sandbox meet. */
export async function createServices(context: SandboxContext): Promise<SandboxServices> {
  const http = [createEntraService(context)];
  const tcp: TcpService[] = [];
  // Until every part is there, one that cannot be loaded is left out.
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
  await attempt("Key Vault", async () => {
    const { createKeyVaultService } = await import("../data/key-vault/service.js");
    http.push(createKeyVaultService(context));
  });
  await attempt("Blob", async () => {
    const { createBlobService } = await import("../data/blob/service.js");
    http.push(createBlobService(context));
  });
  await attempt("Queue", async () => {
    const { createQueueService } = await import("../data/queue/service.js");
    http.push(createQueueService(context));
  });
  await attempt("Kubernetes", async () => {
    // @ts-expect-error
    const { createKubernetesApiService, createIssuerService } = await import("../kubernetes/service.js");
    http.push(createKubernetesApiService(context), createIssuerService(context));
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
