import { SecretClient } from "@azure/keyvault-secrets";
import { bearer } from "./bearer";

interface Call {
  vault: string;
  token: string;
  name: string;
}

const clientOf = ({ vault, token }: { vault: string; token: string }) =>
  new SecretClient(`https://${vault}.vault.azure.net`, bearer(token), { retryOptions: { maxRetries: 0 } });

/** The SDK keeps the response's body in `details`. */
function withBody(error: Error & { details?: unknown }): never {
  throw Object.assign(error, { errorResponse: error.details });
}

export async function set({ name, value, ...call }: Call & { value: string }) {
  const { properties } = await clientOf(call)
    .setSecret(name, value, { tags: { team: "shop" } })
    .catch(withBody);
  return { version: properties.version!, tags: properties.tags };
}

export async function get({ name, version, ...call }: Call & { version?: string }) {
  const options = version === undefined ? {} : { version };
  const { value, properties } = await clientOf(call).getSecret(name, options).catch(withBody);
  return { value, enabled: properties.enabled, recoveryLevel: properties.recoveryLevel, id: properties.id };
}

/** Names page by page. */
export async function list({ pageSize, ...call }: Omit<Call, "name"> & { pageSize: number }) {
  const pages: string[][] = [];
  for await (const page of clientOf(call).listPropertiesOfSecrets().byPage({ maxPageSize: pageSize })) {
    pages.push(page.map(({ name }) => name));
  }
  return pages;
}

export async function listVersions({ name, ...call }: Call) {
  const versions: string[] = [];
  for await (const { version } of clientOf(call).listPropertiesOfSecretVersions(name))
    versions.push(version!);
  return versions;
}

export async function disable({ name, ...call }: Call) {
  return (await clientOf(call).updateSecretProperties(name, "", { enabled: false })).enabled;
}

export async function setDates({
  name,
  notBefore,
  expires,
  ...call
}: Call & { notBefore: number; expires: number }) {
  const changes = { notBefore: new Date(notBefore), expiresOn: new Date(expires) };
  const after = await clientOf(call).updateSecretProperties(name, "", changes);
  return [after.notBefore?.getTime(), after.expiresOn?.getTime()];
}

export async function remove({ name, ...call }: Call) {
  const poller = await clientOf(call).beginDeleteSecret(name, { intervalInMs: 10 });
  const { recoveryId, scheduledPurgeDate, deletedOn } = (await poller.pollUntilDone()).properties as {
    recoveryId?: string;
    scheduledPurgeDate?: Date;
    deletedOn?: Date;
  };
  const days = (scheduledPurgeDate!.getTime() - deletedOn!.getTime()) / 86_400_000;
  return { recoveryId, days };
}

export async function listDeleted(call: Omit<Call, "name">) {
  const names: string[] = [];
  for await (const { name } of clientOf(call).listDeletedSecrets()) names.push(name);
  return names;
}

export async function recover({ name, ...call }: Call) {
  return (await (await clientOf(call).beginRecoverDeletedSecret(name, { intervalInMs: 10 })).pollUntilDone())
    .name;
}

export async function purge({ name, ...call }: Call) {
  await clientOf(call).purgeDeletedSecret(name);
}
