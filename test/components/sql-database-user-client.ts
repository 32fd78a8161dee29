import { deployerCredential } from "../../components/dynamic/credential";
import { withSqlSession } from "../../components/dynamic/sql-session";
import { touchDataPlane } from "../../components/propagation/touch";
import {
  type SqlDatabaseUserInputs,
  sqlDatabaseUser,
} from "../../components/resources/sql-database-user-provider";

export const create = (inputs: SqlDatabaseUserInputs) => sqlDatabaseUser.create(inputs);
export const update = (olds: SqlDatabaseUserInputs, news: SqlDatabaseUserInputs) =>
  sqlDatabaseUser.update?.("id", olds, news);
export const read = (props: SqlDatabaseUserInputs) => sqlDatabaseUser.read?.("id", props);
export const remove = (props: SqlDatabaseUserInputs) => sqlDatabaseUser.delete?.("id", props);

/** As the deployer, who is the administrator. */
export async function query(server: string, databaseName: string, sql: string) {
  const token = await deployerCredential().getToken("https://database.windows.net/.default");
  return withSqlSession({ server, databaseName, token: token?.token ?? "" }, (session) => session.query(sql));
}

export const touch = (server: string, databaseName: string, token: string) =>
  touchDataPlane({ kind: "sqlDatabase", server, databaseName }, token);
