// What a DynamicResource's provider line asks for. The dynamic-provider process is plain Node, so the loader
// for TypeScript is registered here.
require("sucrase/register/ts");

const { propagation } = require("../propagation/provider.ts");
const { sqlDatabaseUser } = require("../resources/sql-database-user-provider.ts");
const { vaultName } = require("../resources/vault-name-provider.ts");

module.exports = { propagation, sqlDatabaseUser, vaultName };
