import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { broadPermission } from "../../components";
import { isBroadRole } from "../../components/core/broad-role";
import { principalTypeOf } from "../../components/core/deployer";
import { ArgumentError } from "../../components/core/errors";
import { azureName, isValidName, type NamedKind, nameRules } from "../../components/core/naming";
import { describeAccess, roleAssignmentName } from "../../components/core/role-assignment";
import { roleCatalogue } from "../../components/core/role-catalogue";
import { addressRange } from "../../components/resources/sql-server";
import { freeVaultName } from "../../components/resources/vault-name-provider";
import { builtInRolesJson, readRoles } from "../../scripts/make-role-catalogue";

describe("the role catalogue", () => {
  it("is what the role data makes it", () => {
    const file = readFileSync(join(__dirname, "../../components/core/built-in-roles.json"), "utf8");
    expect(file).toBe(builtInRolesJson(readRoles()));
  });

  it("holds every role of the data but the broad ones", () => {
    const roles = readRoles();
    const broad = roles.filter(isBroadRole);
    expect(Object.keys(roleCatalogue)).toHaveLength(roles.length - broad.length);
    for (const role of broad) expect(roleCatalogue).not.toHaveProperty([role.roleName]);
    expect(broad.map(({ roleName }) => roleName)).toEqual(
      expect.arrayContaining([
        "Owner",
        "Contributor",
        "User Access Administrator",
        "Role Based Access Control Administrator",
      ]),
    );
  });

  it.each([
    ["*", true],
    ["*/write", true],
    ["*/read", false],
    ["Microsoft.Authorization/*", true],
    ["Microsoft.Authorization/*/read", false],
    ["Microsoft.Authorization/roleAssignments/write", true],
    ["Microsoft.Sql/servers/*", false],
  ])("finds %s broad: %s", (action, expected) => {
    const permission = { actions: [action], notActions: [], dataActions: [], notDataActions: [] };
    expect(isBroadRole({ name: "", roleName: "", permissions: [permission] })).toBe(expected);
  });
});

describe("names", () => {
  const kinds = Object.keys(nameRules).filter((kind) => nameRules[kind as NamedKind].abbreviation !== "");
  const kind = fc.constantFrom(...(kinds as NamedKind[]));
  const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,60}$/);
  const scope = fc.record({
    subscriptionId: fc.uuid(),
    project: label,
    stack: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,30}$/),
  });

  it("are always what Azure allows", () => {
    fc.assert(
      fc.property(kind, label, scope, (which, name, place) => {
        const made = azureName(which, name, place);
        expect(isValidName(which, made), `${which} ${made}`).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("are the same in every run and differ between subscriptions where Azure has only one", () => {
    fc.assert(
      fc.property(kind, label, scope, fc.uuid(), (which, name, place, otherSubscription) => {
        const made = azureName(which, name, place);
        expect(azureName(which, name, { ...place })).toBe(made);
        if (nameRules[which].global && otherSubscription !== place.subscriptionId) {
          expect(azureName(which, name, { ...place, subscriptionId: otherSubscription })).not.toBe(made);
        }
      }),
    );
  });

  it("stay apart when they are cut", () => {
    const place = { subscriptionId: "s", project: "p", stack: "dev" };
    const long = "a-very-long-name-of-a-workload";
    expect(azureName("keyVault", `${long}-1`, place)).not.toBe(azureName("keyVault", `${long}-2`, place));
  });

  it("make way for a deleted vault", () => {
    expect(freeVaultName("kv-app-dev-abcdef", [])).toBe("kv-app-dev-abcdef");
    expect(freeVaultName("kv-app-dev-abcdef", ["KV-app-dev-abcdef"])).toBe("kv-app-dev-abcdef-2");
    expect(freeVaultName("kv-app-dev-abcdef", ["kv-app-dev-abcdef", "kv-app-dev-abcdef-2"])).toBe(
      "kv-app-dev-abcdef-3",
    );
    fc.assert(
      fc.property(
        label.filter((name) => isValidName("keyVault", name)),
        fc.integer({ min: 0, max: 30 }),
        (base, count) => {
          const deleted: string[] = [];
          for (let generation = 0; generation < count; generation++)
            deleted.push(freeVaultName(base, deleted));
          const next = freeVaultName(base, deleted);
          expect(deleted).not.toContain(next);
          expect(isValidName("keyVault", next), next).toBe(true);
        },
      ),
    );
  });
});

describe("role assignments", () => {
  it("have the same name for the same scope, role and principal, in whatever case", () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.uuid(),
        fc.stringMatching(/^(\/[a-zA-Z]{1,8}){1,6}$/),
        (role, principal, scope) => {
          const name = roleAssignmentName(scope, role, principal);
          expect(name).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
          expect(roleAssignmentName(`${scope.toUpperCase()}/`, role.toUpperCase(), principal)).toBe(name);
          expect(roleAssignmentName(scope, principal, role) === name).toBe(role === principal);
        },
      ),
    );
  });

  it("say whose intent they serve, and why a broad role is needed", () => {
    const intent = { name: "n", intent: "run the landing zone", scope: "/subscriptions/s" };
    expect(describeAccess({ ...intent, role: "AcrPull" }, "workload orders")).toBe(
      "workload orders: run the landing zone",
    );
    const broad = broadPermission({ ...intent, roleDefinitionGuid: "g", reason: "it creates groups" });
    expect(describeAccess(broad, "pipeline")).toBe(
      "[broad: it creates groups] pipeline: run the landing zone",
    );
    expect(() => broadPermission({ ...intent, roleDefinitionGuid: "g", reason: "because" })).toThrow(
      /'reason'/,
    );
  });
});

describe("small things", () => {
  it.each([
    [{ idtyp: "app" }, "ServicePrincipal"],
    [{ idtyp: "user" }, "User"],
    [{ scp: "user_impersonation" }, "User"],
    [{}, "ServicePrincipal"],
  ])("a token with %j is of a %s", (claims, expected) => {
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    expect(principalTypeOf(`header.${payload}.signature`)).toBe(expected);
  });

  it.each([
    ["203.0.113.7", ["203.0.113.7", "203.0.113.7"]],
    ["203.0.113.77/24", ["203.0.113.0", "203.0.113.255"]],
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255"]],
    ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255"]],
  ])("the range %s is %j", (range, expected) => {
    expect(addressRange(range)).toEqual(expected);
  });

  it("an argument's error shows what is long by its length", () => {
    const error = new ArgumentError("Component c", "a", "short", "x".repeat(500));
    expect(error.message.length).toBeLessThan(200);
    expect(error.message).toContain("(502 characters)");
  });
});
