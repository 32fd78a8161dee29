import { maxFederatedCredentials } from "../components/identity/user-assigned-identity";
import type { Problem } from "./config";
import type { AccessRule, Environment } from "./environment-schema";

/** Stands for the cluster's issuer, which is not known before the cluster is. */
const theCluster = "the cluster";

/** What no single value is wrong about: references to nothing, two that must not be the same, too many. */
export function findContradictions(environment: Environment): Problem[] {
  const problems: Problem[] = [];
  const accounts = new Map<string, string>();
  const credentials = new Map<string, Map<string, string>>();
  const rules = new Map<string, Map<string, string>>();
  const databases = new Map<string, Map<string, string>>();

  for (const [name, { namespace, serviceAccount = name, ...rest }] of Object.entries(environment.workloads)) {
    const path = `workloads.${name}`;
    const account = `${namespace}/${serviceAccount}`;
    const other = accounts.get(account);
    if (other !== undefined) {
      problems.push({
        path: `${path}.serviceAccount`,
        allowed: `must differ from that of workload ${other} in the same namespace`,
        found: account,
      });
    }
    accounts.set(account, name);
    problems.push(
      ...rest.access.flatMap((rule, index) => missingTarget(environment, rule, `${path}.access[${index}]`)),
    );
    const identity = rest.identity ?? name;
    if (rest.identity !== undefined && environment.workloads[identity]?.identity === undefined) {
      if (identity in environment.workloads) {
        problems.push({
          path: `${path}.identity`,
          allowed: `must differ from workload ${identity}, which has an identity of its own by that name`,
          found: identity,
        });
      }
    }
    const given = rules.get(identity) ?? new Map<string, string>();
    rules.set(identity, given);
    for (const [index, rule] of rest.access.entries()) {
      const at = `${path}.access[${index}]`;
      const key = JSON.stringify(rule);
      const first = given.get(key);
      if (first !== undefined) {
        problems.push({
          path: at,
          allowed: `must not repeat ${first}, which is of the same identity`,
          found: rule,
        });
      }
      given.set(key, at);
    }
    const elsewhere = databases.get(identity) ?? new Map<string, string>();
    databases.set(identity, elsewhere);
    problems.push(...databasesGivenElsewhere(rest.access, path, elsewhere));
    const held = credentials.get(identity) ?? new Map<string, string>();
    credentials.set(identity, held);
    held.set(`${theCluster} ${account}`, path);
    for (const [index, { issuer, subject }] of rest.trusts.entries()) {
      const at = `${path}.trusts[${index}]`;
      const key = `${issuer} ${subject}`;
      const first = held.get(key);
      if (first !== undefined) {
        problems.push({
          path: at,
          allowed: `must differ in issuer or subject from ${first}, which is of the same identity`,
          found: key,
        });
      }
      held.set(key, at);
    }
  }
  const isMadeAnew = environment.cluster.generation > 1;
  for (const [identity, held] of credentials) {
    const ofCluster = [...held.keys()].filter((key) => key.startsWith(theCluster)).length;
    const count = isMadeAnew ? held.size + ofCluster : held.size;
    if (count > maxFederatedCredentials) {
      const twice = isMadeAnew ? ", where those of a cluster made anew count twice, old and new" : "";
      problems.push({
        path: [...held.values()].at(-1) as string,
        allowed: `must leave identity ${identity} with at most ${maxFederatedCredentials} federated credentials${twice}`,
        found: count,
      });
    }
  }
  return problems;
}

/**
 * An identity has one user in a database, and the first workload that is given something there makes it.
 *
 * @param elsewhere the workloads that make users of the same identity, by database; added to
 */
function databasesGivenElsewhere(
  access: readonly AccessRule[],
  workload: string,
  elsewhere: Map<string, string>,
): Problem[] {
  const problems: Problem[] = [];
  for (const [index, rule] of access.entries()) {
    if (rule.to !== "sqlServer" || rule.database === undefined || rule.can === "manage") continue;
    const key = `${rule.sqlServer}/${rule.database}`;
    const first = elsewhere.get(key) ?? workload;
    elsewhere.set(key, first);
    if (first === workload) continue;
    problems.push({
      path: `${workload}.access[${index}]`,
      allowed: `must stand with ${first}.access, whose identity is the same and has one user in the database`,
      found: rule,
    });
  }
  return problems;
}

function missingTarget(environment: Environment, rule: AccessRule, path: string): Problem[] {
  const oneOf = (names: string[]) =>
    names.length === 0 ? "must be configured first: there is none" : `must be one of ${names.join(", ")}`;
  const missing = (key: string, found: string, names: string[]): Problem[] =>
    names.includes(found) ? [] : [{ path: `${path}.${key}`, allowed: oneOf(names), found }];
  switch (rule.to) {
    case "vault": {
      const absent = missing("vault", rule.vault, Object.keys(environment.vaults));
      if (absent.length > 0 || rule.secret === undefined) return absent;
      return missing("secret", rule.secret, Object.keys(environment.vaults[rule.vault]?.secrets ?? {}));
    }
    case "storageAccount": {
      const absent = missing("storageAccount", rule.storageAccount, Object.keys(environment.storageAccounts));
      if (absent.length > 0 || rule.container === undefined) return absent;
      return missing(
        "container",
        rule.container,
        environment.storageAccounts[rule.storageAccount]?.containers ?? [],
      );
    }
    case "sqlServer": {
      const absent = missing("sqlServer", rule.sqlServer, Object.keys(environment.sqlServers));
      if (absent.length > 0) return absent;
      if (rule.database === undefined) {
        return rule.can === "manage"
          ? []
          : [
              {
                path: `${path}.can`,
                allowed: 'must be "manage" where no database is named',
                found: rule.can,
              },
            ];
      }
      return missing(
        "database",
        rule.database,
        Object.keys(environment.sqlServers[rule.sqlServer]?.databases ?? {}),
      );
    }
  }
}
