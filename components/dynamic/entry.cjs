// What a DynamicResource's provider line asks for. The dynamic-provider process is plain Node, so the loader
// for TypeScript is registered here.
require("sucrase/register/ts");

// Each is loaded when a resource asks for it: the process starts anew for every run of the engine.
module.exports = {
  get propagation() {
    return require("../propagation/provider.ts").propagation;
  },
  get sqlDatabaseUser() {
    return require("../resources/sql-database-user-provider.ts").sqlDatabaseUser;
  },
  get vaultName() {
    return require("../resources/vault-name-provider.ts").vaultName;
  },
};
