import type { TokenCredential } from "@azure/identity";
import type { HttpRequest } from "../dynamic/http";
import { sendPatiently } from "../dynamic/patient-request";

const resourceManager = "https://management.azure.com";
const graph = "https://graph.microsoft.com";

/** What Azure shows to whoever runs the command. */
export interface AzureReader {
  /** The object id of whoever that is. */
  objectId(): Promise<string | undefined>;
  /** A resource, undefined when there is none. @throws AzureRefused */
  get<T>(id: string, apiVersion: string): Promise<T | undefined>;
  /** All pages of a list, undefined when what it belongs to is not there. @throws AzureRefused */
  list<T>(path: string, apiVersion: string): Promise<T[] | undefined>;
  /** All pages of a list of Microsoft Graph's: "/applications/…", likewise. @throws AzureRefused */
  listOfGraph<T>(path: string): Promise<T[] | undefined>;
  /** An action that changes nothing. @throws AzureRefused */
  post<T>(path: string, apiVersion: string): Promise<T>;
  /** Those of the object ids that the directory knows; undefined when the directory may not be asked. */
  existingPrincipals(objectIds: readonly string[]): Promise<Set<string> | undefined>;
}

/** Azure did not answer a question with what was asked for. */
export class AzureRefused extends Error {
  constructor(path: string, status: number, body: string) {
    const code = /"code":\s*"([\w.]+)"/.exec(body)?.[1] ?? "";
    super(`Azure answered ${`${status} ${code}`.trim()} for ${path}`);
    this.name = "AzureRefused";
  }
}

/** @see https://learn.microsoft.com/graph/api/directoryobject-getbyids */
const idsInOneQuestion = 1000;

export function createAzureReader(credential: TokenCredential): AzureReader {
  const authorization = async (resource: string) => {
    const token = await credential.getToken(`${resource}/.default`);
    if (!token) throw new Error(`There is no login for ${resource}.`);
    return token.token;
  };
  const call = async (request: HttpRequest, resource: string) =>
    sendPatiently({
      ...request,
      headers: {
        authorization: `Bearer ${await authorization(resource)}`,
        "content-type": "application/json",
      },
    });
  const address = (path: string, apiVersion: string) =>
    `${resourceManager}${path}${path.includes("?") ? "&" : "?"}api-version=${apiVersion}`;

  async function pages<T>(path: string, first: string, resource: string): Promise<T[] | undefined> {
    const found: T[] = [];
    for (let url: string | undefined = first; url !== undefined; ) {
      const { status, body } = await call({ method: "GET", url }, resource);
      if (status === 404) return undefined;
      if (status !== 200) throw new AzureRefused(path, status, body);
      const page = JSON.parse(body) as { value: T[]; nextLink?: string; "@odata.nextLink"?: string };
      found.push(...page.value);
      url = page.nextLink ?? page["@odata.nextLink"];
    }
    return found;
  }

  return {
    objectId: async () => {
      const payload = (await authorization(resourceManager)).split(".")[1] ?? "";
      return (JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as { oid?: string }).oid;
    },
    get: async <T>(id: string, apiVersion: string) => {
      const { status, body } = await call({ method: "GET", url: address(id, apiVersion) }, resourceManager);
      if (status === 404) return undefined;
      if (status !== 200) throw new AzureRefused(id, status, body);
      return JSON.parse(body) as T;
    },
    list: (path, apiVersion) => pages(path, address(path, apiVersion), resourceManager),
    listOfGraph: (path) => pages(path, `${graph}/v1.0${path}`, graph),
    post: async <T>(path: string, apiVersion: string) => {
      const { status, body } = await call(
        { method: "POST", url: address(path, apiVersion) },
        resourceManager,
      );
      if (status !== 200) throw new AzureRefused(path, status, body);
      return JSON.parse(body) as T;
    },
    existingPrincipals: async (objectIds) => {
      const existing = new Set<string>();
      try {
        for (let start = 0; start < objectIds.length; start += idsInOneQuestion) {
          const ids = objectIds.slice(start, start + idsInOneQuestion);
          const url = `${graph}/v1.0/directoryObjects/getByIds?$select=id`;
          const { status, body } = await call({ method: "POST", url, body: JSON.stringify({ ids }) }, graph);
          if (status !== 200) return undefined;
          for (const { id } of (JSON.parse(body) as { value: { id: string }[] }).value) existing.add(id);
        }
      } catch {
        // Reading the directory takes a permission that deploying does not.
        return undefined;
      }
      return existing;
    },
  };
}
