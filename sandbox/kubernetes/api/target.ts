import type { Kind } from "../kinds";
import { reviewKinds } from "../kinds";
import { type ClusterRuntime, kindsOf } from "../runtime";
import { unknownPath } from "../status";

/** What a request's path names. */
export interface Target {
  kind: Kind;
  namespace?: string | undefined;
  name?: string | undefined;
  subresource?: string | undefined;
}

/** Reads a resource's path: `/apis/apps/v1/namespaces/shop/deployments/orders/status`. @throws ApiError 404 */
export function targetOf(runtime: ClusterRuntime, pathname: string): Target {
  const steps = segments(pathname);
  const [root, ...rest] = steps;
  const [group, version, ...path] = root === "api" ? ["", ...rest] : root === "apis" ? rest : [];
  if (group === undefined || version === undefined || path.length === 0) throw unknownPath();
  const kinds = [...kindsOf(runtime), ...reviewKinds].filter(
    (kind) => kind.group === group && kind.version === version,
  );
  const within = path[0] === "namespaces" && path.length >= 3 ? path[1] : undefined;
  const inNamespace =
    within !== undefined && kinds.find((kind) => kind.plural === path[2] && kind.namespaced);
  if (inNamespace) return { kind: inNamespace, namespace: within, name: path[3], ...deeper(path.slice(4)) };
  const kind = kinds.find((one) => one.plural === path[0]);
  if (!kind || (kind.namespaced && path.length > 1)) throw unknownPath();
  const isNamespace = kind.plural === "namespaces" && kind.group === "";
  return { kind, name: path[1], ...(isNamespace && { namespace: path[1] }), ...deeper(path.slice(2)) };
}

const deeper = (rest: string[]) => (rest.length > 0 ? { subresource: rest.join("/") } : {});

function segments(pathname: string): string[] {
  try {
    return pathname.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    throw unknownPath();
  }
}
