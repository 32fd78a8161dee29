import { z } from "zod";
import { guid, text } from "./request-body";

const anything = z.record(z.string(), z.json());
const things = z.array(anything).max(1000);

const appRole = z.strictObject({
  id: guid,
  /** https://learn.microsoft.com/graph/api/resources/approle */
  value: z
    .string()
    .regex(/^[^\s.][^\s]{0,249}$/)
    .nullish()
    .transform((value) => value ?? null),
  displayName: z.string().min(1).max(100),
  description: z.string().min(1).max(1000),
  allowedMemberTypes: z.array(z.enum(["User", "Application"])).min(1),
  isEnabled: z.boolean().default(true),
  origin: z.string().optional(),
});

const optionalText = (longest: number) =>
  text(longest)
    .optional()
    .transform((value) => value ?? null);

const permissionScope = z.strictObject({
  id: guid,
  /** https://learn.microsoft.com/graph/api/resources/permissionscope */
  value: z
    .string()
    .regex(/^[^\s.][^\s]{0,119}$/)
    .nullable(),
  type: z.enum(["User", "Admin"]).default("User"),
  isEnabled: z.boolean().default(true),
  adminConsentDisplayName: optionalText(100),
  adminConsentDescription: optionalText(1000),
  userConsentDisplayName: optionalText(100),
  userConsentDescription: optionalText(1000),
  origin: z.string().optional(),
});

/** What an application can be made or changed with. @see https://learn.microsoft.com/graph/api/resources/application */
export const applicationChange = z.strictObject({
  displayName: z.string().min(1).max(256).optional(),
  identifierUris: z.array(z.string().min(1).max(255)).max(50).optional(),
  appRoles: z.array(appRole).max(1200).optional(),
  api: z
    .strictObject({
      requestedAccessTokenVersion: z.union([z.literal(1), z.literal(2)]).nullable(),
      oauth2PermissionScopes: z.array(permissionScope).max(1200),
      knownClientApplications: z.array(guid),
      preAuthorizedApplications: things,
      acceptMappedClaims: z.boolean().nullable(),
    })
    .partial()
    .optional(),
  description: text(1024).optional(),
  notes: text(1024).optional(),
  signInAudience: z
    .enum([
      "AzureADMyOrg",
      "AzureADMultipleOrgs",
      "AzureADandPersonalMicrosoftAccount",
      "PersonalMicrosoftAccount",
    ])
    .optional(),
  tags: z.array(z.string().min(1).max(256)).optional(),
  groupMembershipClaims: text(256).optional(),
  isDeviceOnlyAuthSupported: z.boolean().nullish(),
  isFallbackPublicClient: z.boolean().nullish(),
  serviceManagementReference: text(256).optional(),
  optionalClaims: anything.nullish(),
  requiredResourceAccess: things.optional(),
  info: anything.optional(),
  publicClient: anything.optional(),
  spa: anything.optional(),
  web: anything.optional(),
});

export type ApplicationChange = z.infer<typeof applicationChange>;
