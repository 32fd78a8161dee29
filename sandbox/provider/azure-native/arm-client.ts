import { setTimeout as sleep } from "node:timers/promises";
import type { PlainObject } from "../values";
import type { AzureClient } from "./azure-client";
import {
  type AzureRequest,
  AzureRequestError,
  type AzureResponse,
  azureErrorOf,
  retryAfter,
} from "./azure-request";

const endpoint = "https://management.azure.com";
export const armScope = `${endpoint}/.default`;

/** Azure Resource Manager, with its long-running operations followed to their end. */
export interface ArmClient {
  /** Undefined when there is none. @throws AzureRequestError */
  get(id: string, apiVersion: string, signal: AbortSignal): Promise<PlainObject | undefined>;
  /**
   * Makes the resource as `body` says, and answers with what ARM said of it in the end, if it did.
   * @throws AzureRequestError, or UnfinishedError once it was accepted
   */
  put(
    id: string,
    apiVersion: string,
    body: PlainObject,
    signal: AbortSignal,
  ): Promise<PlainObject | undefined>;
  /** Succeeds too when there is none. @throws AzureRequestError */
  delete(id: string, apiVersion: string, signal: AbortSignal): Promise<void>;
  /** Asks for an action: `…/listClusterUserCredential`. @throws AzureRequestError */
  post(
    path: string,
    query: Record<string, string>,
    body: PlainObject,
    signal: AbortSignal,
  ): Promise<PlainObject>;
}

/** ARM accepted a resource and did not finish it: it exists, and is not as asked. */
export class UnfinishedError extends Error {
  constructor(override readonly cause: Error) {
    super(cause.message);
    this.name = "UnfinishedError";
  }
}

/** Between two looks at an operation that does not say how long to wait, in milliseconds: longer each time. */
const firstPollDelay = 50;
const longestPollDelay = 5_000;

/** How long a PUT may be in conflict with itself: a new AKS cluster takes the longest. */
const ownConflictPatience = 10 * 60_000;

const finished = new Set(["succeeded", "failed", "canceled", "cancelled"]);

const isObject = (value: unknown): value is PlainObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function header(response: AzureResponse, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === "string" && value !== "" ? new URL(value, endpoint).href : undefined;
}

function provisioningState(response: AzureResponse): string {
  const properties = isObject(response.body) ? response.body.properties : undefined;
  const state = isObject(properties) ? properties.provisioningState : undefined;
  return typeof state === "string" ? state.toLowerCase() : "succeeded";
}

function failureOf(status: string, response: AzureResponse): AzureRequestError {
  const failure = azureErrorOf(response);
  return failure.code === ""
    ? new AzureRequestError(response.status, "OperationFailed", `The operation ended as '${status}'.`)
    : failure;
}

export function createArmClient(client: AzureClient): ArmClient {
  const url = (id: string, query: Record<string, string>) => `${endpoint}${id}?${new URLSearchParams(query)}`;
  const look = (address: string, signal: AbortSignal) =>
    client.send({ method: "GET", url: address, scope: armScope }, signal);

  /** Looks until `isOver`, as often as the answers ask for. */
  async function poll(
    first: AzureResponse,
    address: string,
    signal: AbortSignal,
    isOver: (response: AzureResponse) => boolean,
  ): Promise<AzureResponse> {
    await sleep(retryAfter(first) ?? 0, undefined, { signal });
    for (let delay = firstPollDelay; ; delay = Math.min(delay * 2, longestPollDelay)) {
      const response = await look(address, signal);
      if (isOver(response)) return response;
      await sleep(retryAfter(response) ?? delay, undefined, { signal });
    }
  }

  /**
   * Follows an asynchronous operation: by its own status, by its result's location, or by the resource's
   * provisioning state. The answer is undefined when it says nothing about the resource itself.
   * @see https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
   */
  async function follow(
    accepted: AzureResponse,
    resourceUrl: string,
    signal: AbortSignal,
  ): Promise<AzureResponse | undefined> {
    const operation = header(accepted, "azure-asyncoperation");
    if (operation !== undefined) {
      const statusOf = (response: AzureResponse) =>
        isObject(response.body) && typeof response.body.status === "string" ? response.body.status : "Failed";
      const ended = await poll(
        accepted,
        operation,
        signal,
        (response) => response.status >= 400 || finished.has(statusOf(response).toLowerCase()),
      );
      if (ended.status >= 400 || statusOf(ended).toLowerCase() !== "succeeded") {
        throw failureOf(statusOf(ended), ended);
      }
      return undefined;
    }
    const location = header(accepted, "location");
    if (location !== undefined && accepted.status === 202) {
      const ended = await poll(accepted, location, signal, (response) => response.status !== 202);
      if (ended.status >= 400) throw azureErrorOf(ended);
      return ended;
    }
    if (finished.has(provisioningState(accepted)) || accepted.status === 204) return accepted;
    const settled = await poll(
      accepted,
      resourceUrl,
      signal,
      (response) => response.status >= 400 || finished.has(provisioningState(response)),
    );
    if (settled.status >= 400) throw azureErrorOf(settled);
    if (provisioningState(settled) !== "succeeded") throw failureOf(provisioningState(settled), settled);
    return settled;
  }

  /**
   * Sends a PUT. One whose answer was lost may be in conflict with itself when it is sent again: what the first
   * began is waited for then.
   */
  async function write(message: AzureRequest, signal: AbortSignal): Promise<AzureResponse> {
    const deadline = Date.now() + ownConflictPatience;
    let answerWasLost = false;
    for (let delay = firstPollDelay; ; delay = Math.min(delay * 2, longestPollDelay)) {
      const response = await client.send(message, signal);
      answerWasLost ||= response.mayRepeat;
      if (response.status !== 409 || !answerWasLost || Date.now() > deadline) return response;
      await sleep(retryAfter(response) ?? delay, undefined, { signal });
    }
  }

  async function get(id: string, apiVersion: string, signal: AbortSignal): Promise<PlainObject | undefined> {
    const response = await look(url(id, { "api-version": apiVersion }), signal);
    if (response.status === 404) return undefined;
    if (response.status >= 400) throw azureErrorOf(response);
    return isObject(response.body) && Object.keys(response.body).length > 0 ? response.body : undefined;
  }

  return {
    get,
    async put(id, apiVersion, body, signal) {
      const address = url(id, { "api-version": apiVersion });
      const accepted = await write({ method: "PUT", url: address, body, scope: armScope }, signal);
      if (accepted.status >= 400) throw azureErrorOf(accepted);
      try {
        const ended = await follow(accepted, address, signal);
        return isObject(ended?.body) ? ended.body : undefined;
      } catch (error) {
        throw new UnfinishedError(error instanceof Error ? error : new Error(String(error)));
      }
    },
    async delete(id, apiVersion, signal) {
      const address = url(id, { "api-version": apiVersion });
      const accepted = await client.send({ method: "DELETE", url: address, scope: armScope }, signal);
      if (accepted.status === 404) return;
      if (accepted.status >= 400) throw azureErrorOf(accepted);
      try {
        await follow(accepted, address, signal);
      } catch (error) {
        if (!(error instanceof AzureRequestError && error.status === 404)) throw error;
      }
    },
    async post(path, query, body, signal) {
      const response = await client.send(
        { method: "POST", url: url(path, query), body, scope: armScope },
        signal,
      );
      if (response.status >= 400) throw azureErrorOf(response);
      return isObject(response.body) ? response.body : {};
    },
  };
}
