import { randomUUID } from "node:crypto";
import { z } from "zod";
import { AzureError } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import { type Application, type ApplicationFederatedCredential, putApplication } from "../applications";
import { invalidValue, notFound } from "./errors";
import { text } from "./request-body";

/** https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations#general-federated-identity-credential-considerations */
const mostCredentials = 20;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$/;
const field = z.string().min(1).max(600);

/** @see https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
export const credentialChange = z.strictObject({
  name: z.string().optional(),
  issuer: field.optional(),
  subject: field.optional(),
  audiences: z.array(field).length(1).optional(),
  description: text(600).optional(),
});

export type CredentialChange = z.infer<typeof credentialChange>;

const type = "FederatedIdentityCredential";
const invalid = (message: string) => new AzureError(400, "InvalidFederatedIdentityCredentialValue", message);

export const credentialObject = ({ visibleAt, ...credential }: ApplicationFederatedCredential) => ({
  description: null,
  ...credential,
});

/** By id or by name. @throws AzureError 404 Request_ResourceNotFound */
export function findCredential(application: Application, key: string): ApplicationFederatedCredential {
  const name = /^name='(.+)'$/i.exec(key)?.[1] ?? key;
  const found = application.federatedCredentials.find(
    (credential) => credential.id === key.toLowerCase() || credential.name === name,
  );
  if (!found) throw notFound(key);
  return found;
}

/** @throws AzureError 400 for values that cannot be, 409 for a name that is taken */
export function addCredential(
  context: SandboxContext,
  application: Application,
  change: CredentialChange,
): ApplicationFederatedCredential {
  const { name, issuer, subject, audiences } = change;
  if (name === undefined || !namePattern.test(name)) throw invalidValue("name", type);
  if (issuer === undefined) throw invalidValue("issuer", type);
  if (subject === undefined) throw invalidValue("subject", type);
  if (audiences === undefined) throw invalidValue("audiences", type);
  if (application.federatedCredentials.some((one) => one.name === name)) {
    throw new AzureError(
      409,
      "Request_MultipleObjectsWithSameKeyValue",
      `FederatedIdentityCredential with name ${name} already exists.`,
    );
  }
  if (application.federatedCredentials.length >= mostCredentials) {
    // Which code Graph answers with was not to be found.
    throw new AzureError(
      403,
      "Directory_QuotaExceeded",
      `An application can have ${mostCredentials} federated identity credentials and no more.`,
    );
  }
  const { description } = change;
  return store(context, application, {
    id: randomUUID(),
    name,
    issuer,
    subject,
    audiences,
    ...(typeof description === "string" ? { description } : {}),
    visibleAt: 0,
  });
}

/** @throws AzureError 400 for values that cannot be; a name cannot be changed */
export function changeCredential(
  context: SandboxContext,
  application: Application,
  credential: ApplicationFederatedCredential,
  change: CredentialChange,
): ApplicationFederatedCredential {
  if (change.name !== undefined && change.name !== credential.name) throw invalidValue("name", type);
  const { description, ...rest } = { ...credential, ...change };
  return store(context, application, {
    ...(rest as ApplicationFederatedCredential),
    ...(typeof description === "string" ? { description } : {}),
  });
}

export function removeCredential(
  context: SandboxContext,
  application: Application,
  credential: ApplicationFederatedCredential,
): void {
  putApplication(context.store, { ...application, federatedCredentials: without(application, credential) });
}

const without = ({ federatedCredentials }: Application, { id }: { id: string }) =>
  federatedCredentials.filter((credential) => credential.id !== id);

function store(
  context: SandboxContext,
  application: Application,
  credential: ApplicationFederatedCredential,
): ApplicationFederatedCredential {
  const { issuer, subject } = credential;
  const others = without(application, credential);
  if (!/^https?:\/\//.test(issuer) || !URL.canParse(issuer)) throw invalidValue("issuer", type);
  if (others.some((other) => other.issuer === issuer && other.subject === subject)) {
    throw invalid(
      "The combination of issuer and subject must be unique for the application. " +
        `Issuer ${issuer} and Subject: ${subject} already exist.`,
    );
  }
  const stored = { ...credential, visibleAt: context.faults.visibleAt("federatedCredential") };
  putApplication(context.store, { ...application, federatedCredentials: [...others, stored] });
  const now = context.clock.now();
  context.journal.wrote({
    method: "POST",
    id: `/applications/${application.objectId}/federatedIdentityCredentials/${stored.id}`,
    type: "Microsoft.Graph/federatedIdentityCredentials",
    startedAt: now,
    completedAt: now,
    effectiveAt: stored.visibleAt,
  });
  return stored;
}
