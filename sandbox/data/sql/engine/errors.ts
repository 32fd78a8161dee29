import type { ServerMessage } from "../protocol/response";

/** An error of the server, with SQL Server's own number. */
export class SqlError extends Error implements ServerMessage {
  constructor(
    readonly number: number,
    message: string,
    readonly state = 1,
    /** Severity. */
    readonly errorClass = 16,
  ) {
    super(message);
    this.name = "SqlError";
  }

  get class(): number {
    return this.errorClass;
  }
}

/** @see https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors */
export const syntaxError = (near: string) => new SqlError(102, `Incorrect syntax near '${near}'.`, 1, 15);
export const invalidObject = (name: string) => new SqlError(208, `Invalid object name '${name}'.`);
export const invalidColumn = (name: string) => new SqlError(207, `Invalid column name '${name}'.`);
export const undeclaredVariable = (name: string) =>
  new SqlError(137, `Must declare the scalar variable "${name}".`, 2, 15);

/** The number that Azure SQL Database has for features that it lacks; here for all that the sandbox lacks. */
export const unsupported = (what: string) =>
  new SqlError(40514, `'${what}' is not supported in the sandbox's version of SQL Server.`);

export const cannotConvert = (type: string) =>
  new SqlError(8114, `Error converting data type to ${type}.`, 5);

export const objectPermissionDenied = (
  permission: string,
  object: string,
  database: string,
  schema: string,
) =>
  new SqlError(
    229,
    `The ${permission} permission was denied on the object '${object}', database '${database}', schema '${schema}'.`,
    5,
    14,
  );
export const statementPermissionDenied = (statement: string, database: string) =>
  new SqlError(262, `${statement} permission denied in database '${database}'.`, 1, 14);
export const notPermitted = () =>
  new SqlError(15247, "User does not have permission to perform this action.");

/** Also the answer to who may not know whether it exists. */
export const missingOrNotPermitted = (verb: string, kind: string, name: string) =>
  new SqlError(
    15151,
    `Cannot ${verb} the ${kind} '${name}', because it does not exist or you do not have permission.`,
  );
export const principalExists = (name: string) =>
  new SqlError(15023, `User, group, or role '${name}' already exists in the current database.`);
export const duplicateSid = (name: string) =>
  new SqlError(33131, `Principal '${name}' has a duplicate SID. Choose a different SID for the principal.`);
export const externalProviderUnavailable = (name: string) =>
  new SqlError(
    33134,
    `Principal '${name}' could not be resolved. Error message: 'Server identity is not configured. Please follow the steps in "Assign an Azure AD identity to your server and add Directory Reader permission to your identity" (https://aka.ms/sqlaadsetup)'`,
  );
