import { Namespace } from "@pulumi/kubernetes/core/v1/namespace";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";
import {
  type Access,
  Cluster,
  KeyVault,
  Propagation,
  Registry,
  ResourceGroup,
  type SqlAdministrator,
  SqlServer,
  StorageAccount,
  UserAssignedIdentity,
  Workload,
  WorkloadIdentity,
} from "../components";
import type { AccessRule, Environment } from "./environment-schema";
import { grantsOf } from "./outputs";

/** Makes everything that an environment's configuration asks for, and returns the stack's outputs. */
export function createEnvironment(environment: Environment): Record<string, unknown> {
  const tags = { environment: pulumi.getStack(), "managed-by": "pulumi", ...environment.tags };
  const resourceGroup = new ResourceGroup("environment", { tags });
  const place = { resourceGroup, tags };

  const vaults = mapValues(
    environment.vaults,
    ({ secrets, ...vault }, name) =>
      new KeyVault(name, {
        ...place,
        ...vault,
        secrets: mapValues(secrets, (secret, secretName) =>
          "value" in secret ? secret.value : generate(`${name}-${secretName}`, secret.generate),
        ),
      }),
  );
  const storageAccounts = mapValues(
    environment.storageAccounts,
    (account, name) => new StorageAccount(name, { ...place, ...account }),
  );
  const sqlServers = mapValues(
    environment.sqlServers,
    ({ administrator, ...server }, name) =>
      new SqlServer(name, {
        ...place,
        ...server,
        administrator: administrator ?? deployerAsAdministrator(resourceGroup),
      }),
  );
  const registry = new Registry("images", { ...place, ...environment.registry });
  const { kubernetesVersion, ...clusterSettings } = environment.cluster;
  const cluster = new Cluster("main", {
    ...place,
    ...clusterSettings,
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
    registries: [registry],
  });
  const namespaces = Object.fromEntries(
    [...new Set(Object.values(environment.workloads).map(({ namespace }) => namespace))].map((name) => [
      name,
      new Namespace(name, { metadata: { name } }, { provider: cluster.provider }),
    ]),
  );

  const permissionFor = (rule: AccessRule): Access => {
    switch (rule.to) {
      case "vault": {
        const vault = vaults[rule.vault] as KeyVault;
        if (rule.secret === undefined)
          return rule.can === "read" ? vault.readSecrets() : vault.writeSecrets();
        const secret = vault.secret(rule.secret);
        return rule.can === "read" ? secret.read() : secret.write();
      }
      case "storageAccount": {
        const account = storageAccounts[rule.storageAccount] as StorageAccount;
        const blobs = rule.container === undefined ? account : account.container(rule.container);
        return rule.can === "read" ? blobs.readBlobs() : blobs.writeBlobs();
      }
      case "sqlServer": {
        const server = sqlServers[rule.sqlServer] as SqlServer;
        if (rule.database === undefined) return server.manageServer();
        const database = server.database(rule.database);
        const permissions = {
          read: database.readData,
          write: database.writeData,
          alter: database.alterSchema,
          manage: database.manage,
        };
        return permissions[rule.can]();
      }
    }
  };

  const shared = mapValues(
    groupBy(Object.values(environment.workloads), (workload) => workload.identity),
    (_workloads, name) => new UserAssignedIdentity(name, place),
  );
  const identities = mapValues(
    environment.workloads,
    ({ namespace, serviceAccount, access, identity, trusts }, name) =>
      new WorkloadIdentity(name, {
        ...place,
        cluster,
        namespace,
        ownNamespace: namespaces[namespace] as Namespace,
        trusts,
        access: access.map(permissionFor),
        ...(serviceAccount === undefined ? {} : { serviceAccount }),
        ...(identity === undefined ? {} : { identity: shared[identity] as UserAssignedIdentity }),
      }),
  );
  // One wait for all of them, so that none of the engine's places is held by a wait for one.
  const propagation = new Propagation("workloads", {
    kubeconfig: cluster.kubeconfig,
    proofs: Object.values(identities).map((identity) => identity.proof),
    method:
      "delaySeconds" in environment.propagation
        ? { kind: "delay", ...environment.propagation }
        : { kind: "proof", ...environment.propagation },
  });
  const workloads = mapValues(
    environment.workloads,
    ({ image, replicas, containerPort, servicePort }, name) =>
      new Workload(name, {
        cluster,
        workloadIdentity: identities[name] as WorkloadIdentity,
        propagation,
        image: image.startsWith("/") ? pulumi.interpolate`${registry.loginServer}${image}` : image,
        replicas,
        containerPort,
        servicePort,
      }),
  );

  return {
    resourceGroupId: resourceGroup.id,
    location: resourceGroup.location,
    vaults: mapValues(vaults, ({ id, uri }) => ({ id, uri })),
    storageAccounts: mapValues(storageAccounts, ({ id, blobEndpoint }) => ({ id, blobEndpoint })),
    sqlServers: mapValues(sqlServers, ({ id, fullyQualifiedDomainName }) => ({
      id,
      fullyQualifiedDomainName,
    })),
    registry: { id: registry.id, loginServer: registry.loginServer },
    cluster: { id: cluster.id, issuerUrl: cluster.issuerUrl },
    // It holds no credential, only the way to log in; what AKS hands out is a secret to the provider all the same.
    kubeconfig: pulumi.secret(cluster.kubeconfig),
    workloads: mapValues(workloads, ({ workloadIdentity, address }) => ({
      clientId: workloadIdentity.identity.clientId,
      principalId: workloadIdentity.identity.principalId,
      subject: workloadIdentity.subject,
      address,
    })),
    access: grantsOf(identities),
  };
}

function generate(name: string, length: number): pulumi.Output<string> {
  return new RandomPassword(name, { length, special: false }).result;
}

function deployerAsAdministrator({ deployer }: ResourceGroup): SqlAdministrator {
  return {
    login: deployer.clientId,
    objectId: deployer.objectId,
    principalType: deployer.principalType.apply((type) => (type === "User" ? "User" : "Application")),
  };
}

function mapValues<T, U>(
  record: Record<string, T>,
  convert: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value, key)]));
}

function groupBy<T>(items: T[], keyOf: (item: T) => string | undefined): Record<string, T[]> {
  const groups: Record<string, T[]> = {};
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined) groups[key] = [...(groups[key] ?? []), item];
  }
  return groups;
}
