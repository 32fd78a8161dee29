import * as keyvault from "@pulumi/azure-native/keyvault";
import * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { isValidName, nameRules } from "../core/naming";
import { type NetworkAccess, networkRules } from "../core/network-access";
import { assignRole } from "../core/role-assignment";
import { KeyVaultAccess, type KeyVaultSecretAccess } from "./key-vault-access";
import { automaticName, checkName, deployerPrincipal, type Placement } from "./resource-group";
import { VaultName } from "./vault-name";

export interface KeyVaultArgs {
  resourceGroup: Placement;
  /** Secrets by name (1 to 127 letters, digits or `-`); the values are kept as Pulumi secrets. */
  secrets?: Record<string, pulumi.Input<string>>;
  /**
   * How long a deleted vault or secret can be recovered, in days: 7 to 90. A change replaces the vault.
   *
   * @default 90
   */
  retentionDays?: number;
  /**
   * Whether nobody, the owner included, can purge before retention ends. It cannot be turned off again.
   *
   * @default true
   */
  purgeProtection?: boolean;
  /** @default "public" */
  network?: NetworkAccess;
  /** @default "standard" */
  sku?: "standard" | "premium";
  /**
   * 3 to 24 letters, digits or `-`, unique in Azure. A change replaces the vault.
   *
   * @default `kv-<name>-<stack>-<hash>`, and `-2`, `-3`… while Azure keeps a deleted vault of that name
   */
  vaultName?: string;
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/**
 * A key vault whose data plane is governed by roles. Where it is given secrets, whoever runs the program may
 * write and delete them.
 *
 * @see https://learn.microsoft.com/azure/key-vault/general/rbac-guide
 */
export class KeyVault extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  /** `https://<name>.vault.azure.net/` */
  readonly uri: pulumi.Output<string>;

  readonly #access: KeyVaultAccess;

  /** @throws ArgumentError when a name or the retention is out of range */
  constructor(name: string, args: KeyVaultArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { resourceGroup, secrets = {}, retentionDays = 90, purgeProtection = true } = args;
    const component = `KeyVault ${name}`;
    checkName(component, "vaultName", "keyVault", args.vaultName);
    check(component, [
      {
        argument: "retentionDays",
        holds: Number.isInteger(retentionDays) && retentionDays >= 7 && retentionDays <= 90,
        allowed: "a whole number from 7 to 90",
        got: retentionDays,
      },
      ...Object.keys(secrets).map((secretName) => ({
        argument: "secrets",
        holds: isValidName("keyVaultSecret", secretName),
        allowed: `named with ${nameRules.keyVaultSecret.allowed}`,
        got: secretName,
      })),
    ]);
    super("azure-keyless:resources:KeyVault", name, {}, options);
    const { publicNetworkAccess, defaultAction, ipRanges } = networkRules(args.network ?? "public");
    const vault = new keyvault.Vault(
      name,
      {
        resourceGroupName: resourceGroup.name,
        location: resourceGroup.location,
        vaultName: args.vaultName ?? this.#freeName(name, resourceGroup),
        properties: {
          tenantId: resourceGroup.deployer.tenantId,
          sku: { family: "A", name: args.sku ?? "standard" },
          enableRbacAuthorization: true,
          enableSoftDelete: true,
          softDeleteRetentionInDays: retentionDays,
          // Azure refuses `false`, even for a new vault: absent is how it is left off.
          ...(purgeProtection ? { enablePurgeProtection: true } : {}),
          enabledForDeployment: false,
          enabledForDiskEncryption: false,
          enabledForTemplateDeployment: false,
          publicNetworkAccess,
          networkAcls: {
            bypass: "None",
            defaultAction,
            ipRules: ipRanges.map((value) => ({ value })),
          },
        },
        ...(args.tags === undefined ? {} : { tags: args.tags }),
      },
      { parent: this, replaceOnChanges: ["properties.softDeleteRetentionInDays"] },
    );
    this.id = vault.id;
    this.name = vault.name;
    this.uri = vault.properties.apply((properties) => properties.vaultUri as string);
    this.#access = new KeyVaultAccess(name, this.id, this.uri);
    // Making a secret takes no data role, but deleting one does.
    const keeper =
      Object.keys(secrets).length === 0
        ? []
        : [
            assignRole(
              `${name}-keeper`,
              {
                access: this.writeSecrets(),
                principal: deployerPrincipal(resourceGroup),
                holder: "deployer",
              },
              { parent: this },
            ),
          ];
    for (const [secretName, value] of Object.entries(secrets)) {
      new keyvault.Secret(
        `${name}-${secretName}`,
        {
          resourceGroupName: resourceGroup.name,
          vaultName: vault.name,
          secretName,
          properties: { value: pulumi.secret(value) },
        },
        // With the vault its secrets go by themselves.
        { parent: this, dependsOn: keeper, deletedWith: vault },
      );
    }
    this.registerOutputs({ id: this.id, name: this.name, uri: this.uri });
  }

  /**
   * The permissions of a vault that another stack owns.
   *
   * @param name what it is called in permissions' names and intents
   * @param id its ARM id, for example an output of the other stack
   */
  static fromId(name: string, id: pulumi.Input<string>): KeyVaultAccess {
    const known = pulumi.output(id);
    const uri = known.apply((text) => `https://${text.split("/").at(-1)}.vault.azure.net/`);
    return new KeyVaultAccess(name, known, uri);
  }

  /** Read all secrets, the later ones too. */
  readSecrets() {
    return this.#access.readSecrets();
  }

  /** Read, write and delete all secrets. */
  writeSecrets() {
    return this.#access.writeSecrets();
  }

  /** One secret: `vault.secret("stripe-key").read()`. */
  secret(secretName: string): KeyVaultSecretAccess {
    return this.#access.secret(secretName);
  }

  #freeName(name: string, { deployer }: Placement): pulumi.Output<string> {
    return new VaultName(
      `${name}-name`,
      { baseName: automaticName("keyVault", name, deployer), subscriptionId: deployer.subscriptionId },
      { parent: this },
    ).vaultName;
  }
}
