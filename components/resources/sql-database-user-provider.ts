import type { TokenCredential } from "@azure/identity";
import type * as pulumi from "@pulumi/pulumi";
import { loginRefused, retrying, SqlFailure, type SqlSession, withSqlSession } from "../dynamic/sql-session";
import { changeRoles, createUser, dropUser, guidOf, sidOf } from "./sql-database-user-statements";

export interface SqlDatabaseUserInputs {
  server: string;
  databaseName: string;
  userName: string;
  sidGuid: string;
  userType: "E" | "X";
  roles: string[];
}

/** A new server takes its administrator's logins after a while, and a paused database a minute to resume. */
const patienceSeconds = 120;

/** One for all users that this process makes, because it keeps the token. */
let credential: TokenCredential | undefined;

function deployer(): TokenCredential {
  // Loaded when there is a user to make: no preview needs it, and it takes long to load.
  const { deployerCredential }: typeof import("../dynamic/credential") = require("../dynamic/credential");
  credential ??= deployerCredential();
  return credential;
}

/** Does `work` in the user's database as the deployer, again from the start when what fails may pass. */
async function inDatabase<T>(
  { server, databaseName }: SqlDatabaseUserInputs,
  mayPass: (failure: SqlFailure) => boolean,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  try {
    return await retrying(patienceSeconds, mayPass, async () => {
      const token = await deployer().getToken("https://database.windows.net/.default");
      if (!token) throw new Error("the deployer has no token for databases");
      return withSqlSession({ server, databaseName, token: token.token }, work);
    });
  } catch (error) {
    if (!(error instanceof SqlFailure)) throw error;
    const where = `database ${databaseName} on ${server}`;
    const number = error.number === undefined ? "" : `error ${error.number}: `;
    throw new SqlFailure(error.number, `${where}: ${number}${error.message}${adviceOn(error)}`, {
      cause: error.cause,
    });
  }
}

function adviceOn(failure: SqlFailure): string {
  if (failure.number === loginRefused) {
    return " Users are made by whoever runs the program, who must be the server's Entra administrator.";
  }
  return failure.isKeptOut ? " Let the address of whoever runs the program in through 'network'." : "";
}

/** What the database knows of the user. */
interface FoundUser {
  name: string;
  roles: string[];
}

async function findUser(session: SqlSession, sidGuid: string): Promise<FoundUser | undefined> {
  const sid = sidOf(sidGuid);
  const [user] = await session.query("SELECT name FROM sys.database_principals WHERE sid = @sid", { sid });
  if (!user) return undefined;
  const roles = await session.query(
    "SELECT role.name FROM sys.database_role_members AS member" +
      " INNER JOIN sys.database_principals AS role ON role.principal_id = member.role_principal_id" +
      " INNER JOIN sys.database_principals AS person ON person.principal_id = member.member_principal_id" +
      " WHERE person.sid = @sid",
    { sid },
  );
  return { name: String(user.name), roles: roles.map(({ name }) => String(name)).sort() };
}

/** Makes the user, or takes over the one that has its SID, and gives it its roles and no others. */
async function converge(session: SqlSession, inputs: SqlDatabaseUserInputs): Promise<void> {
  const { userName, sidGuid, userType, roles } = inputs;
  let user = await findUser(session, sidGuid);
  if (!user) {
    await refuseNamesake(session, inputs);
    await session.query(createUser(userName, sidGuid, userType));
    user = { name: userName, roles: [] };
  }
  for (const statement of changeRoles(user.name, user.roles, roles)) await session.query(statement);
}

async function refuseNamesake(session: SqlSession, inputs: SqlDatabaseUserInputs): Promise<void> {
  const { userName, sidGuid, databaseName, server } = inputs;
  const [namesake] = await session.query("SELECT sid FROM sys.database_principals WHERE name = @name", {
    name: userName,
  });
  if (!namesake) return;
  const other = Buffer.isBuffer(namesake.sid) ? guidOf(namesake.sid) : "none";
  throw new Error(
    `database ${databaseName} on ${server} has a user '${userName}' already, and it is somebody else: ` +
      `its SID is that of ${other}, and the SID of this one would be that of ${sidGuid}. ` +
      "Drop that user if its principal is gone, or give the identity another name.",
  );
}

const outputs = (inputs: SqlDatabaseUserInputs, roles = inputs.roles): SqlDatabaseUserInputs => ({
  server: inputs.server,
  databaseName: inputs.databaseName,
  userName: inputs.userName,
  sidGuid: inputs.sidGuid,
  userType: inputs.userType,
  roles: [...roles].sort(),
});

const sameRoles = (one: readonly string[], other: readonly string[]) =>
  JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());

/** Absence is what is left of a database that is gone, and no reason to wait. */
const passesWhereThere = (failure: SqlFailure) => failure.isTransient && !failure.isAbsence;

export const sqlDatabaseUser: pulumi.dynamic.ResourceProvider<SqlDatabaseUserInputs, SqlDatabaseUserInputs> =
  {
    create: async (inputs) => {
      await inDatabase(
        inputs,
        (failure) => failure.isTransient,
        (session) => converge(session, inputs),
      );
      return { id: `${inputs.server}/${inputs.databaseName}/${inputs.sidGuid}`, outs: outputs(inputs) };
    },
    diff: async (_id, olds, news) => {
      const keys = ["server", "databaseName", "sidGuid", "userType"] as const;
      const replaces = keys.filter((key) => olds[key] !== news[key]);
      const changes = replaces.length > 0 || !sameRoles(olds.roles, news.roles);
      return { changes, replaces, deleteBeforeReplace: true };
    },
    update: async (_id, _olds, news) => {
      await inDatabase(news, passesWhereThere, (session) => converge(session, news));
      return { outs: outputs(news) };
    },
    read: async (id, props) => {
      const known = props as SqlDatabaseUserInputs;
      const user = await inDatabase(known, passesWhereThere, (session) =>
        findUser(session, known.sidGuid),
      ).catch(absentAsNothing);
      return user ? { id, props: outputs(known, user.roles) } : { id: "", props: known };
    },
    delete: async (_id, props) => {
      await inDatabase(props, passesWhereThere, async (session) => {
        const user = await findUser(session, props.sidGuid);
        if (user) await session.query(dropUser(user.name));
      }).catch(absentAsNothing);
    },
  };

function absentAsNothing(error: unknown): undefined {
  if (error instanceof SqlFailure && error.isAbsence) return undefined;
  throw error;
}
