import * as authorization from "@pulumi/azure-native/authorization";
import * as pulumi from "@pulumi/pulumi";

/** Who runs the program. */
export interface Deployer {
  objectId: string;
  /** The application (client) id of a service principal; of a person, the one of the tool they log in with. */
  clientId: string;
  tenantId: string;
  subscriptionId: string;
  principalType: "ServicePrincipal" | "User";
}

/** The claims of an access token; the signature is for whoever accepts the token to check. */
export function principalTypeOf(token: string): Deployer["principalType"] {
  const payload = token.split(".")[1] ?? "";
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Record<string, unknown>;
  // Tokens of a person carry delegated scopes; an application's say idtyp "app" and carry none.
  return claims.idtyp === "user" || "scp" in claims ? "User" : "ServicePrincipal";
}

/**
 * Asks the azure-native provider who it is logged in as. Known at preview.
 *
 * @param options the parent, from which the provider is taken
 */
export function deployer(options: pulumi.InvokeOutputOptions): pulumi.Output<Deployer> {
  const config = authorization.getClientConfigOutput(options);
  const token = authorization.getClientTokenOutput({}, options);
  const principalType = token.token.apply(principalTypeOf);
  return pulumi.unsecret(
    pulumi.all([config, principalType]).apply(([client, type]) => ({
      objectId: client.objectId,
      clientId: client.clientId,
      tenantId: client.tenantId,
      subscriptionId: client.subscriptionId,
      principalType: type,
    })),
  );
}
