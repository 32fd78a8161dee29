import { broadReason } from "../core/broad-grant";
import { UNKNOWN } from "../core/resource";
import type { ResourceRule } from "../core/rule";
import { broadRole } from "./no-broad-role";
import { broadScope } from "./no-grant-above-resource-group";

/** Keeps in sight what `[broad: <reason>]` let through: a warning for each, which stops nothing. */
export const acceptedBroadGrant: ResourceRule = {
  name: "accepted-broad-grant",
  description: "Grants that are broad on purpose, with the reason that was given.",
  url: "https://learn.microsoft.com/azure/role-based-access-control/best-practices",
  enforcementLevel: "advisory",
  check: (resource) => {
    const accepted = broadReason(resource.properties);
    if (accepted === undefined || accepted === UNKNOWN) return [];
    return [...broadRole(resource), ...broadScope(resource)].map((violation) => ({ ...violation, accepted }));
  },
};
