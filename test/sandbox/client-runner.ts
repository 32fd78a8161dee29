/** Runs in a process of its own: calls the functions of the module that it is given, as its parent asks. */
const [modulePath] = process.argv.slice(2);
const functions: Record<string, (...args: unknown[]) => unknown> = require(modulePath!);

process.on("message", async ({ id, name, args }: { id: number; name: string; args: unknown[] }) => {
  try {
    const call = functions[name];
    if (!call) throw new Error(`${modulePath} exports no function '${name}'.`);
    process.send?.({ id, result: await call(...args) });
  } catch (error) {
    process.send?.({ id, failure: describe(error) });
  }
});
process.on("disconnect", () => process.exit());

function describe(thrown: unknown) {
  const error = (thrown instanceof Error ? thrown : new Error(String(thrown))) as Error & {
    statusCode?: number;
    code?: string | number;
    response?: { bodyAsText?: string };
    errorResponse?: unknown;
  };
  return {
    name: error.name,
    message: error.message,
    ...(typeof error.statusCode === "number" ? { statusCode: error.statusCode } : {}),
    ...(error.code === undefined ? {} : { code: String(error.code) }),
    ...(error.response?.bodyAsText === undefined
      ? { body: error.errorResponse }
      : { body: parse(error.response.bodyAsText) }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
