import { createLocalJWKSet, jwtVerify, SignJWT } from "jose";
import { v4 as uuid } from "uuid";
import { builtInKind } from "./kinds";
import { invalidValue } from "./names";
import { at, isRecord, recordAt, type StoredObject, timestamp } from "./object";
import type { ClusterRuntime } from "./runtime";
import { publicKeys, signingKey } from "./signing-keys";
import { conflict, invalid, notFound, unauthorized } from "./status";

/** Kubernetes' own bounds, in seconds. @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
const shortestLifetime = 600;
const longestLifetime = 2 ** 32;
const defaultLifetime = 3600;

const serviceAccounts = builtInKind("ServiceAccount");
const pods = builtInKind("Pod");
const tokenRequests = {
  ...serviceAccounts,
  group: "authentication.k8s.io",
  kind: "TokenRequest",
  plural: "tokenrequests",
};

/**
 * Answers a TokenRequest for `account` with a signed token.
 * @throws ApiError 422 for a lifetime out of bounds, 404 or 409 for a pod that is not there or another
 */
export async function requestToken(
  runtime: ClusterRuntime,
  account: StoredObject,
  request: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { context, cluster } = runtime;
  const spec = recordAt(request, "spec");
  const { name, namespace } = account.metadata;
  const lifetime = spec.expirationSeconds ?? defaultLifetime;
  checkLifetime(lifetime);
  const audiences = Array.isArray(spec.audiences) && spec.audiences.length > 0 ? spec.audiences : undefined;
  const audience = (audiences ?? [cluster.issuerUrl]).map(String);
  const pod = boundPod(runtime, account, spec.boundObjectRef);

  const issued = Math.floor(context.clock.now() / 1000);
  const { kid, key } = await signingKey(context.store, cluster.guid);
  const claims = {
    "kubernetes.io": {
      namespace,
      ...(pod && { pod: { name: pod.metadata.name, uid: pod.metadata.uid } }),
      serviceaccount: { name, uid: account.metadata.uid },
    },
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", kid })
    .setAudience(audience)
    .setExpirationTime(issued + lifetime)
    .setIssuedAt(issued)
    .setIssuer(cluster.issuerUrl)
    .setJti(uuid())
    .setNotBefore(issued)
    .setSubject(`system:serviceaccount:${namespace}:${name}`)
    .sign(key);
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, creationTimestamp: timestamp(issued * 1000) },
    spec: {
      ...spec,
      audiences: audience,
      expirationSeconds: lifetime,
      boundObjectRef: spec.boundObjectRef ?? null,
    },
    status: { token, expirationTimestamp: timestamp((issued + lifetime) * 1000) },
  };
}

function checkLifetime(seconds: unknown): asserts seconds is number {
  const field = "spec.expirationSeconds";
  if (!Number.isInteger(seconds)) {
    throw invalid(tokenRequests, "", [invalidValue(field, seconds, "must be a whole number of seconds")]);
  }
  if ((seconds as number) < shortestLifetime) {
    throw invalid(tokenRequests, "", [
      invalidValue(field, seconds, "may not specify a duration less than 10 minutes"),
    ]);
  }
  if ((seconds as number) > longestLifetime) {
    throw invalid(tokenRequests, "", [
      invalidValue(field, seconds, "may not specify a duration larger than 2^32 seconds"),
    ]);
  }
}

/** The pod that a token is to live and die with. */
function boundPod(
  runtime: ClusterRuntime,
  account: StoredObject,
  reference: unknown,
): StoredObject | undefined {
  if (!isRecord(reference)) return undefined;
  if (reference.kind !== "Pod") {
    throw invalid(tokenRequests, "", [
      invalidValue("spec.boundObjectRef.kind", reference.kind, "the sandbox binds tokens to pods only"),
    ]);
  }
  const name = String(reference.name ?? "");
  const pod = runtime.objects.get(pods, account.metadata.namespace, name);
  if (!pod) throw notFound(pods, name);
  if (reference.uid && reference.uid !== pod.metadata.uid) {
    throw conflict(
      pods,
      name,
      `the UID in the bound object reference (${String(reference.uid)}) does not match`,
    );
  }
  if (at(pod, "spec", "serviceAccountName") !== account.metadata.name) {
    throw invalid(tokenRequests, "", [
      invalidValue("spec.boundObjectRef", name, "cannot bind token for a pod of another service account"),
    ]);
  }
  return pod;
}

/** Who a ServiceAccount token speaks for. @throws ApiError 401 when it is not a good one for this API server */
export async function verifyServiceAccountToken(
  runtime: ClusterRuntime,
  token: string,
): Promise<{ namespace: string; name: string; uid: string }> {
  const { context, cluster, objects } = runtime;
  const keys = createLocalJWKSet(await publicKeys(context.store, cluster.guid));
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ["RS256"],
    issuer: cluster.issuerUrl,
    audience: cluster.issuerUrl,
    currentDate: new Date(context.clock.now()),
  }).catch(() => {
    throw unauthorized();
  });
  const claims = recordAt(payload, "kubernetes.io");
  const namespace = String(claims.namespace);
  const account = objects.get(serviceAccounts, namespace, String(at(claims, "serviceaccount", "name")));
  if (!account || account.metadata.uid !== at(claims, "serviceaccount", "uid")) throw unauthorized();
  const pod = claims.pod;
  if (isRecord(pod) && objects.get(pods, namespace, String(pod.name))?.metadata.uid !== pod.uid) {
    throw unauthorized();
  }
  return { namespace, name: account.metadata.name, uid: account.metadata.uid };
}
