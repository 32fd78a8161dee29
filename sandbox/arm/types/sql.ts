import type { Provider } from "../resource-type";
import { sqlAdministrator, sqlEntraOnly } from "./sql-administrator";
import { sqlDatabase } from "./sql-database";
import { sqlFirewallRule } from "./sql-firewall-rule";
import { checkServerName, sqlServer } from "./sql-server";

export const sql: Provider = {
  types: [sqlServer, sqlAdministrator, sqlEntraOnly, sqlDatabase, sqlFirewallRule],
  actions: [checkServerName],
};
