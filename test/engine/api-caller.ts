import { DefaultAzureCredential } from "@azure/identity";

// A web app's process: its pod's variables are all that it has.
const credential = new DefaultAzureCredential();

/** Calls an API with a token for `scope`. */
export async function callApi(url: string, scope: string) {
  const { token } = (await credential.getToken(scope)) ?? { token: "" };
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await response.json() };
}

/** Whose tokens the process gets. */
export async function whoAmI() {
  const { token } = (await credential.getToken("https://vault.azure.net/.default")) ?? { token: "" };
  const { oid, appid } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  return { oid, appid };
}
