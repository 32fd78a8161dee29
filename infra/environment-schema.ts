import { z } from "zod";
import { isValidName, type NamedKind, nameRules } from "../components/core/naming";
import { maxCredentialFieldLength } from "../components/identity/federated-credential";

const named = (kind: NamedKind) =>
  z
    .string()
    .refine((name) => isValidName(kind, name), { error: `must be ${nameRules[kind].allowed}` })
    .meta({ pattern: nameRules[kind].pattern.source });

/** The name by which the configuration speaks of a resource; Azure's name is made from it. */
const label = z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, {
  error: "must be 1 to 20 lower-case letters, digits or '-', beginning with a letter",
});

const dnsLabel = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
  error: "must be a DNS label: 1 to 63 lower-case letters, digits or '-', not beginning or ending in '-'",
});

const cidr = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}(\/([12]?\d|3[0-2]))?$/, {
  error: "must be an IPv4 address or range: 203.0.113.0/24",
});

const network = z
  .union([z.enum(["public", "private"]), z.strictObject({ allowedIpRanges: z.array(cidr).min(1) })], {
    error: 'must be "public", "private" or { allowedIpRanges: [...] }',
  })
  .describe("From where the service can be reached");

const days = (least: number, most: number, what: string) =>
  z.int().min(least).max(most).describe(`${what}, in days: ${least} to ${most}`);

const vault = z.strictObject({
  secrets: z
    .record(
      named("keyVaultSecret"),
      z.union(
        [
          z.strictObject({ generate: z.int().min(16).max(128).describe("Length of the generated value") }),
          z.strictObject({
            value: z.string().min(1).describe("Set with `pulumi config set --secret --path`"),
          }),
        ],
        { error: "must be { generate: <16 to 128> } or { value: … }" },
      ),
    )
    .default({})
    .describe("Secrets by name, either generated or from the configuration"),
  retentionDays: days(7, 90, "How long a deleted vault can be recovered").default(90),
  purgeProtection: z.boolean().default(true).describe("Whether nobody can purge before that time"),
  network: network.default("public"),
});

const storageAccount = z.strictObject({
  containers: z.array(named("blobContainer")).default([]),
  hierarchicalNamespace: z.boolean().default(false).describe("Directories, as a Data Lake has them"),
  redundancy: z.enum(["LRS", "ZRS", "GRS", "GZRS", "RAGRS", "RAGZRS"]).default("ZRS"),
  retentionDays: days(1, 365, "How long deleted blobs can be recovered").default(30),
  network: network.default("public"),
});

const sqlServer = z.strictObject({
  administrator: z
    .strictObject({
      login: z.string().min(1),
      objectId: z.guid(),
      principalType: z.enum(["User", "Group", "Application"]),
    })
    .optional()
    .describe(
      "The server's Entra administrator, who makes the users of workloads; whoever runs the program when absent",
    ),
  databases: z
    .record(
      named("sqlDatabase"),
      z.strictObject({
        sku: z.string().min(1).default("S0"),
        backupRedundancy: z.enum(["Local", "Zone", "Geo", "GeoZone"]).default("Zone"),
      }),
    )
    .default({}),
  network: network.default("public"),
});

const registry = z.strictObject({
  sku: z.enum(["Basic", "Standard", "Premium"]).default("Premium"),
  network: network.default("public"),
});

const cluster = z.strictObject({
  kubernetesVersion: z
    .string()
    .regex(/^1\.\d{1,2}(\.\d{1,2})?$/, { error: 'must be a version in quotes: "1.34"' })
    .optional(),
  nodeCount: z.int().min(1).max(1000).default(3),
  nodeSize: z.string().min(1).default("Standard_D4ds_v5"),
  tier: z.enum(["Free", "Standard", "Premium"]).default("Standard"),
  generation: z
    .int()
    .min(1)
    .max(999)
    .default(1)
    .describe("One more makes the cluster anew, moves every workload there, and then removes the old one"),
  network: network.default("public"),
});

const access = z
  .discriminatedUnion(
    "to",
    [
      z.strictObject({
        to: z.literal("vault"),
        vault: label,
        secret: named("keyVaultSecret").optional().describe("One secret; all of the vault's when absent"),
        can: z.enum(["read", "write"]),
      }),
      z.strictObject({
        to: z.literal("storageAccount"),
        storageAccount: label,
        container: named("blobContainer").optional().describe("One container; all when absent"),
        can: z.enum(["read", "write"]),
      }),
      z.strictObject({
        to: z.literal("sqlServer"),
        sqlServer: label,
        database: named("sqlDatabase").optional().describe("One database; the server when absent"),
        can: z
          .enum(["read", "write", "alter", "manage"])
          .describe("Read or write data, alter the schema; or manage it from outside, without seeing data"),
      }),
    ],
    { error: 'must say to what: "vault", "storageAccount" or "sqlServer"' },
  )
  .describe("One thing that the workload may do");

const credentialField = z
  .string()
  .min(1)
  .max(maxCredentialFieldLength)
  .refine((text) => !text.includes("*"), { error: "must have no wildcards" });

const workload = z.strictObject({
  namespace: dnsLabel,
  serviceAccount: dnsLabel.optional().describe("The workload's name when absent"),
  image: z
    .string()
    .min(1)
    .describe("`<repository>:<tag>`; with a leading slash, in the environment's registry"),
  replicas: z.int().min(0).max(1000).default(2),
  containerPort: z.int().min(1).max(65535).default(8080),
  servicePort: z.int().min(1).max(65535).default(80),
  access: z.array(access).default([]),
  identity: label.optional().describe("Shares this identity with other workloads; its own when absent"),
  trusts: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, {
          error: "must be 1 to 40 lower-case letters, digits or '-'",
        }),
        issuer: credentialField.refine((url) => url.startsWith("https://"), {
          error: "must be an https URL",
        }),
        subject: credentialField,
      }),
    )
    .default([])
    .describe("Other tokens that may become the identity: a pipeline's, say"),
});

/** What `azure-keyless:environment` of a stack's configuration may say. */
export const environmentSchema = z.strictObject({
  tags: z.record(z.string(), z.string()).default({}),
  vaults: z.record(label, vault).default({}),
  storageAccounts: z.record(label, storageAccount).default({}),
  sqlServers: z.record(label, sqlServer).default({}),
  registry: registry.prefault({}),
  cluster: cluster.prefault({}),
  workloads: z.record(label, workload).default({}),
  propagation: z
    .union([
      z.strictObject({ deadlineSeconds: z.int().min(1).max(3600) }),
      z.strictObject({ delaySeconds: z.int().min(0).max(3600) }),
    ])
    .default({ deadlineSeconds: 900 })
    .describe("How to wait for identities to work: by proof, with a deadline, or a fixed delay"),
});

export type Environment = z.output<typeof environmentSchema>;
export type AccessRule = Environment["workloads"][string]["access"][number];
