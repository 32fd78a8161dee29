import type { Provider } from "../resource-type";
import { authorization } from "./authorization";
import { containerRegistry } from "./container-registry";
import { containerService } from "./container-service";
import { keyVault } from "./key-vault";
import { managedIdentity } from "./managed-identity";
import { resources } from "./resources";
import { sql } from "./sql";
import { storage } from "./storage";

/** All resource providers that the sandbox plays. */
export const providers: readonly Provider[] = [
  resources,
  managedIdentity,
  authorization,
  keyVault,
  storage,
  sql,
  containerRegistry,
  containerService,
];
