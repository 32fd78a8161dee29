/** @see https://learn.microsoft.com/sql/relational-databases/databases/database-identifiers */
const longestName = 128;

/**
 * A name as T-SQL takes it wherever a name may stand, whatever characters are in it.
 *
 * @throws Error when it is empty or longer than 128 characters
 */
export function quoteName(name: string): string {
  if (name === "" || name.length > longestName) {
    throw new Error(`a name in a database must be 1 to ${longestName} characters, got ${name.length}`);
  }
  return `[${name.replaceAll("]", "]]")}]`;
}

const guidPattern = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/;

/**
 * The SID of the principal with this id: the 16 bytes of a `uniqueidentifier`, whose first three groups are
 * stored with their lowest byte first.
 *
 * @throws Error when it is not a GUID
 */
export function sidOf(guid: string): Buffer {
  const groups = guidPattern.exec(guid.toLowerCase())?.slice(1);
  if (!groups) throw new Error(`the SID of a user is made from a GUID, got '${guid}'`);
  return Buffer.concat(
    groups.map((hex, index) => {
      const bytes = Buffer.from(hex, "hex");
      return index < 3 ? bytes.reverse() : bytes;
    }),
  );
}

/** The id from which a SID was made; the SID itself in hexadecimal when it is not an Entra principal's. */
export function guidOf(sid: Buffer): string {
  if (sid.length !== 16) return `0x${sid.toString("hex")}`;
  const hex = (from: number, to: number) => sid.subarray(from, to).toString("hex");
  const reversed = (from: number, to: number) =>
    Buffer.from(sid.subarray(from, to)).reverse().toString("hex");
  return [reversed(0, 4), reversed(4, 6), reversed(6, 8), hex(8, 10), hex(10, 16)].join("-");
}

/** @see https://learn.microsoft.com/sql/t-sql/statements/create-user-transact-sql */
export function createUser(userName: string, sidGuid: string, userType: "E" | "X"): string {
  const sid = sidOf(sidGuid).toString("hex").toUpperCase();
  return `CREATE USER ${quoteName(userName)} WITH SID = 0x${sid}, TYPE = ${userType}`;
}

export const dropUser = (userName: string): string => `DROP USER ${quoteName(userName)}`;

/**
 * What takes a user from the roles that it has to those that it should have.
 *
 * @see https://learn.microsoft.com/sql/t-sql/statements/alter-role-transact-sql
 */
export function changeRoles(
  userName: string,
  present: readonly string[],
  wanted: readonly string[],
): string[] {
  const alter = (role: string, change: "ADD" | "DROP") =>
    `ALTER ROLE ${quoteName(role)} ${change} MEMBER ${quoteName(userName)}`;
  return [
    ...wanted.filter((role) => !present.includes(role)).map((role) => alter(role, "ADD")),
    ...present.filter((role) => !wanted.includes(role)).map((role) => alter(role, "DROP")),
  ];
}
