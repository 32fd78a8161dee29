import { createHash } from "node:crypto";

/** What Azure allows as the name of a kind of resource, and the abbreviation that our names begin with. */
export interface NameRule {
  abbreviation: string;
  minLength: number;
  maxLength: number;
  pattern: RegExp;
  /** What the pattern says, in words. */
  allowed: string;
  /** Joins the parts of a name; empty where Azure takes letters and digits only. */
  separator: "-" | "";
  /** The name must be free in the whole of Azure, so it ends in a hash of subscription, project and stack. */
  global: boolean;
}

/**
 * @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
 * @see https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-abbreviations
 */
export const nameRules = {
  resourceGroup: {
    abbreviation: "rg",
    minLength: 1,
    maxLength: 90,
    pattern: /^[\p{L}\p{N}_().-]*[\p{L}\p{N}_()-]$/u,
    allowed: "1 to 90 letters, digits, '_', '-', '.', '(' or ')', not ending in a period",
    separator: "-",
    global: false,
  },
  userAssignedIdentity: {
    abbreviation: "id",
    minLength: 3,
    maxLength: 128,
    pattern: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
    allowed: "3 to 128 letters, digits, '_' or '-', beginning with a letter or digit",
    separator: "-",
    global: false,
  },
  federatedCredential: {
    abbreviation: "fc",
    minLength: 3,
    maxLength: 120,
    pattern: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
    allowed: "3 to 120 letters, digits, '_' or '-', beginning with a letter or digit",
    separator: "-",
    global: false,
  },
  keyVault: {
    abbreviation: "kv",
    minLength: 3,
    maxLength: 24,
    pattern: /^[A-Za-z](?!.*--)[A-Za-z0-9-]*[A-Za-z0-9]$/,
    allowed:
      "3 to 24 letters, digits or '-', beginning with a letter, ending in a letter or digit, without '--'",
    separator: "-",
    global: true,
  },
  keyVaultSecret: {
    abbreviation: "",
    minLength: 1,
    maxLength: 127,
    pattern: /^[A-Za-z0-9-]+$/,
    allowed: "1 to 127 letters, digits or '-'",
    separator: "-",
    global: false,
  },
  storageAccount: {
    abbreviation: "st",
    minLength: 3,
    maxLength: 24,
    pattern: /^[a-z0-9]+$/,
    allowed: "3 to 24 lower-case letters or digits",
    separator: "",
    global: true,
  },
  blobContainer: {
    abbreviation: "",
    minLength: 3,
    maxLength: 63,
    pattern: /^[a-z0-9](?!.*--)[a-z0-9-]*[a-z0-9]$/,
    allowed: "3 to 63 lower-case letters, digits or '-', not beginning or ending in '-', without '--'",
    separator: "-",
    global: false,
  },
  sqlServer: {
    abbreviation: "sql",
    minLength: 1,
    maxLength: 63,
    pattern: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    allowed: "1 to 63 lower-case letters, digits or '-', not beginning or ending in '-'",
    separator: "-",
    global: true,
  },
  sqlDatabase: {
    abbreviation: "sqldb",
    minLength: 1,
    maxLength: 128,
    pattern: /^[^<>*%&:\\/?]*[^<>*%&:\\/?. ]$/,
    allowed: "1 to 128 characters other than <>*%&:\\/?, not ending in a period or space",
    separator: "-",
    global: false,
  },
  registry: {
    abbreviation: "cr",
    minLength: 5,
    maxLength: 50,
    pattern: /^[A-Za-z0-9]+$/,
    allowed: "5 to 50 letters or digits",
    separator: "",
    global: true,
  },
  cluster: {
    abbreviation: "aks",
    minLength: 1,
    maxLength: 63,
    pattern: /^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$/,
    allowed: "1 to 63 letters, digits, '_' or '-', beginning and ending with a letter or digit",
    separator: "-",
    global: false,
  },
} as const satisfies Record<string, NameRule>;

export type NamedKind = keyof typeof nameRules;

/** Whether Azure takes `name` for a resource of this kind. */
export function isValidName(kind: NamedKind, name: string): boolean {
  const rule = nameRules[kind];
  return name.length >= rule.minLength && name.length <= rule.maxLength && rule.pattern.test(name);
}

/** Where a name stands: the same place always gives the same name. */
export interface NamingScope {
  subscriptionId: string;
  project: string;
  /** The stack, which is the environment: "dev". */
  stack: string;
}

const hashLength = 6;

/** Six characters of base 32: two names in a thousand environments collide once in a million. */
export function shortHash(text: string): string {
  const digits = "abcdefghijklmnopqrstuvwxyz234567";
  const bytes = createHash("sha256").update(text).digest();
  return [...bytes.subarray(0, hashLength)].map((byte) => digits[byte % 32]).join("");
}

/**
 * The name of a resource: abbreviation, `name` and environment and, where it must be unique in the whole of
 * Azure, a hash of subscription, project, environment and name. What is too long is cut in `name`, not in the
 * hash, and then the hash is added to any kind of name, so that two long names never become one.
 */
export function azureName(kind: NamedKind, name: string, scope: NamingScope): string {
  const rule: NameRule = nameRules[kind];
  const clean = (part: string) =>
    part
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter((word) => word !== "")
      .join(rule.separator);
  const hash = shortHash([scope.subscriptionId, scope.project, scope.stack, kind, name].join("/"));
  const join = (middle: string, ending: string[]) =>
    [rule.abbreviation, middle, ...ending].filter((part) => part !== "").join(rule.separator);

  const environment = clean(scope.stack);
  const plain = join(clean(name), rule.global ? [environment, hash] : [environment]);
  if (plain.length <= rule.maxLength) return plain;
  const room = rule.maxLength - join("", [hash]).length - rule.separator.length;
  const middle = clean(`${name}-${scope.stack}`).slice(0, room).replace(/-+$/, "");
  return join(middle, [hash]);
}
