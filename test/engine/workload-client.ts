import { text } from "node:stream/consumers";
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { ResourceManagementClient } from "@azure/arm-resources";
import { SqlManagementClient } from "@azure/arm-sql";
import { DefaultAzureCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import { BlobServiceClient } from "@azure/storage-blob";
import { Connection, Request } from "tedious";
import { openTunnel } from "../../components/dynamic/proxy-tunnel";

// An application of a team that has never heard of the sandbox: the credential finds everything by itself.
const credential = new DefaultAzureCredential();

export async function whoAmI() {
  const { token } = (await credential.getToken("https://management.azure.com/.default")) ?? { token: "" };
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  return { appid: claims.appid, oid: claims.oid, aud: claims.aud, mirid: claims.xms_mirid };
}

export async function readSecret(vaultUri: string, name: string) {
  return (await new SecretClient(vaultUri, credential).getSecret(name)).value;
}

export async function listSecrets(vaultUri: string) {
  const names: string[] = [];
  for await (const { name } of new SecretClient(vaultUri, credential).listPropertiesOfSecrets())
    names.push(name);
  return names;
}

export async function setSecret(vaultUri: string, name: string, value: string) {
  await new SecretClient(vaultUri, credential).setSecret(name, value);
}

const containerOf = (endpoint: string, container: string) =>
  new BlobServiceClient(endpoint, credential).getContainerClient(container);

export async function writeBlob(endpoint: string, container: string, name: string, content: string) {
  await containerOf(endpoint, container).getBlockBlobClient(name).upload(content, Buffer.byteLength(content));
}

export async function readBlob(endpoint: string, container: string, name: string) {
  const { readableStreamBody } = await containerOf(endpoint, container).getBlobClient(name).download();
  return text(readableStreamBody as NodeJS.ReadableStream);
}

export async function listBlobs(endpoint: string, container: string) {
  const names: string[] = [];
  for await (const { name } of containerOf(endpoint, container).listBlobsFlat()) names.push(name);
  return names;
}

/** Runs a statement. @throws Error with SQL Server's number as its code */
export async function sql(server: string, database: string, statement: string) {
  const proxy = new URL(process.env.HTTPS_PROXY as string);
  const connection = new Connection({
    server,
    authentication: { type: "token-credential", options: { credential } },
    options: {
      database,
      encrypt: true,
      maxRetriesOnTransientErrors: 0,
      connector: () => openTunnel(proxy, server, 1433),
    },
  });
  const failed = (number: number | undefined, message: string) =>
    Object.assign(new Error(message), { code: String(number) });
  let said: { number: number; message: string } | undefined;
  connection.on("errorMessage", (message) => {
    said ??= message;
  });
  connection.on("error", () => {});
  try {
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) =>
        error ? reject(failed(said?.number, said?.message ?? error.message)) : resolve(),
      );
    });
    return await new Promise<Record<string, unknown>[]>((resolve, reject) => {
      const rows: Record<string, unknown>[] = [];
      const request = new Request(statement, (error) =>
        error ? reject(failed((error as { number?: number }).number, error.message)) : resolve(rows),
      );
      request.on("row", (columns: { metadata: { colName: string }; value: unknown }[]) => {
        rows.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value])));
      });
      connection.execSqlBatch(request);
    });
  } finally {
    connection.close();
  }
}

const partsOf = (id: string) => {
  const parts = id.split("/");
  return { subscription: parts[2] as string, group: parts[4] as string, last: parts.at(-1) as string };
};

export async function readGroup(id: string) {
  const { subscription, group } = partsOf(id);
  return (await new ResourceManagementClient(credential, subscription).resourceGroups.get(group)).name;
}

export async function readSqlServer(serverId: string) {
  const { subscription, group, last } = partsOf(serverId);
  return (await new SqlManagementClient(credential, subscription).servers.get(group, last)).name;
}

export async function readDatabase(serverId: string, database: string) {
  const { subscription, group, last } = partsOf(serverId);
  return (await new SqlManagementClient(credential, subscription).databases.get(group, last, database)).name;
}

export async function assignRole(scope: string, roleGuid: string, principalId: string) {
  const { subscription } = partsOf(scope);
  const client = new AuthorizationManagementClient(credential, subscription);
  await client.roleAssignments.create(scope, "11111111-2222-4333-8444-555555555555", {
    roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roleGuid}`,
    principalId,
    principalType: "ServicePrincipal",
  });
}
