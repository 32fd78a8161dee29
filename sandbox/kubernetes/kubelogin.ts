import { DefaultAzureCredential } from "@azure/identity";
import { aksServerApplicationId } from "./server-application";

/** What an exec plugin prints for kubectl and other clients. @see https://kubernetes.io/docs/reference/config-api/client-authentication.v1/ */
export interface ExecCredential {
  apiVersion: string;
  kind: "ExecCredential";
  status: { token: string; expirationTimestamp: string };
}

/**
 * Does `kubelogin get-token --server-id <id> …` as far as clusters of the sandbox need it: a token of whoever the
 * environment says, by the chain of DefaultAzureCredential. How to log in (`--login`), for which client and tenant
 * is left to that chain.
 * @param argv the arguments after the program's name
 * @param execInfo the client's `KUBERNETES_EXEC_INFO`, which names the version that it reads
 * @throws Error for another command
 * @see https://azure.github.io/kubelogin/
 */
export async function kubelogin(argv: readonly string[], execInfo = ""): Promise<ExecCredential> {
  if (argv[0] !== "get-token") {
    throw new Error(
      `kubelogin: only 'get-token' is there, got '${argv[0] ?? ""}'. This is the sandbox's stand-in.`,
    );
  }
  const option = argv.indexOf("--server-id");
  const serverId = option < 0 ? aksServerApplicationId : (argv[option + 1] ?? aksServerApplicationId);
  const { token, expiresOnTimestamp } = await new DefaultAzureCredential().getToken(`${serverId}/.default`);
  return {
    apiVersion: execInfo.includes("client.authentication.k8s.io/v1beta1")
      ? "client.authentication.k8s.io/v1beta1"
      : "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token, expirationTimestamp: new Date(expiresOnTimestamp).toISOString() },
  };
}

if (require.main === module) {
  kubelogin(process.argv.slice(2), process.env.KUBERNETES_EXEC_INFO).then(
    (credential) => console.log(JSON.stringify(credential)),
    (error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
