import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { SandboxContext } from "../../core/context";
import type { TcpService } from "../../core/service";
import { serve } from "./connection";
import { ProtocolError } from "./protocol/byte-reader";
import { MessageReader, packetType, toPackets } from "./protocol/packets";
import { checkPrelogin, preloginResponse } from "./protocol/prelogin";
import { startTlsInPackets } from "./protocol/tls-in-packets";

const hostPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.database\.windows\.net$/;
const sqlPort = 1433;
const tlsHandshake = 0x16;
const packetSize = 4096;

/** A client that has not logged in by then, in real time, is cut off. */
const loginTimeoutMs = 30_000;

/**
 * Azure SQL Database as far as logins and permissions go: TDS 7.4, in which TLS begins within the protocol, and TDS 8,
 * in which it is outermost. Logins are by Entra token. What T-SQL it understands is in `language/parser.ts`;
 * everything else is refused with error 40514, which names it.
 *
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-tds/b46a581a-39de-4745-b076-ec4dbb7d13ec
 */
export function createSqlServer(context: SandboxContext): TcpService {
  return {
    name: "Azure SQL Database",
    serves: (host, port) => port === sqlPort && hostPattern.test(host),
    handle: (socket, host) => {
      socket.on("error", () => socket.destroy());
      socket.setNoDelay(true);
      converse(context, socket, host).catch((error: unknown) => {
        if (!(error instanceof ProtocolError))
          console.error("Azure SQL Database: a connection failed:", error);
        socket.destroy();
      });
    },
  };
}

async function converse(context: SandboxContext, socket: Socket, host: string): Promise<void> {
  const deadline = setTimeout(() => socket.destroy(), loginTimeoutMs);
  deadline.unref();
  try {
    const first = await firstByte(socket);
    if (first === undefined) {
      socket.end();
      return;
    }
    const secureContext = await context.certificates.secureContextFor(host);
    const strict = first === tlsHandshake;
    if (!strict && first !== packetType.prelogin) throw new ProtocolError("Neither TLS nor TDS.");
    if (!strict) {
      const clear = new MessageReader(socket);
      await exchangePrelogin(clear, socket, false);
      clear.detach();
    }
    const stream = strict
      ? new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ["tds/8.0"] })
      : startTlsInPackets(socket, secureContext);
    stream.on("error", () => socket.destroy());
    stream.on("close", () => socket.destroy());
    const messages = new MessageReader(stream);
    if (strict) await exchangePrelogin(messages, stream, true);
    await serve({ context, host, stream, messages, strict, loggedIn: () => clearTimeout(deadline) });
    stream.end();
  } finally {
    clearTimeout(deadline);
  }
}

/** The first byte, which stays to be read; undefined when the client goes before it sends any. */
async function firstByte(socket: Socket): Promise<number | undefined> {
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk) {
      socket.unshift(chunk);
      return chunk[0];
    }
    if (socket.readableEnded || socket.destroyed) return undefined;
    await new Promise<void>((resolve) => {
      const done = () => {
        for (const event of ["readable", "end", "close"]) socket.off(event, done);
        resolve();
      };
      for (const event of ["readable", "end", "close"]) socket.on(event, done);
    });
  }
}

async function exchangePrelogin(
  messages: MessageReader,
  stream: Socket,
  alreadyEncrypted: boolean,
): Promise<void> {
  const message = await messages.next();
  if (message?.type !== packetType.prelogin) throw new ProtocolError("A PRELOGIN was expected.");
  checkPrelogin(message.payload);
  stream.write(toPackets(packetType.tabularResult, preloginResponse(alreadyEncrypted), packetSize));
}
