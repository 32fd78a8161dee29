import type { IncomingMessage } from "node:http";
import { AzureError } from "./azure-error";

/**
 * The whole body of a request.
 *
 * @throws AzureError 413 RequestEntityTooLarge when it has more than `limitBytes`
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // The connection stays open on failure, so that the client is told what is wrong.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) {
      request.resume();
      throw new AzureError(
        413,
        "RequestEntityTooLarge",
        `The request's body may have ${limitBytes} bytes and has more.`,
        { headers: { connection: "close" } },
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
