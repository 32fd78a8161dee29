import {
  createServer as createHttpServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { AzureError, sendAzureError } from "./azure-error";
import { isAzureHost, isLoopbackHost, parseAuthority } from "./azure-hosts";
import type { Certificates } from "./certificates";
import type { Dispatcher } from "./dispatcher";
import type { Service, TcpService } from "./service";

/** The one socket that the sandbox listens on. */
export interface Listener {
  port: number;
  close(): Promise<void>;
}

export interface ListenerArgs {
  host: string;
  /** 0 takes any free port. */
  port: number;
  certificates: Certificates;
  dispatcher: Dispatcher;
  tcpServices: readonly TcpService[];
  /** Answers requests that are made to the listener itself, without a proxy between. */
  local: Service;
}

/** Azure's front doors close an idle connection after four minutes or more; clients reuse theirs for less. */
const keepAliveTimeoutMs = 240_000;
const maxHeaderSizeBytes = 64 * 1024;

/**
 * Listens on loopback as an HTTP proxy. What a client asks of Azure's names stays here: TLS ends here, and the
 * name decides which service answers. Everything else passes through untouched.
 *
 * @throws Error when `host` is not a loopback address, or the port is taken
 */
export async function listen(args: ListenerArgs): Promise<Listener> {
  if (!isLoopbackHost(args.host)) {
    throw new Error(
      `The sandbox listens on loopback only (127.0.0.1, ::1 or localhost), got '${args.host}': ` +
        "anyone who reaches it may act as the owner of its subscription.",
    );
  }
  const { certificates, dispatcher, tcpServices, local } = args;
  const sockets = new Set<Socket>();
  const serverOptions = { keepAliveTimeout: keepAliveTimeoutMs, maxHeaderSize: maxHeaderSizeBytes };

  const secure = createHttpsServer(
    { ...certificates.serverOptions, ...serverOptions },
    (request, response) => {
      const target = parseAuthority(request.headers.host ?? "", 443);
      if (!target) refuse(response, 400, "BadRequest", "The request has no usable Host header.");
      else answer(target.host, request, response);
    },
  );
  /** What clients said who they are when they asked for a tunnel, by the tunnel's socket. */
  const credentials = new WeakMap<Socket, string>();
  const plain = createHttpServer(serverOptions, (request, response) => {
    const credential = credentials.get(request.socket);
    if (credential !== undefined) request.headers["proxy-authorization"] = credential;
    const target = parseAuthority(request.headers.host ?? "", 80);
    if (!target) refuse(response, 400, "BadRequest", "The request has no usable Host header.");
    else answerPlainly(target.host, request, response);
  });
  const proxy = createHttpServer(serverOptions, (request, response) => {
    if (request.url?.startsWith("/")) answerLocally(request, response);
    else answerOrForward(request, response);
  });

  const answer = (host: string, request: IncomingMessage, response: ServerResponse) => {
    const service = dispatcher.serviceFor(host);
    if (service) dispatcher.dispatch(service, request, response);
    else dispatcher.refuseHost(host, response);
  };

  const answerPlainly = (host: string, request: IncomingMessage, response: ServerResponse) => {
    const service = dispatcher.serviceFor(host);
    if (service?.plainHttp) dispatcher.dispatch(service, request, response);
    else if (service) refuse(response, 403, "HttpsRequired", `'${host}' is reached by https only.`);
    else dispatcher.refuseHost(host, response);
  };

  const answerLocally = (request: IncomingMessage, response: ServerResponse) => {
    const target = parseAuthority(request.headers.host ?? "", 80);
    // A page in a browser can make its own name point to loopback; requests under such a name are not for us.
    if (target && isLoopbackHost(target.host)) dispatcher.dispatch(local, request, response);
    else
      refuse(response, 421, "MisdirectedRequest", "The sandbox answers here as 127.0.0.1 or localhost only.");
  };

  const answerOrForward = (request: IncomingMessage, response: ServerResponse) => {
    const url = URL.canParse(request.url ?? "") ? new URL(request.url!) : undefined;
    if (url?.protocol !== "http:") {
      refuse(response, 400, "BadRequest", "The proxy forwards http URLs; https goes through CONNECT.");
      return;
    }
    const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
    const path = `${url.pathname}${url.search}`;
    if (isLoopbackHost(host) && Number(url.port || 80) === (proxy.address() as AddressInfo).port) {
      request.url = path;
      answerLocally(request, response);
    } else if (isPlayed(host)) {
      request.url = path;
      answerPlainly(host, request, response);
    } else {
      forward(url, request, response);
    }
  };

  const isPlayed = (host: string) => isAzureHost(host) || dispatcher.serviceFor(host) !== undefined;

  proxy.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const client = socket as Socket;
    client.on("error", () => client.destroy());
    const target = parseAuthority(request.url ?? "", 443);
    if (!target) return rejectTunnel(client, "400 Bad Request", "CONNECT needs host:port.");
    const { host, port } = target;
    const isHttp = port === 443 || port === 80;
    const tcpService = isHttp ? undefined : tcpServices.find((service) => service.serves(host, port));
    if (tcpService) {
      acceptTunnel(client, head);
      tcpService.handle(client, host);
    } else if (port === 443 && isAzureHost(host)) {
      acceptTunnel(client, head);
      secure.emit("connection", client);
    } else if (port === 80 && isPlayed(host)) {
      const credential = request.headers["proxy-authorization"];
      if (credential !== undefined) credentials.set(client, credential);
      acceptTunnel(client, head);
      plain.emit("connection", client);
    } else if (isAzureHost(host)) {
      rejectTunnel(client, "501 Not Implemented", `The sandbox does not play port ${port} of '${host}'.`);
    } else {
      tunnel(client, head, host, port);
    }
  });
  proxy.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  for (const server of [proxy, plain, secure]) server.on("clientError", answerMalformed);
  secure.on("tlsClientError", (_error, socket) => socket.destroy());

  await new Promise<void>((resolve, reject) => {
    proxy.once("error", reject);
    proxy.listen({ host: args.host, port: args.port, backlog: 4096 }, () => {
      proxy.off("error", reject);
      resolve();
    });
  });
  return {
    port: (proxy.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  sendAzureError(response, new AzureError(status, code, message, { headers: { connection: "close" } }));
}

function acceptTunnel(client: Socket, head: Buffer): void {
  client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
  if (head.length > 0) client.unshift(head);
}

function rejectTunnel(client: Socket, status: string, message: string): void {
  client.end(
    `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(message)}\r\n` +
      `connection: close\r\n\r\n${message}`,
  );
}

/** Joins the client with a host of the real network, and neither reads nor changes what passes. */
function tunnel(client: Socket, head: Buffer, host: string, port: number): void {
  let connected = false;
  const remote = connect({ host, port }, () => {
    connected = true;
    acceptTunnel(client, Buffer.alloc(0));
    if (head.length > 0) remote.write(head);
    client.pipe(remote).pipe(client);
  });
  remote.on("error", (error: NodeJS.ErrnoException) => {
    if (connected) client.destroy();
    else
      rejectTunnel(
        client,
        "502 Bad Gateway",
        `'${host}:${port}' cannot be reached: ${error.code ?? "failed"}.`,
      );
  });
  remote.on("close", () => client.end());
  client.on("close", () => remote.destroy());
}

function forward(url: URL, request: IncomingMessage, response: ServerResponse): void {
  const { "proxy-authorization": _secret, "proxy-connection": _hop, ...headers } = request.headers;
  const upstream = httpRequest(url, { method: request.method ?? "GET", headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on("error", () => response.destroy());
    answer.pipe(response);
  });
  upstream.on("error", (error: NodeJS.ErrnoException) => {
    if (response.headersSent) response.destroy();
    else refuse(response, 502, "BadGateway", `'${url.host}' cannot be reached: ${error.code ?? "failed"}.`);
  });
  response.on("close", () => upstream.destroy());
  request.pipe(upstream);
}

/** What Node's parser could not read is answered where possible, and never brings the process down. */
function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
