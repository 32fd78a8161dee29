import type { Duplex } from "node:stream";
import type { StoredResource } from "../../arm/resource";
import type { SandboxContext } from "../../core/context";
import { SqlError } from "./engine/errors";
import type { Session } from "./engine/session";
import { logIn, openDatabase, passwordRefused, requireServer, sqlAudience } from "./login";
import { ProtocolError } from "./protocol/byte-reader";
import { type Login, parseFedAuthToken, parseLogin7 } from "./protocol/login7";
import { longestMessage, type Message, type MessageReader, packetType, toPackets } from "./protocol/packets";
import { Response } from "./protocol/response";
import { collation } from "./protocol/result-set";
import { answer } from "./requests";

const defaultPacketSize = 4096;
const tds74 = 0x74000004;
const tds80 = 0x08000000;

/** A connection that is encrypted and has exchanged PRELOGINs. */
export interface OpenConnection {
  context: SandboxContext;
  host: string;
  stream: Duplex;
  messages: MessageReader;
  /** TLS is outermost, as TDS 8 has it. */
  strict: boolean;
  /** Called when the login has succeeded. */
  loggedIn(): void;
}

/** Logs the client in and answers its requests until it goes or is refused. @throws ProtocolError */
export async function serve(connection: OpenConnection): Promise<void> {
  const { context, host, messages } = connection;
  const first = await messages.next();
  if (!first) return;
  if (first.type !== packetType.login7) throw new ProtocolError("A login was expected.");
  const login = parseLogin7(first.payload);
  const response = new Response(host.split(".")[0] ?? "");
  let session: Session;
  let server: StoredResource;
  try {
    strikeFault(context, login, host);
    server = requireServer(context, host);
    session = await logIn(context, server, login.database, await tokenOf(connection, login));
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    response.message(error);
    response.done("batch", false);
    send(connection, response, defaultPacketSize);
    return;
  }
  connection.loggedIn();
  messages.parser.limit = longestMessage.afterLogin;
  const packetSize = Math.min(Math.max(login.packetSize, 512), 32_767);
  const { database } = session;
  response.environment("database", database.name, "master");
  response.message({
    number: 5701,
    state: 2,
    class: 0,
    message: `Changed database context to '${database.name}'.`,
  });
  response.collation(collation);
  response.environment("language", "us_english", "");
  response.loginAck(connection.strict ? tds80 : Math.min(login.tdsVersion, tds74));
  response.environment("packetSize", String(packetSize), String(defaultPacketSize));
  response.fedAuthAccepted();
  response.done("batch", false);
  send(connection, response, defaultPacketSize);
  await serveRequests(
    connection,
    session,
    packetSize,
    () => openDatabase(context, server, database.name) !== undefined,
  );
}

async function serveRequests(
  connection: OpenConnection,
  session: Session,
  packetSize: number,
  databaseExists: () => boolean,
): Promise<void> {
  for (;;) {
    const message: Message | undefined = await connection.messages.next();
    if (!message) return;
    const response = new Response(session.database.server);
    if (message.resetConnection) response.connectionReset();
    if (!databaseExists()) {
      connection.stream.destroy();
      return;
    }
    answer(message, session, response);
    send(connection, response, packetSize);
  }
}

/** The token that came with the login, or comes after the client was told where to get it. @throws SqlError */
async function tokenOf(connection: OpenConnection, login: Login): Promise<string> {
  const { context, host, messages } = connection;
  if (!login.fedAuth) throw passwordRefused(login.userName.slice(0, 128));
  if (login.fedAuth.kind === "token") return login.fedAuth.token;
  const response = new Response(host.split(".")[0] ?? "");
  response.fedAuthInfo(`https://login.microsoftonline.com/${context.account.tenantId}`, sqlAudience);
  send(connection, response, defaultPacketSize);
  const message = await messages.next();
  if (message?.type !== packetType.fedAuthToken) throw new ProtocolError("A token was expected.");
  return parseFedAuthToken(message.payload);
}

/** What strikes others as HTTP statuses: here with the numbers that clients know as transient. */
function strikeFault({ faults }: SandboxContext, { database }: Login, host: string): void {
  const fault = faults.strike({ service: "Azure SQL Database", method: "LOGIN", path: `/${database}` });
  if (fault?.kind === "reset") throw new ProtocolError("The connection is reset.");
  if (fault?.kind === "throttle") {
    throw new SqlError(
      49918,
      "Cannot process request. Not enough resources to process request. Please retry you request later.",
    );
  }
  if (fault) {
    throw new SqlError(
      40613,
      `Database '${database}' on server '${host.split(".")[0]}' is not currently available.  Please retry the connection later.`,
      1,
      17,
    );
  }
}

function send({ stream }: OpenConnection, response: Response, packetSize: number): void {
  if (stream.writable) stream.write(toPackets(packetType.tabularResult, response.toBuffer(), packetSize));
}
