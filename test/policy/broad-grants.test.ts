import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UNKNOWN, type Value } from "../../policy/core/resource";
import { acceptedBroadGrant } from "../../policy/rules/accepted-broad-grant";
import { BROAD_ROLES, noBroadRole } from "../../policy/rules/no-broad-role";
import { noGrantAboveResourceGroup } from "../../policy/rules/no-grant-above-resource-group";
import { ids, resourceOf, valid, withProperty } from "./valid-resources";

interface RoleData {
  name: string;
  roleName: string;
  permissions: { actions: string[]; dataActions: string[]; condition: string | null }[];
}

const roles: RoleData[] = JSON.parse(
  readFileSync(new URL("../../data/azure-built-in-roles.json", `file://${__filename}`), "utf8"),
);

test("the broad roles are those that Azure's data shows to be broad", () => {
  const unconditional = roles.filter(
    ({ permissions }) =>
      noBroadRole.check(
        resourceOf("azure-native:authorization:RoleDefinition", {
          // Roles that may grant some roles only carry a condition, which a custom role cannot have.
          permissions: permissions
            .filter(({ condition }) => !condition)
            .map(({ actions, dataActions }) => ({ actions, dataActions })),
        }),
      ).length > 0,
  );
  expect(Object.fromEntries(unconditional.map(({ name, roleName }) => [name, roleName]))).toEqual(
    BROAD_ROLES,
  );
});

describe("the mark [broad: <reason>]", () => {
  const ownerOfSubscription = (description: Value) =>
    withProperty(
      {
        ...valid.roleAssignment,
        properties: {
          ...valid.roleAssignment.properties,
          scope: ids.SUBSCRIPTION,
          roleDefinitionId: `${ids.ROLES}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635`,
        },
      },
      "description",
      description,
    );
  const reported = (description: Value) =>
    [noBroadRole, noGrantAboveResourceGroup].map(
      ({ check }) => check(ownerOfSubscription(description)).length,
    );

  test.each<[Value]>([
    [undefined],
    [null],
    [""],
    ["[broad]"],
    ["[broad:]"],
    ["[broad:   ] because"],
    ["because [broad: of this]"],
    [" [broad: of this]"],
    ["[Broad: of this]"],
    ["[broad: of this"],
    [["[broad: of this]"]],
    [true],
  ])("%j lets nothing through", (description) => {
    expect(reported(description)).toEqual([1, 1]);
    expect(acceptedBroadGrant.check(ownerOfSubscription(description))).toEqual([]);
  });

  test("with a reason both pass, and each is shown with the reason", () => {
    const description = "[broad: creates resource groups for teams ] pipeline";
    expect(reported(description)).toEqual([0, 0]);
    expect(
      acceptedBroadGrant
        .check(ownerOfSubscription(description))
        .map(({ property, found, accepted }) => [property, found, accepted]),
    ).toEqual([
      [
        "roleDefinitionId",
        "Owner (8e3af657-a8ff-443c-a75c-2fe8c4bcb635)",
        "creates resource groups for teams",
      ],
      ["scope", `"${ids.SUBSCRIPTION}", the whole subscription`, "creates resource groups for teams"],
    ]);
  });

  test("a description that is not known yet is waited for", () => {
    expect(reported(UNKNOWN)).toEqual([0, 0]);
  });

  test("a narrow grant with the mark is not shown", () => {
    expect(
      acceptedBroadGrant.check(withProperty(valid.roleAssignment, "description", "[broad: no]")),
    ).toEqual([]);
  });

  test("a custom role takes the mark too", () => {
    const definition = withProperty(valid.roleDefinition, "permissions", [{ actions: ["*"] }]);
    const marked = withProperty(definition, "description", "[broad: break glass]");
    expect([definition, marked].map((role) => noBroadRole.check(role).length)).toEqual([1, 0]);
    expect(acceptedBroadGrant.check(marked).map(({ property }) => property)).toEqual([
      "permissions[0].actions[0]",
    ]);
  });
});
