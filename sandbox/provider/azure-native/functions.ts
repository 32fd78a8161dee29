import type { PlainObject, PropertyMap } from "../values";
import { toPlain } from "../values";
import type { OperationContext } from "./resource-operations";
import { armId, inResourceGroup, names, type ResourceType } from "./resource-type";
import { resourceTypes } from "./resource-types";
import { outputsOf } from "./translation";

/** A function of the SDK that asks ARM for an action on a resource. */
interface ActionFunction {
  token: string;
  path: string;
  apiVersion: string;
  /** Arguments that go into the query. */
  query: readonly string[];
}

const cluster = `${inResourceGroup}/Microsoft.ContainerService/managedClusters/{resourceName}`;

const actions: ActionFunction[] = [
  {
    token: "azure-native:containerservice:listManagedClusterUserCredentials",
    path: `${cluster}/listClusterUserCredential`,
    apiVersion: "2025-09-01",
    query: ["format", "server-fqdn"],
  },
  {
    token: "azure-native:containerservice:listManagedClusterAdminCredentials",
    path: `${cluster}/listClusterAdminCredential`,
    apiVersion: "2025-09-01",
    query: ["server-fqdn"],
  },
];

/** What can be looked up and not made. */
const lookups: ResourceType[] = [
  {
    token: "azure-native:authorization:RoleDefinition",
    path: "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
    apiVersion: "2022-05-01-preview",
    naming: "uuid",
    inputs: {},
    outputs: {
      properties: names(
        "roleName description permissions assignableScopes createdBy createdOn updatedBy updatedOn",
      ),
    },
  },
];

const actionsByToken = new Map(actions.map((action) => [action.token, action]));
const getters = new Map(
  [...resourceTypes, ...lookups].map((type) => {
    const [packageName, module, name] = type.token.split(":");
    return [`${packageName}:${module}:get${name}`, type];
  }),
);

/** The tokens of all functions that ask ARM. */
export const functionTokens: readonly string[] = [...actionsByToken.keys(), ...getters.keys()];

const queryArgument = (parameter: string) => (parameter === "server-fqdn" ? "serverFqdn" : parameter);

/** Calls a function of the SDK. @throws Error when the table has no such function, or nothing was found */
export async function callFunction(
  token: string,
  args: PropertyMap,
  context: OperationContext,
): Promise<PropertyMap> {
  const inputs = toPlain(args);
  const action = actionsByToken.get(token);
  if (action !== undefined) {
    const query: Record<string, string> = { "api-version": action.apiVersion };
    for (const parameter of action.query) {
      const value = inputs[queryArgument(parameter)];
      if (typeof value === "string") query[parameter] = value;
    }
    const path = armId(action.path, context.subscriptionId, inputs);
    return (await context.arm.post(path, query, {}, context.signal)) as PropertyMap;
  }
  const type = getters.get(token);
  if (type === undefined) throw new Error(`The sandbox does not know the function '${token}'.`);
  const id = armId(type.path, context.subscriptionId, inputs);
  const response: PlainObject | undefined = await context.arm.get(id, type.apiVersion, context.signal);
  if (response === undefined) throw new Error(`request failed ${id}: there is no such resource.`);
  return { ...outputsOf(type, response), id: response.id ?? id };
}
