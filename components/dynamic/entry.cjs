// What a DynamicResource's provider line asks for. The dynamic-provider process is plain Node, so the loader
// for TypeScript is registered here.
require("tsx/cjs");

const { propagation } = require("../propagation/provider.ts");
const { vaultName } = require("../resources/vault-name-provider.ts");

module.exports = { propagation, vaultName };
