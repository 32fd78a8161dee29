import type { Database } from "./database";
import type { SqlType, SqlValue } from "./values";

/** Who is connected to which database, from login to logout. */
export interface Session {
  database: Database;
  /** The database user: "dbo" for the server's administrator. */
  userName: string;
  /** The user's SID in hexadecimal; undefined for the server's Entra administrator, who may do everything. */
  sid: string | undefined;
  /** "{client id}@{tenant}" for an application: what SUSER_SNAME says. */
  loginName: string;
  id: number;
  /** Milliseconds since the epoch, in sandbox time. */
  now(): number;
}

/** What the statements of a batch share. */
export interface Batch {
  session: Session;
  /** By name in lower case, with the "@". */
  variables: Map<string, { value: SqlValue; type: SqlType }>;
  rowCount: number;
  /** How many EXECs this one is within. */
  depth: number;
}
