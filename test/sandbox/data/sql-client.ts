import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Connection, type ConnectionConfiguration, Request, TYPES } from "tedious";

/** Where and as whom to connect. */
export interface SqlCall {
  server: string;
  database?: string;
  token?: string;
  /** A login with a password in place of a token. */
  password?: { userName: string; password: string };
  /** `false` for the strict way of TDS 8, which is not the driver's default. */
  strict?: boolean;
}

/** What the server said, which the driver's own error does not tell when a login fails. */
class SqlFailure extends Error {
  readonly code: string;
  constructor(
    number: number | undefined,
    message: string,
    readonly state?: number,
  ) {
    super(message);
    this.name = "SqlFailure";
    this.code = String(number);
  }
}

/** A tunnel through the proxy that the environment names. */
function tunnel(host: string, port: number): Promise<Socket> {
  const proxy = new URL(process.env.HTTPS_PROXY!);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: proxy.hostname,
      port: proxy.port,
      method: "CONNECT",
      path: `${host}:${port}`,
    });
    request.on("connect", (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode === 200) resolve(socket);
      else reject(new Error(`The proxy answered ${response.statusCode}.`));
    });
    request.on("error", reject);
    request.end();
  });
}

function configuration({
  server,
  database,
  token,
  password,
  strict = true,
}: SqlCall): ConnectionConfiguration {
  const host = `${server}.database.windows.net`;
  return {
    server: host,
    authentication: password
      ? { type: "default", options: password }
      : { type: "azure-active-directory-access-token", options: { token: token ?? "" } },
    options: {
      ...(database === undefined ? {} : { database }),
      encrypt: strict ? "strict" : true,
      connector: () => tunnel(host, 1433),
      maxRetriesOnTransientErrors: 0,
      connectTimeout: 5000,
    },
  };
}

const connections = new Map<number, Connection>();
let opened = 0;

export async function open(call: SqlCall): Promise<number> {
  const connection = new Connection(configuration(call));
  let said: { number: number; message: string; state: number } | undefined;
  connection.on("errorMessage", (message) => {
    said ??= message;
  });
  connection.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => {
      if (!error) resolve();
      else reject(new SqlFailure(said?.number, said?.message ?? error.message, said?.state));
    });
  });
  opened += 1;
  connections.set(opened, connection);
  return opened;
}

export function close(id: number): void {
  connections.get(id)?.close();
}

/** Rows as objects; text parameters by name. */
export function query(id: number, sql: string, parameters: Record<string, string | number | null> = {}) {
  return run(id, sql, parameters, "execSql");
}

/** The text as a batch of its own. */
export function batch(id: number, sql: string) {
  return run(id, sql, {}, "execSqlBatch");
}

function run(id: number, sql: string, parameters: object, how: "execSql" | "execSqlBatch" | "callProcedure") {
  const connection = connections.get(id)!;
  return new Promise<{ rowCount: number | undefined; rows: Record<string, unknown>[] }>((resolve, reject) => {
    const rows: Record<string, unknown>[] = [];
    const request = new Request(sql, (error, rowCount) => {
      const { number, state } = (error ?? {}) as { number?: number; state?: number };
      if (error) reject(new SqlFailure(number, error.message, state));
      else resolve({ rowCount, rows });
    });
    for (const [name, value] of Object.entries(parameters)) {
      request.addParameter(name, typeof value === "number" ? TYPES.Int : TYPES.NVarChar, value);
    }
    request.on("row", (columns: { metadata: { colName: string }; value: unknown }[]) => {
      rows.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value])));
    });
    connection[how](request);
  });
}

export const call = (id: number, procedure: string) => run(id, procedure, {}, "callProcedure");

export function reset(id: number): Promise<void> {
  return new Promise((resolve, reject) => {
    connections.get(id)!.reset((error) => (error ? reject(error) : resolve()));
  });
}

export function transaction(id: number): Promise<void> {
  return new Promise((resolve, reject) => {
    connections.get(id)!.beginTransaction((error) => (error ? reject(error) : resolve()));
  });
}

/** Every type that the server understands, there and back. */
export async function roundTrip(id: number) {
  const connection = connections.get(id)!;
  const values = {
    text: [TYPES.NVarChar, "grüße ✓"],
    long: [TYPES.NVarChar, "x".repeat(70_000)],
    narrow: [TYPES.VarChar, "plain"],
    int: [TYPES.Int, -7],
    tiny: [TYPES.TinyInt, 200],
    small: [TYPES.SmallInt, -300],
    big: [TYPES.BigInt, "9007199254740993"],
    bit: [TYPES.Bit, true],
    float: [TYPES.Float, 2.5],
    guid: [TYPES.UniqueIdentifier, "00112233-4455-6677-8899-AABBCCDDEEFF"],
    bytes: [TYPES.VarBinary, Buffer.from("00ff10", "hex")],
    time: [TYPES.DateTime2, new Date(Date.UTC(2026, 10, 21, 10, 20, 30, 123))],
    nothing: [TYPES.NVarChar, null],
  } as const;
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    let row: Record<string, unknown> = {};
    const names = Object.keys(values);
    const request = new Request(`SELECT ${names.map((name) => `@${name} AS ${name}`).join(", ")}`, (error) =>
      error ? reject(error) : resolve(row),
    );
    for (const [name, [type, value]] of Object.entries(values)) request.addParameter(name, type, value);
    request.on("row", (columns: { metadata: { colName: string }; value: unknown }[]) => {
      row = Object.fromEntries(
        columns.map(({ metadata, value }) => [
          metadata.colName,
          Buffer.isBuffer(value)
            ? value.toString("hex")
            : value instanceof Date
              ? value.toISOString()
              : value,
        ]),
      );
    });
    connection.execSql(request);
  });
}
