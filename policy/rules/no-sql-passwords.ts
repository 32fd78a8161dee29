import { isAzureNative, type Resource } from "../core/resource";
import type { ResourceRule, Violation } from "../core/rule";
import { requireSetting, valueAt } from "../core/setting";

/** A SQL server or managed instance knows Entra principals only, from its creation on. */
export const noSqlPasswords: ResourceRule = {
  name: "no-sql-passwords",
  description: "SQL servers take Entra logins only, and no administrator password is set.",
  url: "https://learn.microsoft.com/azure/azure-sql/database/authentication-azure-ad-only-authentication",
  check: (resource) => {
    if (isAzureNative(resource.type, "sql:Server", "sql:ManagedInstance"))
      return [
        ...requireSetting(resource, "administrators.azureADOnlyAuthentication", true, {
          remedy: "Name an Entra administrator in 'administrators' and set it there.",
        }),
        ...noPassword(resource),
      ];
    if (
      isAzureNative(
        resource.type,
        "sql:ServerAzureADOnlyAuthentication",
        "sql:ManagedInstanceAzureADOnlyAuthentication",
      )
    )
      return requireSetting(resource, "azureADOnlyAuthentication", true, {
        remedy: "Set it, or leave this resource out and set it in the server's 'administrators'.",
      });
    return [];
  },
};

/** A password that is not known yet is a password all the same. */
function noPassword({ properties }: Resource): Violation[] {
  if (valueAt(properties, "administratorLoginPassword") === undefined) return [];
  return [
    {
      property: "administratorLoginPassword",
      allowed: "left out",
      found: "a value",
      remedy: "Remove it together with 'administratorLogin': an Entra-only server needs neither.",
    },
  ];
}
