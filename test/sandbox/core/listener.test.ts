import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox } from "../../../sandbox/core/sandbox";
import { startTestSandbox, type TestSandbox, temporaryDirectory } from "../harness";
import { exchange, portOf, proxiedFetch } from "./requests";

let sandbox: TestSandbox;
let fetch: ReturnType<typeof proxiedFetch>;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  fetch = proxiedFetch(sandbox);
});
afterAll(() => sandbox.stop());

const listening = async <S extends Server>(server: S) => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};
const isUp = async () => (await fetch(`${sandbox.proxyUrl}/_sandbox/health`)).status === 200;
const openIdConfiguration = () =>
  `https://login.microsoftonline.com/${sandbox.context.account.tenantId}/v2.0/.well-known/openid-configuration`;

test.each(["0.0.0.0", "::", "192.0.2.1", "example.org"])("it does not listen on %s", async (host) => {
  await expect(startSandbox({ directory: temporaryDirectory(), host })).rejects.toThrow(
    `The sandbox listens on loopback only (127.0.0.1, ::1 or localhost), got '${host}'`,
  );
});

test("a port that is taken is an error, and leaves the directory free", async () => {
  const directory = temporaryDirectory();
  await expect(startSandbox({ directory, port: portOf(sandbox) })).rejects.toThrow("EADDRINUSE");
  const other = await startSandbox({ directory });
  await other.close();
});

describe("names of Azure", () => {
  test("are answered over https, with the ids of the request", async () => {
    const response = await fetch(openIdConfiguration(), {
      headers: { "x-ms-correlation-request-id": "my-own" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-ms-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("x-ms-correlation-request-id")).toBe("my-own");
  });

  test("that nobody plays are answered with 501", async () => {
    const response = await fetch("https://shop.search.windows.net/indexes");
    expect(response.status).toBe(501);
    expect(await response.json()).toMatchObject({
      error: { code: "NotImplemented", message: expect.stringContaining("'shop.search.windows.net'") },
    });
  });

  test("are not answered in plain text", async () => {
    const response = await fetch("http://login.microsoftonline.com/common/discovery/instance");
    expect(response.status).toBe(403);
  });

  test("have no other ports", async () => {
    const answer = await exchange(portOf(sandbox), "CONNECT shop.vault.azure.net:8080 HTTP/1.1\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 501 .*\r\n[\s\S]*port 8080 of 'shop.vault.azure.net'/);
  });
});

describe("all other names", () => {
  test("are joined through, unchanged", async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    const port = await listening(echo);
    const socket = connect(portOf(sandbox), "127.0.0.1");
    const received: string[] = [];
    socket.on("data", (chunk) => received.push(chunk.toString()));
    socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\nearly `);
    await expect.poll(() => received.join("")).toContain("early ");
    socket.write("late");
    await expect.poll(() => received.join("")).toBe("HTTP/1.1 200 Connection Established\r\n\r\nearly late");
    socket.destroy();
    echo.close();
  });

  test("are forwarded in plain http, without the proxy's credential", async () => {
    const origin = createHttpServer((request, response) => {
      response.end(
        JSON.stringify({ url: request.url, credential: request.headers["proxy-authorization"] ?? null }),
      );
    });
    const port = await listening(origin);
    const answer = await exchange(
      portOf(sandbox),
      `GET http://127.0.0.1:${port}/a?b=c HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nProxy-Authorization: Basic eDp5\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toContain('{"url":"/a?b=c","credential":null}');
    origin.close();
  });

  test("that cannot be reached give 502", async () => {
    const closed = createServer();
    const port = await listening(closed);
    await new Promise((resolve) => closed.close(resolve));
    const answer = await exchange(portOf(sandbox), `CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 502 [\s\S]*ECONNREFUSED/);
  });
});

test("a page in a browser cannot reach it under a name of its own", async () => {
  const answer = await exchange(
    portOf(sandbox),
    "GET /_sandbox/health HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n",
  );
  expect(answer).toMatch(/^HTTP\/1\.1 421 /);
});

describe("what is malformed", () => {
  test.each<[string, string | Buffer, RegExp]>([
    ["no HTTP at all", "hello\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["a TLS hello", Buffer.from("16030100050100000100", "hex"), /^HTTP\/1\.1 400 /],
    ["CONNECT without a port's number", "CONNECT vault.azure.net:https HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["CONNECT to port 0", "CONNECT vault.azure.net:0 HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
    [
      "headers beyond 64 KiB",
      `GET / HTTP/1.1\r\nHost: localhost\r\nx: ${"y".repeat(70_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 /,
    ],
    ["another scheme", "GET ftp://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n", /^HTTP\/1\.1 400 /],
    [
      "a body that is not what its length says",
      "POST /_sandbox/faults HTTP/1.1\r\nContent-Length: x\r\n\r\n",
      /^HTTP\/1\.1 400 /,
    ],
  ])("%s is refused", async (_name, bytes, expected) => {
    expect(await exchange(portOf(sandbox), bytes)).toMatch(expected);
    expect(await isUp()).toBe(true);
  });

  test("bytes of any kind never bring it down", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
          fc
            .tuple(
              fc.constantFrom("GET", "POST", "CONNECT", "PUT"),
              fc.string(),
              fc.dictionary(fc.string(), fc.string()),
            )
            .map(([method, target, headers]) =>
              Buffer.from(
                `${method} ${target} HTTP/1.1\r\n${Object.entries(headers)
                  .map(([name, value]) => `${name}: ${value}\r\n`)
                  .join("")}\r\n`,
              ),
            ),
        ),
        async (bytes) => {
          const socket = connect(portOf(sandbox), "127.0.0.1");
          socket.on("error", () => {});
          await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
          socket.destroy();
        },
      ),
      { numRuns: 200 },
    );
    expect(await isUp()).toBe(true);
  });
});

test("1,000 requests at once are all answered", async () => {
  const answers = await Promise.all(
    Array.from({ length: 1000 }, async () => {
      const response = await fetch(openIdConfiguration());
      return [response.status, ((await response.json()) as { issuer: string }).issuer];
    }),
  );
  const { tenantId } = sandbox.context.account;
  expect(new Set(answers.map(String))).toEqual(
    new Set([`200,https://login.microsoftonline.com/${tenantId}/v2.0`]),
  );
});

test("a connection serves one request after another", async () => {
  const request = "GET /_sandbox/clock HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const last = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
  const answer = await exchange(portOf(sandbox), request + request + last);
  expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
});
