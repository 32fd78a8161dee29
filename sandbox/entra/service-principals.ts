import type { Store } from "../core/store";

/** What Graph was told of a service principal, beside what the directory knows of it. */
export interface ServicePrincipalSettings {
  /** Nobody gets a token for it who was not given one of its roles. */
  appRoleAssignmentRequired: boolean;
  accountEnabled: boolean;
  /** In sandbox time, as ISO 8601. */
  createdDateTime: string;
  /** Everything else, under Graph's names. */
  otherProperties: Record<string, unknown>;
}

/**
 * A role of an application, as an API, given to a principal.
 *
 * @see https://learn.microsoft.com/graph/api/resources/approleassignment
 */
export interface AppRoleAssignment {
  id: string;
  /** The role's id, or `defaultAccessRoleId`. */
  appRoleId: string;
  /** The object id of who has the role. */
  principalId: string;
  /** The object id of the API's service principal. */
  resourceId: string;
  /** In sandbox time, as ISO 8601. */
  createdDateTime: string;
  /** From when on tokens say so, in milliseconds of sandbox time since the epoch. */
  visibleAt: number;
}

/** Stands for access to an application that declares no roles. */
export const defaultAccessRoleId = "00000000-0000-0000-0000-000000000000";

const settingsTable = "servicePrincipals";
const assignmentsTable = "appRoleAssignments";

export function getSettings(store: Store, objectId: string): ServicePrincipalSettings {
  return (
    store.get(settingsTable, objectId.toLowerCase()) ?? {
      appRoleAssignmentRequired: false,
      accountEnabled: true,
      createdDateTime: new Date(0).toISOString(),
      otherProperties: {},
    }
  );
}

export function putSettings(store: Store, objectId: string, settings: ServicePrincipalSettings): void {
  store.put(settingsTable, objectId.toLowerCase(), settings);
}

/** Forgets what Graph was told of a service principal, and every role that it has or gives. */
export function removeSettings(store: Store, objectId: string): void {
  store.remove(settingsTable, objectId.toLowerCase());
  for (const assignment of listAppRoleAssignments(store)) {
    if (assignment.principalId === objectId || assignment.resourceId === objectId) {
      removeAppRoleAssignment(store, assignment);
    }
  }
}

const keyOf = ({ resourceId, id }: Pick<AppRoleAssignment, "resourceId" | "id">) => `${resourceId}/${id}`;

export function putAppRoleAssignment(store: Store, assignment: AppRoleAssignment): void {
  store.put(assignmentsTable, keyOf(assignment), assignment);
}

export function removeAppRoleAssignment(store: Store, assignment: AppRoleAssignment): void {
  store.remove(assignmentsTable, keyOf(assignment));
}

/** All of them, or those for one API. */
export function listAppRoleAssignments(store: Store, resourceId?: string): AppRoleAssignment[] {
  const prefix = resourceId === undefined ? "" : `${resourceId}/`;
  return store.list<AppRoleAssignment>(assignmentsTable, prefix).map(({ value }) => value);
}
