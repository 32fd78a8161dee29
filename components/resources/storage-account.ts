import * as storage from "@pulumi/azure-native/storage";
import * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { isValidName, nameRules } from "../core/naming";
import { type NetworkAccess, networkRules } from "../core/network-access";
import { automaticName, checkName, type Placement } from "./resource-group";
import { type BlobContainerAccess, StorageAccountAccess } from "./storage-account-access";

export interface StorageAccountArgs {
  resourceGroup: Placement;
  /** Containers by name: 3 to 63 lower-case letters, digits or `-`. */
  containers?: string[];
  /**
   * Directories as in a file system, which makes the account a Data Lake. A change replaces the account.
   *
   * @default false
   */
  hierarchicalNamespace?: boolean;
  /** @default "ZRS" */
  redundancy?: "LRS" | "ZRS" | "GRS" | "GZRS" | "RAGRS" | "RAGZRS";
  /**
   * How long deleted blobs and containers can be recovered, in days: 1 to 365.
   *
   * @default 30
   */
  retentionDays?: number;
  /** @default "public" */
  network?: NetworkAccess;
  /**
   * 3 to 24 lower-case letters or digits, unique in Azure. A change replaces the account.
   *
   * @default `st<name><stack><hash>`
   */
  accountName?: string;
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/**
 * A storage account that takes Entra tokens and nothing else: no shared keys, no public blobs, TLS 1.2.
 *
 * @see https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
 */
export class StorageAccount extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  /** `https://<name>.blob.core.windows.net/` */
  readonly blobEndpoint: pulumi.Output<string>;

  readonly #access: StorageAccountAccess;

  /** @throws ArgumentError when a name or the retention is out of range */
  constructor(name: string, args: StorageAccountArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { resourceGroup, containers = [], hierarchicalNamespace = false, retentionDays = 30 } = args;
    const component = `StorageAccount ${name}`;
    checkName(component, "accountName", "storageAccount", args.accountName);
    check(component, [
      {
        argument: "retentionDays",
        holds: Number.isInteger(retentionDays) && retentionDays >= 1 && retentionDays <= 365,
        allowed: "a whole number from 1 to 365",
        got: retentionDays,
      },
      ...containers.map((containerName) => ({
        argument: "containers",
        holds: isValidName("blobContainer", containerName),
        allowed: `named with ${nameRules.blobContainer.allowed}`,
        got: containerName,
      })),
    ]);
    super("azure-keyless:resources:StorageAccount", name, {}, options);
    const { publicNetworkAccess, defaultAction, ipRanges } = networkRules(args.network ?? "public");
    const account = new storage.StorageAccount(
      name,
      {
        resourceGroupName: resourceGroup.name,
        location: resourceGroup.location,
        accountName: args.accountName ?? automaticName("storageAccount", name, resourceGroup.deployer),
        kind: "StorageV2",
        sku: { name: `Standard_${args.redundancy ?? "ZRS"}` },
        isHnsEnabled: hierarchicalNamespace,
        allowSharedKeyAccess: false,
        defaultToOAuthAuthentication: true,
        allowBlobPublicAccess: false,
        allowCrossTenantReplication: false,
        enableHttpsTrafficOnly: true,
        minimumTlsVersion: "TLS1_2",
        publicNetworkAccess,
        networkRuleSet: {
          bypass: "None",
          defaultAction,
          ipRules: ipRanges.map((range) => ({ iPAddressOrRange: range, action: "Allow" })),
        },
        ...(args.tags === undefined ? {} : { tags: args.tags }),
      },
      { parent: this },
    );
    this.id = account.id;
    this.name = account.name;
    this.blobEndpoint = account.primaryEndpoints.apply((endpoints) => endpoints.blob);
    const retention = { enabled: true, days: retentionDays };
    const blobService = new storage.BlobServiceProperties(
      `${name}-blob-service`,
      {
        resourceGroupName: resourceGroup.name,
        accountName: account.name,
        blobServicesName: "default",
        deleteRetentionPolicy: retention,
        containerDeleteRetentionPolicy: retention,
      },
      { parent: this },
    );
    for (const containerName of containers) {
      new storage.BlobContainer(
        `${name}-${containerName}`,
        {
          resourceGroupName: resourceGroup.name,
          accountName: account.name,
          containerName,
          publicAccess: "None",
        },
        { parent: this, dependsOn: [blobService] },
      );
    }
    this.#access = new StorageAccountAccess(name, this.id, this.blobEndpoint);
    this.registerOutputs({ id: this.id, name: this.name, blobEndpoint: this.blobEndpoint });
  }

  /**
   * The permissions of an account that another stack owns.
   *
   * @param name what it is called in permissions' names and intents
   * @param id its ARM id
   */
  static fromId(name: string, id: pulumi.Input<string>): StorageAccountAccess {
    const known = pulumi.output(id);
    const endpoint = known.apply((text) => `https://${text.split("/").at(-1)}.blob.core.windows.net/`);
    return new StorageAccountAccess(name, known, endpoint);
  }

  /** Read and list the blobs of every container, the later ones too. */
  readBlobs() {
    return this.#access.readBlobs();
  }

  /** Read, write and delete the blobs of every container, and make containers. */
  writeBlobs() {
    return this.#access.writeBlobs();
  }

  /** One container: `docs.container("invoices").writeBlobs()`. */
  container(containerName: string): BlobContainerAccess {
    return this.#access.container(containerName);
  }
}
