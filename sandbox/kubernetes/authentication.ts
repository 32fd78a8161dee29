import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { decodeJwt } from "jose";
import { TokenRejected } from "../entra/tokens";
import type { AzureSide } from "./azure-side";
import type { Cluster } from "./cluster";
import type { ClusterRuntime } from "./runtime";
import { aksServerApplicationId } from "./server-application";
import { verifyServiceAccountToken } from "./service-account-tokens";
import { unauthorized } from "./status";

/** Who is calling, as Kubernetes sees it. */
export interface User {
  name: string;
  uid?: string;
  groups: string[];
  /** The object id of a caller from Entra. */
  objectId?: string;
}

/** @throws ApiError 401 without a token that the cluster accepts */
export async function authenticate(runtime: ClusterRuntime, request: IncomingMessage): Promise<User> {
  const [, token] = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined) throw unauthorized();
  return issuerOf(token) === runtime.cluster.issuerUrl
    ? serviceAccount(runtime, token)
    : authenticateWithAzure(runtime, token);
}

/**
 * Who a token speaks for that is none of the cluster's own: the administrator that AKS made, or somebody from Entra.
 * @throws ApiError 401
 */
export async function authenticateWithAzure(side: AzureSide, token: string): Promise<User> {
  if (isLocalAdmin(side.cluster, token)) {
    return { name: "masterclient", groups: ["system:masters", "system:authenticated"] };
  }
  return entra(side, token);
}

function isLocalAdmin({ localAdminToken }: Cluster, token: string): boolean {
  if (localAdminToken === undefined) return false;
  const [known, given] = [localAdminToken, token].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(known!, given!);
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

async function serviceAccount(runtime: ClusterRuntime, token: string): Promise<User> {
  const { namespace, name, uid } = await verifyServiceAccountToken(runtime, token);
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}

async function entra({ context, cluster }: AzureSide, token: string): Promise<User> {
  if (!cluster.entra) throw unauthorized();
  const claims = await context.tokens
    .verify(token, [aksServerApplicationId, `spn:${aksServerApplicationId}`])
    .catch((error: unknown) => {
      throw error instanceof TokenRejected ? unauthorized() : error;
    });
  const groups = (claims as { groups?: unknown }).groups;
  return {
    name: claims.oid,
    groups: [...(Array.isArray(groups) ? groups.map(String) : []), "system:authenticated"],
    objectId: claims.oid,
  };
}
