// The API, as it runs in its pods: whoever has a token for it with the role gets the orders.
import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";

const { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience, PORT = "8080" } = process.env;
const configuration = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
const keys = createRemoteJWKSet(new URL(configuration.jwks_uri));

async function answer({ headers }) {
  const [, token] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
  try {
    const { payload } = await jwtVerify(token ?? "", keys, { issuer, audience });
    if (!payload.roles?.includes("Orders.Read")) return [403, { error: "the role Orders.Read is missing" }];
    return [200, { orders: ["4711"], caller: payload.azp }];
  } catch ({ message }) {
    return [401, { error: message }];
  }
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
});
server.listen(Number(PORT), () => console.log(`listening on ${server.address().port}`));
