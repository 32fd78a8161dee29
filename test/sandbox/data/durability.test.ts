import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startSandbox } from "../../../sandbox/core/sandbox";
import { startProcess } from "../core/process";
import { startClient, temporaryDirectory } from "../harness";
import { azureOf } from "./azure";

/** Everything that was acknowledged is there after the process was killed while it was answering others. */
it("loses nothing when it is killed", async () => {
  const directory = temporaryDirectory();
  const prepared = await startSandbox({ directory });
  const azure = azureOf(prepared);
  const identity = azure.identity("keeper");
  const vault = azure.vault("kv-kept");
  const account = azure.storageAccount("stkept");
  azure.container("stkept", "box");
  azure.put("Microsoft.Sql/servers/sql-kept", { administrators: { sid: identity.clientId } });
  azure.put("Microsoft.Sql/servers/sql-kept/databases/orders");
  azure.assign(identity, "Key Vault Secrets Officer", vault);
  azure.assign(identity, "Storage Blob Data Owner", account);
  const tokens = {
    vault: await azure.token(identity, "https://vault.azure.net"),
    storage: await azure.token(identity, "https://storage.azure.com"),
    sql: await azure.token(identity, "https://database.windows.net/"),
  };
  await prepared.close();

  const { child, ready, exit } = startProcess(["--directory", directory]);
  const { env } = await ready;
  const network = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("AZURE_")));
  const clients = {
    vault: startClient<typeof import("./key-vault-client")>(join(__dirname, "key-vault-client.ts"), network),
    blob: startClient<typeof import("./blob-client")>(join(__dirname, "blob-client.ts"), network),
    sql: startClient<typeof import("./sql-client")>(join(__dirname, "sql-client.ts"), network),
  };
  const sqlLogin = { server: "sql-kept", database: "orders", token: tokens.sql };
  const connection = await clients.sql.call("open", sqlLogin);
  await clients.sql.call("query", connection, "CREATE TABLE kept (id int)");

  const acknowledged = { vault: [] as string[], blob: [] as string[], sql: [] as number[] };
  const writers = [
    async (index: number) => {
      await clients.vault.call("set", {
        vault: "kv-kept",
        token: tokens.vault,
        name: `s${index}`,
        value: `${index}`,
      });
      acknowledged.vault.push(`s${index}`);
    },
    async (index: number) => {
      const blob = { account: "stkept", token: tokens.storage, container: "box", blob: `b${index}` };
      await clients.blob.call("upload", { ...blob, content: `${index}` });
      acknowledged.blob.push(`b${index}`);
    },
    async (index: number) => {
      await clients.sql.call("query", connection, `INSERT INTO kept VALUES (${index})`);
      acknowledged.sql.push(index);
    },
  ].map(async (write) => {
    for (let index = 0; ; index++) await write(index);
  });
  const enough = () => Object.values(acknowledged).every((names) => names.length >= 5);
  while (!enough()) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill("SIGKILL");
  await Promise.all([Promise.allSettled(writers), exit]);
  for (const client of Object.values(clients)) client.stop();

  const restarted = await startSandbox({ directory });
  const vaultAfter = startClient<typeof import("./key-vault-client")>(
    join(__dirname, "key-vault-client.ts"),
    restarted.networkEnv,
  );
  const blobAfter = startClient<typeof import("./blob-client")>(
    join(__dirname, "blob-client.ts"),
    restarted.networkEnv,
  );
  const sqlAfter = startClient<typeof import("./sql-client")>(
    join(__dirname, "sql-client.ts"),
    restarted.networkEnv,
  );
  for (const name of acknowledged.vault) {
    const { value } = await vaultAfter.call("get", { vault: "kv-kept", token: tokens.vault, name });
    expect(value).toBe(name.slice(1));
  }
  for (const blob of acknowledged.blob) {
    const call = { account: "stkept", token: tokens.storage, container: "box", blob };
    expect(await blobAfter.call("download", call)).toBe(blob.slice(1));
  }
  const { rows } = await sqlAfter.call("query", await sqlAfter.call("open", sqlLogin), "SELECT id FROM kept");
  expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged.sql));
  for (const client of [vaultAfter, blobAfter, sqlAfter]) client.stop();
  await restarted.close();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);
