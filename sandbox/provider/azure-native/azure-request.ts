import type { PlainObject, PlainValue } from "../values";

/** Who asks for the sandbox's resources and through which proxy. */
export interface AzureAccess {
  /** The sandbox's proxy: `http://127.0.0.1:41000`. */
  proxyUrl: string;
  /** The sandbox's certificate authority, as PEM. */
  caCertificate: string;
  /** A fresh access token of the deployer for a scope: `https://management.azure.com/.default`. */
  credential(scope: string): Promise<string>;
}

export interface AzureRequest {
  method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** `https://management.azure.com/…?api-version=…` */
  url: string;
  body?: PlainObject;
  /** The scope of the token to send. */
  scope: string;
  /** Makes something new each time that it takes effect, so that it is not sent again when that is not known. */
  makesAnother?: boolean;
}

export interface AzureResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Undefined when the answer has no body, or one that is not JSON. */
  body: PlainValue | undefined;
  /** Whether the request had been sent before, and may have taken effect then. */
  mayRepeat: boolean;
}

/** Nobody knows whether a request took effect. */
export class UncertainError extends Error {
  constructor(override readonly cause: Error) {
    super(cause.message);
    this.name = "UncertainError";
  }
}

/** An answer that means failure, in the words in which azure-native reports it. */
export class AzureRequestError extends Error {
  constructor(
    readonly status: number,
    /** Azure's code: "RoleAssignmentExists"; empty when the answer had none. */
    readonly code: string,
    message: string,
  ) {
    super(`Status=${status} Code="${code}" Message="${message}"`);
    this.name = "AzureRequestError";
  }
}

/** Reads `{"error":{"code","message"}}`, or what is nearest to it. */
export function azureErrorOf(response: AzureResponse): AzureRequestError {
  const body = (response.body ?? {}) as { error?: { code?: unknown; message?: unknown } };
  const { code, message } = body.error ?? (body as { code?: unknown; message?: unknown });
  return new AzureRequestError(
    response.status,
    typeof code === "string" ? code : "",
    typeof message === "string" ? message : "The answer has no message.",
  );
}

/** Milliseconds that an answer asks to wait, whichever way it says so; undefined when it does not. */
export function retryAfter(response: AzureResponse): number | undefined {
  for (const [name, unit] of retryHeaders) {
    const header = response.headers[name];
    if (typeof header !== "string" || header === "") continue;
    const amount = Number(header);
    if (Number.isFinite(amount)) return Math.max(0, amount * unit);
    const date = Date.parse(header);
    if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  }
  return undefined;
}

/** The most precise first, with its unit in milliseconds. */
const retryHeaders = [
  ["retry-after-ms", 1],
  ["x-ms-retry-after-ms", 1],
  ["retry-after", 1000],
] as const;
