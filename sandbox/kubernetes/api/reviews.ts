import type { User } from "../authentication";
import { access } from "../authorization";
import { at, recordAt } from "../object";
import type { ClusterRuntime } from "../runtime";
import { notImplemented } from "../status";

/** Answers a caller's question about itself: who it is (`kubectl auth whoami`), what it may do (`kubectl auth can-i`). */
export function answerReview(
  runtime: ClusterRuntime,
  user: User,
  kind: string,
  review: Record<string, unknown>,
): unknown {
  if (kind === "SelfSubjectReview") {
    const { name, uid, groups, objectId } = user;
    const userInfo = {
      username: name,
      ...(uid && { uid }),
      groups,
      ...(objectId && { extra: { oid: [objectId] } }),
    };
    return { ...review, kind, apiVersion: "authentication.k8s.io/v1", status: { userInfo } };
  }
  const attributes = recordAt(review, "spec", "resourceAttributes");
  if (at(review, "spec", "nonResourceAttributes") !== undefined)
    throw notImplemented("nonResourceAttributes");
  const text = (field: string) => (attributes[field] ? String(attributes[field]) : undefined);
  const { allowed, reason } = access(runtime, user, {
    verb: text("verb") ?? "",
    kind: { group: text("group") ?? "", plural: text("resource") ?? "" },
    subresource: text("subresource"),
    namespace: text("namespace"),
    name: text("name"),
  });
  return {
    ...review,
    kind,
    apiVersion: "authorization.k8s.io/v1",
    status: { allowed, ...(reason && { reason }) },
  };
}
