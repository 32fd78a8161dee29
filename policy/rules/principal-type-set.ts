import { isAzureNative, UNKNOWN } from "../core/resource";
import type { ResourceRule } from "../core/rule";
import { shown, valueAt } from "../core/setting";

/** @see https://learn.microsoft.com/rest/api/authorization/role-assignments/create#principaltype */
const PRINCIPAL_TYPES = ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"];

/** Without it Azure looks the principal up, and refuses one that was made a moment ago. */
export const principalTypeSet: ResourceRule = {
  name: "principal-type-set",
  description: "Every role assignment says what kind of principal it is for.",
  url: "https://learn.microsoft.com/azure/role-based-access-control/role-assignments-template#new-service-principal",
  check: ({ type, properties }) => {
    if (!isAzureNative(type, "authorization:RoleAssignment")) return [];
    const value = valueAt(properties, "principalType");
    if (value === UNKNOWN || (typeof value === "string" && PRINCIPAL_TYPES.includes(value))) return [];
    return [
      {
        property: "principalType",
        allowed: `one of ${PRINCIPAL_TYPES.join(", ")}`,
        found: shown(value),
        remedy: "For a managed identity or an application set it to ServicePrincipal.",
      },
    ];
  },
};
