import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { AzureError } from "../../core/azure-error";
import { readBody } from "../../core/request-body";
import { badRequest, invalidValue } from "./errors";

const bodyLimitBytes = 256 * 1024;

/**
 * The body of a request, as `schema` reads it.
 *
 * @param type what the body describes: "Application"
 * @throws AzureError 400 Request_BadRequest, and 415 for a body that does not say that it is JSON
 */
export async function parseBody<T>(request: IncomingMessage, schema: z.ZodType<T>, type: string): Promise<T> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new AzureError(415, "Request_UnsupportedMediaType", "The body of the request must be JSON.");
  }
  const bytes = await readBody(request, bodyLimitBytes);
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new AzureError(400, "BadRequest", "Unable to read JSON request payload.");
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === "unrecognized_keys") throw badRequest(`Invalid property '${issue.keys[0]}'.`);
  if (issue === undefined || issue.path.length === 0) throw badRequest("Write requests must have a payload.");
  throw invalidValue(issue.path.join("."), type);
}

/** A text of a limited length, or nothing. */
export const text = (longest: number) => z.string().max(longest).nullable();
export const guid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
