/** Principals that every database has and nobody can drop, with their ids. Their names are in lower case, but for one. */
export const fixedRoles = new Map([
  ["public", 0],
  ["db_owner", 16384],
  ["db_accessadmin", 16385],
  ["db_securityadmin", 16386],
  ["db_ddladmin", 16387],
  ["db_backupoperator", 16389],
  ["db_datareader", 16390],
  ["db_datawriter", 16391],
  ["db_denydatareader", 16392],
  ["db_denydatawriter", 16393],
]);

export const fixedUsers = new Map([
  ["dbo", 1],
  ["guest", 2],
  ["INFORMATION_SCHEMA", 3],
  ["sys", 4],
]);

export const isFixedPrincipal = (name: string): boolean =>
  fixedRoles.has(name.toLowerCase()) ||
  [...fixedUsers.keys()].some((user) => user.toLowerCase() === name.toLowerCase());
