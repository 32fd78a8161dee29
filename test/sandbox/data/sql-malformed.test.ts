import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MessageParser, packetType, toPackets } from "../../../sandbox/data/sql/protocol/packets";
import { type Client, startClient, startTestSandbox, type TestSandbox } from "../harness";
import { azureOf } from "./azure";

const host = "sql-fuzz.database.windows.net";

let sandbox: TestSandbox;
let client: Client<typeof import("./sql-client")>;
let login: { server: string; database: string; token: string };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  const azure = azureOf(sandbox);
  const administrator = azure.identity("administrator");
  azure.put("Microsoft.Sql/servers/sql-fuzz", { administrators: { sid: administrator.clientId } });
  azure.put("Microsoft.Sql/servers/sql-fuzz/databases/orders");
  const token = await azure.token(administrator, "https://database.windows.net/");
  login = { server: "sql-fuzz", database: "orders", token };
  client = startClient(join(__dirname, "sql-client.ts"), sandbox.networkEnv);
});

afterAll(async () => {
  client?.stop();
  await sandbox?.stop();
});

function tunnel(): Promise<Socket> {
  const { hostname, port } = new URL(sandbox.proxyUrl);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: hostname, port, method: "CONNECT", path: `${host}:1433` });
    request.on("connect", (_response, socket) => resolve(socket));
    request.on("error", reject);
    request.end();
  });
}

async function strictTunnel(): Promise<TLSSocket> {
  const socket = await tunnel();
  return new Promise((resolve, reject) => {
    const secure = connect({
      socket,
      servername: host,
      ca: sandbox.context.certificates.authorityPem,
      ALPNProtocols: ["tds/8.0"],
    });
    secure.once("secureConnect", () => resolve(secure));
    secure.once("error", reject);
  });
}

/** What comes back until the server closes; it is to do so by itself, or once the client has ended its side. */
function send(socket: Socket, parts: Buffer[], side: "stays open" | "ends"): Promise<Buffer> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(Buffer.concat(received)));
    for (const part of parts) socket.write(part);
    if (side === "ends") socket.end();
  });
}

const prelogin = toPackets(packetType.prelogin, Buffer.from([0x01, 0, 6, 0, 1, 0xff, 0]), 4096);

/** A login that is well formed but for what `change` does to it. */
function loginPacket(change: (fixed: Buffer) => void, features: Buffer): Buffer {
  const fixed = Buffer.alloc(98);
  fixed.writeUInt32LE(0x74000004, 4);
  fixed.writeUInt32LE(4096, 8);
  fixed.writeUInt8(0x10, 27);
  fixed.writeUInt16LE(94, 56);
  fixed.writeUInt16LE(4, 58);
  fixed.writeUInt32LE(98, 94);
  fixed.writeUInt32LE(98 + features.length, 0);
  change(fixed);
  return toPackets(packetType.login7, Buffer.concat([fixed, features]), 4096);
}

/** LOGINACK begins a successful login's answer after its environment changes. */
function isLetIn(bytes: Buffer): boolean {
  const messages = new MessageParser().push(bytes);
  return messages.slice(1).some(({ payload }) => payload[0] === 0xe3);
}

async function stillServes(): Promise<void> {
  const connection = await client.call("open", login);
  expect((await client.call("query", connection, "SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await client.call("close", connection);
}

describe("connections that are wrong", () => {
  it.each<[string, Buffer[]]>([
    ["HTTP", [Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]],
    ["a login in the clear", [prelogin, loginPacket(() => {}, Buffer.from([0xff]))]],
    ["a packet shorter than its header", [Buffer.from([0x12, 1, 0, 4, 0, 0, 0, 0])]],
    [
      "a PRELOGIN whose options point outside",
      [toPackets(0x12, Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 0xff]), 4096)],
    ],
    ["a PRELOGIN without end", [toPackets(0x12, Buffer.alloc(3), 4096)]],
    [
      "a message without end",
      Array.from({ length: 10 }, () =>
        Buffer.concat([Buffer.from([0x12, 0, 0xff, 0xff, 0, 0, 0, 0]), Buffer.alloc(65527)]),
      ),
    ],
  ])("%s: is cut off", async (_what, parts) => {
    expect(isLetIn(await send(await tunnel(), parts, "stays open"))).toBe(false);
    await stillServes();
  });

  it.each<[string, Buffer]>([
    ["no authentication", loginPacket(() => {}, Buffer.from([0xff]))],
    ["features outside", loginPacket((fixed) => fixed.writeUInt32LE(99_999, 94), Buffer.from([0xff]))],
    ["features without end", loginPacket(() => {}, Buffer.from([0x04, 1, 0, 0, 0, 1]))],
    [
      "a feature longer than the message",
      loginPacket(() => {}, Buffer.from([0x02, 0xff, 0xff, 0xff, 0x7f, 3])),
    ],
    [
      "a token longer than its feature",
      loginPacket(() => {}, Buffer.from([0x02, 6, 0, 0, 0, 3, 0xff, 0xff, 0, 0, 0, 0xff])),
    ],
    ["an empty token", loginPacket(() => {}, Buffer.from([0x02, 5, 0, 0, 0, 3, 0, 0, 0, 0, 0xff]))],
    ["names outside", loginPacket((fixed) => fixed.writeUInt32LE(0xffff_fff0, 40), Buffer.from([0xff]))],
    ["a login that is too short", toPackets(packetType.login7, Buffer.alloc(20), 4096)],
    ["a query before the login", toPackets(packetType.sqlBatch, Buffer.alloc(40), 4096)],
  ])("a login with %s: is refused", async (_what, packet) => {
    expect(isLetIn(await send(await strictTunnel(), [prelogin, packet], "stays open"))).toBe(false);
    await stillServes();
  });

  it("survives whatever bytes come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0x01, 0x03, 0x06, 0x08, 0x0e, 0x10, 0x12, 0x16),
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        async (type, body, strict) => {
          const packet = toPackets(type, Buffer.from(body), 4096);
          const socket = strict ? await strictTunnel() : await tunnel();
          expect(isLetIn(await send(socket, strict ? [prelogin, packet] : [packet], "ends"))).toBe(false);
        },
      ),
      { numRuns: 40, seed: 7 },
    );
    await stillServes();
  }, 30_000);
});
