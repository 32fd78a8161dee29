import { v5 as uuidv5 } from "uuid";
import { type Check, check } from "../core/errors";
import { isValidName, nameRules } from "../core/naming";
import type { AppRegistrationArgs, ServiceAccountReference } from "./app-registration";
import {
  checkCredentialFields,
  credentialName,
  isMadeAnew,
  serviceAccountSubject,
} from "./federated-credential";
import { maxFederatedCredentials } from "./user-assigned-identity";

/** The name space of this library's role and scope ids; a random UUID, fixed for ever. */
const nameSpace = "0b6a0c5e-6d0f-4f0b-9b53-2f5f0ad51c0e";

/** The id of a role or scope: the same value always gives the same, so that two environments agree. */
export const permissionId = (value: string): string => uuidv5(value, nameSpace);

/** Namespaces and ServiceAccounts have no underscores, and credentials' names no periods. */
export const credentialEnding = ({ namespace, serviceAccount }: ServiceAccountReference): string =>
  `${namespace}_${serviceAccount.replaceAll(".", "_")}`;

const permissionValue = (longest: number) => ({
  pattern: new RegExp(`^[A-Za-z0-9_:/-][A-Za-z0-9._:/-]{0,${longest - 1}}$`),
  allowed: `1 to ${longest} letters, digits, '.', '_', ':', '/' or '-', not beginning with '.'`,
});
/** @see https://learn.microsoft.com/graph/api/resources/approle */
const roleValue = permissionValue(250);
/** @see https://learn.microsoft.com/graph/api/resources/permissionscope */
const scopeValue = permissionValue(120);

const firstTwice = (values: readonly string[]) =>
  values.find((value, index) => values.indexOf(value) !== index);

function text(argument: string, got: string, longest: number): Check {
  const holds = got.trim() !== "" && got.length <= longest;
  return { argument, holds, allowed: `1 to ${longest} characters`, got };
}

/**
 * Everything that Entra would refuse, as far as it is known in the program.
 *
 * @throws ArgumentError for the first argument that cannot work
 */
export function checkAppRegistration(
  component: string,
  args: AppRegistrationArgs & { displayName: string },
): void {
  const { appRoles = [], scopes = [], serviceAccounts = [], trusts = [] } = args;
  const permissions = [
    ...appRoles.map((role) => ({ ...role, argument: "appRoles", rule: roleValue })),
    ...scopes.map((scope) => ({ ...scope, argument: "scopes", rule: scopeValue })),
  ];
  const twice = firstTwice(permissions.map(({ value }) => value));
  const credentialNames = [...serviceAccounts.map(credentialEnding), ...trusts.map(({ name }) => name)];
  const anew = serviceAccounts.filter(({ cluster }) => isMadeAnew(cluster)).length;
  const credentialTwice = firstTwice(credentialNames);
  const tokenTwice = firstTwice(trusts.map(({ issuer, subject }) => `${issuer} ${subject}`));
  check(component, [
    text("displayName", args.displayName, 256),
    ...permissions.flatMap(({ argument, rule, value, description, displayName }) => [
      { argument, holds: rule.pattern.test(value), allowed: rule.allowed, got: value },
      text(`${argument} ${value}: description`, description, 1000),
      text(`${argument} ${value}: displayName`, displayName ?? value.slice(0, 100), 100),
    ]),
    {
      argument: "appRoles and scopes",
      holds: twice === undefined,
      allowed: "of different values",
      got: twice,
    },
    ...appRoles.map(({ value, allowedMemberTypes }) => ({
      argument: `appRoles ${value}: allowedMemberTypes`,
      holds: allowedMemberTypes === undefined || allowedMemberTypes.length > 0,
      allowed: "Application, User or both",
      got: allowedMemberTypes,
    })),
    {
      argument: "serviceAccounts and trusts",
      holds: credentialNames.length + anew <= maxFederatedCredentials,
      allowed:
        `at most ${maxFederatedCredentials}` +
        (anew > 0 ? ", where those of a cluster made anew count twice, old and new" : ""),
      got: credentialNames.length + anew,
    },
    {
      argument: "serviceAccounts and trusts",
      holds: credentialTwice === undefined,
      allowed: "of different names",
      got: credentialTwice,
    },
    {
      argument: "trusts",
      holds: tokenTwice === undefined,
      allowed: "unique in issuer and subject",
      got: tokenTwice,
    },
    ...credentialNames.map((ending) => ({
      argument: "serviceAccounts and trusts",
      holds: isValidName("federatedCredential", credentialName(ending, "", "")),
      allowed: `${nameRules.federatedCredential.allowed}, with "fc-" before it and a hash after it`,
      got: ending,
    })),
    ...serviceAccounts.flatMap(({ namespace, serviceAccount }) =>
      checkCredentialFields({ subject: serviceAccountSubject(namespace, serviceAccount) }),
    ),
    ...trusts.flatMap(({ issuer, subject }) => checkCredentialFields({ issuer, subject })),
  ]);
}
