import * as secrets from "./secret-operations";

/** One of the data plane's operations and the data action that it needs. */
export interface Route {
  method: string;
  pattern: RegExp;
  /** @see https://learn.microsoft.com/azure/role-based-access-control/permissions/security#microsoftkeyvault */
  action: string;
  run(request: secrets.SecretRequest): secrets.SecretResponse;
}

const dataAction = (name: string) => `Microsoft.KeyVault/vaults/secrets/${name}`;

const all = /^\/secrets\/?$/i;
const versions = /^\/secrets\/(?<name>[^/]+)\/versions\/?$/i;
const one = /^\/secrets\/(?<name>[^/]+)\/?$/i;
const oneVersion = /^\/secrets\/(?<name>[^/]+)\/(?<version>[^/]+)\/?$/i;
const allDeleted = /^\/deletedsecrets\/?$/i;
const oneDeleted = /^\/deletedsecrets\/(?<name>[^/]+)\/?$/i;
const recovered = /^\/deletedsecrets\/(?<name>[^/]+)\/recover\/?$/i;

/** The first that fits answers. */
export const routes: Route[] = [
  { method: "GET", pattern: all, action: dataAction("readMetadata/action"), run: secrets.list },
  { method: "GET", pattern: versions, action: dataAction("readMetadata/action"), run: secrets.listVersions },
  { method: "GET", pattern: one, action: dataAction("getSecret/action"), run: secrets.get },
  { method: "GET", pattern: oneVersion, action: dataAction("getSecret/action"), run: secrets.get },
  { method: "PUT", pattern: one, action: dataAction("setSecret/action"), run: secrets.set },
  { method: "PATCH", pattern: oneVersion, action: dataAction("update/action"), run: secrets.update },
  { method: "PATCH", pattern: one, action: dataAction("update/action"), run: secrets.update },
  { method: "DELETE", pattern: one, action: dataAction("delete"), run: secrets.remove },
  { method: "GET", pattern: allDeleted, action: dataAction("readMetadata/action"), run: secrets.listDeleted },
  { method: "GET", pattern: oneDeleted, action: dataAction("readMetadata/action"), run: secrets.getDeleted },
  { method: "POST", pattern: recovered, action: dataAction("recover/action"), run: secrets.recover },
  { method: "DELETE", pattern: oneDeleted, action: dataAction("purge/action"), run: secrets.purge },
];
