import { sendPatiently } from "../../components/dynamic/patient-request";
import { loginRefused, SqlFailure, withSqlSession } from "../../components/dynamic/sql-session";
import { keptOut } from "../../components/propagation/touch";
import type { Try } from "./attempt-plan";

/** What came of trying. */
export interface Outcome {
  /** "unknown" when network rules or trouble kept the question from being answered. */
  outcome: "allowed" | "refused" | "unknown";
  /** In the service's own words: "403 ForbiddenByRbac". */
  answer: string;
}

/** Tries it with a token for the service. Never throws, and never says what was read. */
export async function makeAttempt(attempt: Try, token: string): Promise<Outcome> {
  try {
    return attempt.over === "http" ? await tryHttp(attempt, token) : await trySql(attempt, token);
  } catch (error) {
    return { outcome: "unknown", answer: (error as Error).message || "no answer" };
  }
}

async function tryHttp(
  { method, url, headers, body }: Extract<Try, { over: "http" }>,
  token: string,
): Promise<Outcome> {
  const response = await sendPatiently({
    method,
    url,
    headers: { ...headers, authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body }),
  });
  const { status } = response;
  const codes = [...response.body.matchAll(/"code":\s*"(\w+)"/g)].map(([, code]) => code);
  const code = response.headers["x-ms-error-code"] ?? codes.at(-1) ?? "";
  const answer = `${status} ${code}`.trim();
  // What is not there may be asked for by those who would be allowed to have it.
  if (status < 300 || status === 404 || status === 412) return { outcome: "allowed", answer };
  if (status !== 403) return { outcome: "unknown", answer };
  return { outcome: keptOut.test(`${code} ${response.body}`) ? "unknown" : "refused", answer };
}

async function trySql(
  { server, databaseName, permission }: Extract<Try, { over: "sql" }>,
  token: string,
): Promise<Outcome> {
  try {
    return await withSqlSession({ server, databaseName, token }, async (session) => {
      if (permission === "CONNECT") return { outcome: "allowed", answer: "logged in" };
      const [row] = await session.query(
        `SELECT HAS_PERMS_BY_NAME(NULL, 'DATABASE', '${permission}') AS allowed`,
      );
      return row?.allowed === 1
        ? { outcome: "allowed", answer: `${permission} held` }
        : { outcome: "refused", answer: `${permission} not held` };
    });
  } catch (error) {
    if (!(error instanceof SqlFailure) || error.number === undefined) throw error;
    const answer = `error ${error.number}`;
    return { outcome: error.number === loginRefused ? "refused" : "unknown", answer };
  }
}
