import type { TokenCredential } from "@azure/identity";

/** A credential that has one token and gives it for everything. */
export const bearer = (token: string): TokenCredential => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
});
