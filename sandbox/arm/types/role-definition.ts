import { AzureError } from "../../core/azure-error";
import type { ArmCall } from "../arm-call";
import { defined, type JsonObject, objectIn, objectsIn, textIn, textsIn } from "../json";
import { invalidFilter, parseFilter } from "../odata-filter";
import { listResources, resourceKey, type StoredResource } from "../resource";
import type { ResourceType, Write } from "../resource-type";
import { builtInRoles, findRole, type RoleDefinition } from "../role-definitions";

const type = "Microsoft.Authorization/roleDefinitions";
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A role as ARM shows it, beneath the scope through which it was asked for. */
function asResource(role: RoleDefinition, scope: string): StoredResource {
  const { name, roleName, roleType, description, assignableScopes, permissions } = role;
  return {
    body: {
      id: `${scope}/providers/${type}/${name}`,
      name,
      type,
      properties: {
        roleName,
        type: roleType,
        description,
        assignableScopes,
        permissions: permissions.map((permission) => defined({ ...permission })),
      },
    },
  };
}

/** Roles belong to the subscription, whatever beneath it they are looked up through. */
const shownScope = (scope: string) => /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";

function customRoles({ context }: ArmCall): RoleDefinition[] {
  return listResources(context.store, "/")
    .filter(({ body }) => body.type === type)
    .flatMap(({ body }) => findRole(context.store, body.name) ?? []);
}

function list(call: ArmCall): StoredResource[] {
  const filter = call.query.get("$filter") ?? "";
  let roles = [...builtInRoles().values(), ...customRoles(call)];
  for (const term of filter === "" ? [] : parseFilter(filter)) {
    if (term.kind === "call" && ["atscope", "atscopeandbelow"].includes(term.name)) continue;
    if (term.kind !== "eq" || !["rolename", "type"].includes(term.field)) throw invalidFilter(filter);
    roles = roles.filter(
      (role) =>
        (term.field === "type" ? role.roleType : role.roleName).toLowerCase() === term.value.toLowerCase(),
    );
  }
  const scope = shownScope(call.path.scope);
  return roles
    .map((role) => asResource(role, scope))
    .sort((a, b) => (resourceKey(a.body.id) < resourceKey(b.body.id) ? -1 : 1));
}

function readPermission(permission: JsonObject): JsonObject {
  return {
    actions: textsIn(permission, "actions") ?? [],
    notActions: textsIn(permission, "notActions") ?? [],
    dataActions: textsIn(permission, "dataActions") ?? [],
    notDataActions: textsIn(permission, "notDataActions") ?? [],
  };
}

/** A custom role. @see https://learn.microsoft.com/azure/role-based-access-control/custom-roles */
function write(write: Write): StoredResource {
  const { call, name } = write;
  if (builtInRoles().has(name.toLowerCase())) {
    throw new AzureError(
      400,
      "RoleDefinitionUpdateNotPermitted",
      "Built-in roles are not allowed to be updated.",
    );
  }
  const properties = objectIn(write.body, "properties");
  const roleName = textIn(properties, "roleName");
  const assignableScopes = textsIn(properties, "assignableScopes");
  const permissions = objectsIn(properties, "permissions");
  if (!roleName || !assignableScopes?.length || !permissions?.length) {
    throw new AzureError(
      400,
      "InvalidRoleDefinition",
      "A custom role must have a role name, permissions and assignable scopes.",
    );
  }
  const named = [...builtInRoles().values(), ...customRoles(call)].find(
    (role) => role.roleName.toLowerCase() === roleName.toLowerCase() && role.name !== name,
  );
  if (named) {
    throw new AzureError(
      409,
      "RoleDefinitionWithSameNameExists",
      `A custom role with the same name already exists in this directory. Use a different name. Role '${roleName}' has the ID '${named.name}'.`,
    );
  }
  return {
    body: {
      id: `${shownScope(call.path.scope)}/providers/${type}/${name}`,
      name,
      type,
      properties: {
        roleName,
        type: "CustomRole",
        description: textIn(properties, "description") ?? "",
        assignableScopes,
        permissions: permissions.map(readPermission),
      },
    },
  };
}

function find({ context, path }: ArmCall): StoredResource | undefined {
  const role = findRole(context.store, path.names[0] ?? "");
  return role && asResource(role, shownScope(path.scope));
}

export const roleDefinition: ResourceType = {
  type,
  apiVersions: ["2022-05-01-preview", "2022-04-01", "2018-07-01", "2018-01-01-preview", "2015-07-01"],
  level: "extension",
  methods: ["PUT", "DELETE"],
  checkName: (name) => {
    if (!guid.test(name)) {
      throw new AzureError(400, "InvalidRoleDefinitionId", `The role definition ID '${name}' is not valid.`);
    }
  },
  find,
  list,
  write,
  remove: ({ context }, { body }) => {
    if (builtInRoles().has(body.name.toLowerCase())) {
      throw new AzureError(
        400,
        "RoleDefinitionUpdateNotPermitted",
        "Built-in roles are not allowed to be deleted.",
      );
    }
    if (hasAssignments(context.store, body.name)) {
      throw new AzureError(
        400,
        "RoleDefinitionHasAssignments",
        "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).",
      );
    }
  },
  deleteShowsBody: true,
};

function hasAssignments(store: ArmCall["context"]["store"], roleName: string): boolean {
  return listResources(store, "/").some(
    ({ body }) =>
      body.type === "Microsoft.Authorization/roleAssignments" &&
      String(body.properties.roleDefinitionId).toLowerCase().endsWith(`/${roleName.toLowerCase()}`),
  );
}
