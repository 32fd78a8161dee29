// The web app, as it runs in its pods: it reads its secret, and gets the orders from the API.
import { createServer } from "node:http";
import { DefaultAzureCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";

const { VAULT_URI: vaultUri, ORDERS_URL: ordersUrl, ORDERS_SCOPE: ordersScope, PORT = "8080" } = process.env;
const credential = new DefaultAzureCredential();
const secrets = new SecretClient(vaultUri, credential);

const pages = {
  "/greeting": async () => {
    const { value } = await secrets.getSecret("greeting");
    return [200, { characters: value.length }];
  },
  "/orders": async () => {
    const { token } = await credential.getToken(ordersScope);
    const response = await fetch(ordersUrl, { headers: { authorization: `Bearer ${token}` } });
    return [response.status, await response.json()];
  },
};

const server = createServer(async ({ url }, response) => {
  const page = pages[url] ?? (() => [404, { error: "no such page" }]);
  const [status, body] = await Promise.resolve(page()).catch(({ message }) => [502, { error: message }]);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
});
server.listen(Number(PORT), () => console.log(`listening on ${server.address().port}`));
