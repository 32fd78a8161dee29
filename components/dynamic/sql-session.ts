import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, ConnectionConfiguration } from "tedious";
import { openTunnel, proxyFor } from "./proxy-tunnel";

/** A database, and who logs in. */
export interface SqlLogin {
  /** `<name>.database.windows.net` */
  server: string;
  databaseName: string;
  /** An access token for `https://database.windows.net/`. */
  token: string;
}

/** A connection that is logged in. */
export interface SqlSession {
  /** Runs one statement. Parameters are `@<name>`: texts, and bytes. @throws SqlFailure */
  query(sql: string, parameters?: Record<string, string | Buffer>): Promise<Record<string, unknown>[]>;
}

/** What the server refused, or that no server was reached. */
export class SqlFailure extends Error {
  constructor(
    /** SQL Server's number; undefined when the connection failed. */
    readonly number: number | undefined,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "SqlFailure";
  }

  /** Whether the database or its server is not there. */
  get isAbsence(): boolean {
    return this.number === undefined ? this.#cause() === "ENOTFOUND" : absent.has(this.number);
  }

  /** Whether the same may succeed a little later. */
  get isTransient(): boolean {
    return this.number === undefined || transient.has(this.number);
  }

  /** Whether network rules, and not permissions, keep this machine out. */
  get isKeptOut(): boolean {
    return this.number !== undefined && keptOut.has(this.number);
  }

  #cause(): string | undefined {
    let error: unknown = this.cause;
    while (error instanceof Error && !("code" in error && error.code === "ENOTFOUND")) error = error.cause;
    return error instanceof Error ? "ENOTFOUND" : undefined;
  }
}

/** The login is refused: no such user or, for a while, an administrator who has only just been set. */
export const loginRefused = 18456;

/**
 * 4060 has no such database, 40532 no such server. Both are also what a new one answers at first.
 *
 * @see https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues
 */
const absent = new Set([4060, 40532]);
const transient = new Set([
  ...absent,
  ...[loginRefused, 4221, 10928, 10929, 40143, 40197, 40501, 40540, 40613, 42108, 42109, 49918, 49919, 49920],
]);
/** The firewall, the rules for virtual networks, and no public access at all. */
const keptOut = new Set([40615, 40914, 47073]);

const tdsPort = 1433;
const connectTimeoutMs = 15_000;
const requestTimeoutMs = 30_000;

/**
 * Logs in and does `work`, once.
 *
 * TDS 8, in which TLS comes first, is tried before TDS 7.4, which also reaches servers behind older gateways.
 * Both check the server's certificate.
 *
 * @throws SqlFailure
 * @see https://learn.microsoft.com/sql/relational-databases/security/networking/tds-8
 */
export async function withSqlSession<T>(
  login: SqlLogin,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  const connection = await open(login, "strict").catch((error: SqlFailure) => {
    // A number is the server's own word, and the other way would hear the same.
    if (error.number !== undefined) throw error;
    return open(login, true);
  });
  try {
    return await work({ query: (sql, parameters = {}) => run(connection, sql, parameters) });
  } finally {
    connection.close();
  }
}

async function open(login: SqlLogin, encrypt: "strict" | true): Promise<Connection> {
  // Loaded when it is needed: a preview needs none of it.
  const tedious = await import("tedious");
  const connection = new tedious.Connection(configuration(login, encrypt));
  let said: { number: number; message: string } | undefined;
  connection.on("errorMessage", (message) => {
    said ??= message;
  });
  // An open connection that breaks tells its request; without a listener it would end the process too.
  connection.on("error", () => {});
  return new Promise((resolve, reject) => {
    connection.connect((error) => {
      if (!error) resolve(connection);
      else reject(new SqlFailure(said?.number, said?.message ?? error.message, { cause: error }));
    });
  });
}

function configuration(
  { server, databaseName, token }: SqlLogin,
  encrypt: "strict" | true,
): ConnectionConfiguration {
  const proxy = proxyFor(server);
  return {
    server,
    authentication: { type: "azure-active-directory-access-token", options: { token } },
    options: {
      database: databaseName,
      port: tdsPort,
      encrypt,
      connectTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      maxRetriesOnTransientErrors: 0,
      appName: "azure-keyless",
      // A gateway may send the client on to another host, which the driver then asks for here.
      ...(proxy
        ? {
            connector: (target = { host: server, port: tdsPort }) =>
              openTunnel(proxy, target.host, target.port),
          }
        : {}),
    },
  };
}

async function run(
  connection: Connection,
  sql: string,
  parameters: Record<string, string | Buffer>,
): Promise<Record<string, unknown>[]> {
  const { Request, TYPES } = await import("tedious");
  return new Promise((resolve, reject) => {
    const rows: Record<string, unknown>[] = [];
    const request = new Request(sql, (error) => {
      if (!error) resolve(rows);
      else {
        const { number } = error as { number?: number };
        reject(new SqlFailure(number, error.message, { cause: error }));
      }
    });
    for (const [name, value] of Object.entries(parameters)) {
      request.addParameter(name, typeof value === "string" ? TYPES.NVarChar : TYPES.VarBinary, value);
    }
    request.on("row", (columns: { metadata: { colName: string }; value: unknown }[]) => {
      rows.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value])));
    });
    if (Object.keys(parameters).length === 0) connection.execSqlBatch(request);
    else connection.execSql(request);
  });
}

const firstPauseMs = 500;
const longestPauseMs = 10_000;

/**
 * Tries `work` again, with growing pauses, for as long as it fails with what may pass.
 *
 * @param patienceSeconds after which the last failure is thrown
 * @param mayPass which failures are worth another try
 */
export async function retrying<T>(
  patienceSeconds: number,
  mayPass: (failure: SqlFailure) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + patienceSeconds * 1000;
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.6, longestPauseMs)) {
    try {
      return await work();
    } catch (error) {
      const last = !(error instanceof SqlFailure) || !mayPass(error) || Date.now() + pause > deadline;
      if (last) throw error;
      await sleep(pause * (0.75 + Math.random() / 2));
    }
  }
}
